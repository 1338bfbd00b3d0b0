"""The server of the next version: the page's files are others, so they have another digest."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from claude_sse import create_app
from claude_sse.config import installation

#: A module that is loaded when it is needed, and what it leaves in a page of this version.
CHANGED = "app/exporting.js"
MARK = "globalThis.isNextVersion = true;"

_folder = tempfile.TemporaryDirectory(prefix="next-version-")
_files = Path(_folder.name)
for _name in ("static", "templates"):
    shutil.copytree(installation.FILES / _name, _files / _name)
with (_files / "static" / CHANGED).open("a") as _module:
    _module.write(f"\n{MARK}\n")
installation.FILES = _files  # type: ignore[misc]  # as if it had been installed there

app = create_app()
