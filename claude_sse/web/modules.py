"""Which modules of the page belong together: what an entry imports, and what it loads later."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

_IMPORT = re.compile(r"^(?:import|export) [^;]*?from '(\.{1,2}/[\w./-]+)';", re.MULTILINE)
_PART = re.compile(r"\bload\('([\w./-]+\.js)'\)")


def imports(folder: Path, entry: str) -> list[str]:
    """Return the entry and all that it imports: a browser can fetch them concurrently."""
    found = [entry]
    for name in found:  # which grows meanwhile
        base = posixpath.dirname(name)
        for relative in _IMPORT.findall((folder / name).read_text("utf-8")):
            path = posixpath.normpath(posixpath.join(base, relative))
            if path not in found:
                found.append(path)
    return found


def parts(folder: Path, entry: str) -> dict[str, list[str]]:
    """Return the files of each part that the entry's modules load when it is needed.

    A part goes by the name of its first file; files that the entry imports are there already.
    """
    there = imports(folder, entry)
    found: dict[str, list[str]] = {}
    files = list(there)
    for file in files:  # which grows meanwhile
        for name in _PART.findall((folder / file).read_text("utf-8")):
            if name not in found:
                found[name] = [path for path in imports(folder, name) if path not in there]
                files += [path for path in found[name] if path not in files]
    return found


def loadable(folder: Path, entry: str) -> list[str]:
    """Return all modules that the entry's page may load, at its start or later."""
    later = (path for files in parts(folder, entry).values() for path in files)
    return list(dict.fromkeys([*imports(folder, entry), *later]))
