"""Which pages are measured, what they are made of, and how they come to be."""

from __future__ import annotations

import filecmp
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
REACT = PEERS / "react"
_BUILD = "--bundle --minify --format=esm --jsx=automatic --log-level=error".split()


@dataclass(frozen=True)
class Chat:
    """A page: where it is, what holds its last answer, when it is ready for a question."""

    path: str
    answer: str
    ready: str = "#prompt"
    files: tuple[Path, ...] = ()


def _react(name: str) -> Chat:
    made = REACT / "dist" / name
    files = (REACT / "index.html", made / "page.js", made / "page.css")
    return Chat(f"/beside/{name}/", "article.assistant", files=files)


PAGES = {
    "us": Chat("/", "article[data-role=assistant] .text", "body[data-ready]"),
    "tutorial": Chat("/beside/tutorial/", "#output", files=(PEERS / "tutorial/index.html",)),
    "react": _react("react"),
    "react-blocks": _react("react-blocks"),
}


def missing(name: str) -> str | None:
    """Return what this machine lacks for a page, or None; makes what can be made."""
    if not any(file.is_relative_to(REACT) for file in PAGES[name].files):
        return None
    if not (shutil.which("npm") and shutil.which("node")):
        return "there is no npm"
    try:
        _install()
        _bundle(name)
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


def _bundle(name: str) -> None:
    """Make the production build: one script, one style sheet."""
    production = '--define:process.env.NODE_ENV="production"'
    esbuild = str(REACT / "node_modules/.bin/esbuild")
    made = f"--outfile={REACT / 'dist' / name / 'page.js'}"
    _run(esbuild, f"src/{name}.jsx", *_BUILD, production, made)


def _run(*command: str) -> None:
    subprocess.run(command, cwd=REACT, check=True, capture_output=True, text=True)
