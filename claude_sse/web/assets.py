"""The page's files, under a name that changes with them, so that a browser keeps them forever.

``/static/<digest>/chat.js``: the digest is that of all files, taken once, and what a module imports
by a relative name inherits it. ``/static/chat.js`` is the same file, revalidated at each use.
"""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, Response, abort, current_app, request, send_from_directory

from . import modules

_FOREVER = "public, max-age=31536000, immutable"
#: The ETag is what a file is compared by, and no part of one is asked for.
_SAYS_NOTHING = ("Content-Disposition", "Last-Modified", "Accept-Ranges")
#: A comment that has its lines to itself. `tests/js/comments.test.js` holds the files to it.
_COMMENT = re.compile(rb"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)$", re.DOTALL | re.MULTILINE)
_TEXT = re.compile(r"text/|.*(javascript|json|svg)")
#: What the page may load, at its start or later, except for the grammars of hundreds of languages.
_LOADED = re.compile(
    r"(?!.*\.d\.ts$|vendor/prism/(?!prism-core)|system/(service-worker|worker-removal))"
    r".*\.(js|css|svg)$"
)
_EXTENSION = "claude_sse.page"


class Version(NamedTuple):
    """One version of the page: the digest of its files, and those of them that it may load."""

    digest: str
    files: list[str]


def init_app(app: Flask, folder: Path) -> None:
    """Serve this folder as the endpoint ``static``, and tell templates a module's imports."""
    digest = _digest(folder)
    app.extensions[_EXTENSION] = Version(digest, _loaded(folder))

    @cache
    def zipped(filename: str, _etag: str) -> bytes:
        content = (folder / filename).read_bytes()
        if filename.endswith(".js") and not filename.startswith("vendor/"):
            content = without_comments(content)
        return gzip.compress(content, mtime=0)

    @app.get("/static/<string(length=12):version>/<path:filename>")
    @app.get("/static/<path:filename>")
    def static(filename: str, version: str = "") -> Response:
        if filename != posixpath.normpath(filename):  # one file has one name, and one zipped copy
            abort(404)
        response = send_from_directory(folder, filename)
        for name in _SAYS_NOTHING:  # once for each of sixty files
            response.headers.pop(name, None)
        # A page from before an update asks by the old name: it gets the file, but keeps nothing.
        response.headers["Cache-Control"] = _FOREVER if version == digest else "no-cache"
        if _TEXT.match(response.mimetype or ""):
            response.vary.add("Accept-Encoding")
            if response.status_code == 200 and request.accept_encodings["gzip"]:
                _replace(response, zipped(filename, response.headers["ETag"]))
        if version == digest:
            response.headers.pop("ETag", None)  # it is never revalidated
        return response

    @app.url_defaults
    def current(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("version", digest)

    app.jinja_env.globals["modules"] = cache(lambda entry: modules.imports(folder, entry))
    app.jinja_env.globals["parts"] = cache(lambda entry: modules.parts(folder, entry))


def version() -> Version:
    """Return the version of the page that this app serves."""
    served: Version = current_app.extensions[_EXTENSION]
    return served


def without_comments(script: bytes) -> bytes:
    """Return one of our scripts as browsers get it, with the same lines."""
    return _COMMENT.sub(_blank, script)


def compressed(response: Response) -> Response:
    """Compress a page where the client accepts that.

    It must hold nothing secret: its length would tell of what it holds (BREACH).
    """
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"]:
        response.set_data(gzip.compress(response.get_data(), mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _blank(comment: re.Match[bytes]) -> bytes:
    """Return as many lines, as errors name them. Comments are a third of what a file weighs."""
    return b"\n" * comment[0].count(b"\n")


def _replace(response: Response, body: bytes) -> None:
    response.close()  # the file
    response.direct_passthrough = False
    response.set_data(body)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["ETag"] = f"W/{response.headers['ETag']}"


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _loaded(folder: Path) -> list[str]:
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(filter(_LOADED.match, names))
