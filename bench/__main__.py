"""``python -m bench``: every scenario, every server in turn, round after round; then the report."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import signal
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import old_streams, report, special, targets
from .claude import Claude, upstream
from .measure import measure
from .scenarios import ABOUT, ALL, QUICK, SCENARIOS
from .servers import OURS, ROOT, SERVERS, missing

RESULTS = ROOT / "bench/results"


def main() -> None:
    """Measure what is asked for, print it, and write it down."""
    chosen = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    names = [name for name in chosen.peers if _can_run(name)]
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "instance") as folder:
        with Run(Path(folder), chosen.before) as run:
            for scenario in chosen.only:
                for round in range(chosen.rounds):
                    turn = round % max(1, len(names))  # no server is always first
                    for name in names[turn:] + names[:turn]:
                        seen = run.measure(scenario, name)
                        if seen is not None:
                            seen = {"scenario": scenario, "server": name, "round": round + 1} | seen
                            results.append(seen)
                            print(report.line(seen), file=sys.stderr, flush=True)
                print(report.table(results, scenario), flush=True)
    print(targets.table(results))
    if chosen.write:
        _write(results, chosen)


def _write(results: list[dict[str, Any]], chosen: argparse.Namespace) -> None:
    report.write(results, chosen.write)
    tables = [report.table(results, scenario) for scenario in chosen.only]
    rounds = f"Rounds in turn: {chosen.rounds}; their medians. {report.machine()}"
    text = "\n".join([f"# Results\n\n{rounds}", *tables, targets.table(results), ""])
    (chosen.write / "README.md").write_text(text, "utf-8")
    if importlib.util.find_spec("matplotlib") is None:
        print("There is no matplotlib here, so there are no plots; script/bench installs it.")
    else:
        importlib.import_module("bench.plots").draw(results, chosen.write)


class Run(contextlib.ExitStack):
    """What the rounds of one run share: the upstreams, and a folder with old streams."""

    def __init__(self, folder: Path, before: Path | None) -> None:
        super().__init__()
        self._folder = folder
        self._before = before
        self._claudes: dict[bool, Claude] = {}

    def measure(self, scenario: str, name: str) -> dict[str, Any] | None:
        """Return the numbers of one round, or None where they would say nothing."""
        checkout = self._before if name == "before" and self._before else ROOT
        if scenario in SCENARIOS:
            what = SCENARIOS[scenario]
            if what.old_streams and name not in OURS:
                return None
            log = self._log(what.old_streams) if what.old_streams else None
            return measure(name, what, self._claude(what.tls), checkout, log)
        return getattr(special, scenario)(name, self._claude(False), checkout)

    def _claude(self, tls: bool) -> Claude:
        if tls not in self._claudes:
            self._claudes[tls] = self.enter_context(upstream(self._folder, tls=tls))
        return self._claudes[tls]

    def _log(self, count: int) -> Path:
        folder = self._folder / f"old-{count}"
        return folder if folder.exists() else old_streams.fill(folder, count)


def _can_run(name: str) -> bool:
    why = missing(name)
    if why:
        print(f"{name} is left out: {why}.", file=sys.stderr)
    return why is None


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="a few scenarios, one round")
    options.add_argument("--only", help=f"scenarios, of {','.join(ABOUT)}")
    options.add_argument(
        "--peers", default=",".join(ALL), help=f"servers, of {','.join(SERVERS)}; %(default)s"
    )
    options.add_argument("--rounds", type=int, help="default: 3, or 1 with --quick")
    options.add_argument(
        "--before", type=Path, help="another checkout of ours, to be measured as server 'before'"
    )
    options.add_argument(
        "--write", type=Path, nargs="?", const=RESULTS, help="keep the results; in bench/results"
    )
    chosen = options.parse_args()
    default = ",".join(QUICK if chosen.quick else ABOUT)
    chosen.only = _listed(options, chosen.only or default, ABOUT)
    chosen.peers = _listed(options, chosen.peers, SERVERS)
    if chosen.before:
        chosen.before = chosen.before.resolve()
        chosen.peers = list(dict.fromkeys([*chosen.peers, "before"]))
    elif "before" in chosen.peers:
        options.error("say with --before PATH which checkout is meant")
    chosen.rounds = chosen.rounds or (1 if chosen.quick else 3)
    (ROOT / "instance").mkdir(exist_ok=True)
    return chosen


def _listed(options: argparse.ArgumentParser, value: str, known: Iterable[str]) -> list[str]:
    names = [name for name in value.split(",") if name]
    for name in names:
        if name not in known:
            options.error(f"{name} is not one of {', '.join(known)}")
    return names


if __name__ == "__main__":
    main()
