"""Find names in the environment that were meant to be settings.

``.env`` contains settings only, so any other name in it is refused. The environment is full of
names of other programs, and a typo in an environment file of systemd or Docker would silently leave
a limit at its default. Therefore a name close to a setting that has no value counts as a typo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .settings import NAMES, TABLE, ConfigError

_DISTINCT = frozenset(row.name for row in TABLE.values() if row.is_distinct)
#: Close to a setting, but well known for something else.
_KNOWN = frozenset({"PASSWORD", "LOGLEVEL", "CLAUDE_SSE_CHECK_HEADER", "CLAUDE_SSE_TEST_ALL"})
_PREFIX = "CLAUDE_SSE_"


def refuse_typos(environ: Mapping[str, str], is_set: Iterable[str]) -> None:
    """Raise ``ConfigError`` for a name that can only be a typo of one of our settings.

    ``is_set`` are the settings that have a value, from any source: they are spelt right.
    """
    for name, setting in _close_names(environ, is_set):
        if setting in _DISTINCT or name.startswith(_PREFIX):
            raise ConfigError(
                f"{name} in the environment is not a setting: write {setting}, or remove it."
            )


def possible_typos(environ: Mapping[str, str], is_set: Iterable[str]) -> list[str]:
    """Return a sentence for each name that may be a typo of one of our settings."""
    return [
        f"{name} in the environment is not a setting of claude-sse; {setting} is."
        for name, setting in _close_names(environ, is_set)
    ]


def _close_names(environ: Mapping[str, str], is_set: Iterable[str]) -> Iterator[tuple[str, str]]:
    unset = sorted(NAMES - set(is_set))
    for name in sorted(environ):
        if name in NAMES or name in _KNOWN or not environ[name].strip():
            continue
        ranked = [(rank, s) for s in unset if (rank := _rank(name, s)) is not None]
        if ranked:
            yield name, min(ranked)[1]


def _rank(name: str, setting: str) -> int | None:
    """Return the distance of the name from this setting, or None where it is not a typo of it."""
    if name.startswith(_PREFIX):
        name = name.removeprefix(_PREFIX)
        return 0 if name == setting else _rank(name, setting)
    is_one_word = "_" not in setting
    if name[:1].upper() != setting[0] or (is_one_word and name != name.upper()):
        return None  # people mistype the middle; and a lower-case "port" is another program's
    if name[-1].isdigit():
        return None  # one of a numbered series
    if len(setting) < 6:
        return 1 if _is_swapped(name, setting) or _is_doubled(name, setting) else None
    words, wanted = _words(name), _words(setting)
    meant = "".join(wanted)
    distance = min(
        _distance("".join(words), meant),
        _distance(name.upper().replace("_", ""), setting.replace("_", "")),
    )
    if distance <= (2 if len(meant) >= 10 else 1):
        return distance
    return 3 if setting in _DISTINCT and _is_longer_or_shorter(words, wanted) else None


def _words(name: str) -> list[str]:
    """Return the words of a name, each in the singular."""
    return [_singular(word) for word in name.upper().split("_") if word]


def _singular(word: str) -> str:
    return word[:-3] + "Y" if word.endswith("IES") else word.removesuffix("S")


def _is_longer_or_shorter(words: list[str], wanted: list[str]) -> bool:
    """Return whether a word was added or shortened: DAILY_TOKENS_A_DAY, HEARTBEAT_SEC."""
    if words[: len(wanted)] == wanted:
        return True
    *first, last = words or [""]
    return first == wanted[:-1] and len(last) >= 3 and wanted[-1].startswith(last)


def _is_swapped(name: str, setting: str) -> bool:
    return name != setting and sorted(name) == sorted(setting) and _distance(name, setting) == 1


def _is_doubled(name: str, setting: str) -> bool:
    return any(name == setting[:at] + letter + setting[at:] for at, letter in enumerate(setting))


def _distance(a: str, b: str) -> int:
    """Return how many letters are missing, added, replaced or swapped with their neighbour."""
    before, last = [0] * (len(b) + 1), list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            best = min(last[j] + 1, row[-1] + 1, last[j - 1] + (one != other))
            if i > 1 and j > 1 and (one, a[i - 2]) == (b[j - 2], other):
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]
