"""Which pages are measured, what they are made of, and how they come to be."""

from __future__ import annotations

import filecmp
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
REACT = PEERS / "react"
_BUILD = "--bundle --splitting --minify --format=esm --jsx=automatic --log-level=error".split()
#: No page here loads fonts of its own.
_BUILD += [f"--external:*.{kind}" for kind in ("woff", "woff2", "ttf")]


@dataclass(frozen=True)
class Chat:
    """A page: where it is, what holds its last answer, when it is ready for a question."""

    path: str
    answer: str
    ready: str = "#prompt"
    folder: Path | None = None  # of its files, unless it is ours


def _react(name: str) -> Chat:
    return Chat(f"/beside/{name}/", "article.assistant", folder=REACT / "dist" / name)


PAGES = {
    "us": Chat("/", "article[data-role=assistant] .text", "body[data-ready]"),
    "tutorial": Chat("/beside/tutorial/", "#output", folder=PEERS / "tutorial"),
    "react": _react("react"),
    "react-blocks": _react("react-blocks"),
    "streamdown": _react("streamdown"),
}


def missing(name: str) -> str | None:
    """Return what this machine lacks for a page, or None; makes what can be made."""
    folder = PAGES[name].folder
    if folder is None or not folder.is_relative_to(REACT):
        return None
    if not (shutil.which("npm") and shutil.which("node")):
        return "there is no npm"
    try:
        _install()
        _bundle(name, folder)
    except subprocess.CalledProcessError as exc:
        return f"its packages cannot be had: {exc.stderr.strip()[-300:]}"
    return None


def _install() -> None:
    """Install exactly what the lock lists; the stamp is a copy of the lock last installed."""
    lock, stamp = REACT / "package-lock.json", REACT / "node_modules/installed-package-lock.json"
    if stamp.exists() and filecmp.cmp(lock, stamp, shallow=False):
        return
    print("Installing what the React pages need.", flush=True)
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    shutil.copy(lock, stamp)


def _bundle(name: str, folder: Path) -> None:
    """Make the production build: a style sheet, a script, and what it loads when it needs it."""
    production = '--define:process.env.NODE_ENV="production"'
    esbuild = str(REACT / "node_modules/.bin/esbuild")
    shutil.rmtree(folder, ignore_errors=True)
    _run(esbuild, f"page=src/{name}.jsx", *_BUILD, production, f"--outdir={folder}")
    shutil.copy(REACT / "index.html", folder)


def _run(*command: str) -> None:
    subprocess.run(command, cwd=REACT, check=True, capture_output=True, text=True)
