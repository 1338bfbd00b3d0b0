"""docs/scaling.md: its table is what its arithmetic makes of its inputs."""

import re
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs/scaling.md").read_text("utf-8")
INPUTS = {
    name: float(value) for name, value in re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", TEXT, re.M)
}
FORMULAS = dict(re.findall(r"^\| ([^|`]+) \| `([^`]+)` \|$", TEXT, re.M))
[[*STEPS], *ROWS] = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in re.findall(r"^\|(?: [^|]+ \|){5}$", TEXT, re.M)
]


def number(text):
    return float(text.replace(",", ""))


def test_each_row_has_its_arithmetic():
    """Every row of the table is computed from inputs, and every input is used."""
    assert [row[0] for row in ROWS] == list(FORMULAS)
    used = set(re.findall(r"\b[a-z]\w+", " ".join(FORMULAS.values())))
    assert used == {"streams", *INPUTS}


def test_the_numbers_are_what_the_arithmetic_says():
    """Each number is that of its row's formula, to two digits."""
    for name, *shown in ROWS:
        for streams, value in zip(STEPS[1:], shown, strict=True):
            known = {**INPUTS, "streams": number(streams)}
            exact = eval(FORMULAS[name], {"__builtins__": {}}, known)  # a document of ours
            assert abs(number(value) - exact) <= 0.051 * exact, (name, streams, value, exact)
