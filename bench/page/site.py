"""Our app, and beside it the other pages under ``/beside/<name>/``: one origin, one wire."""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from wsgi import app

from .pages import PAGES

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def beside(ours: Wsgi) -> Wsgi:
    """Return an app that serves the other pages' files, zipped, and leaves the rest to ours."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        _, first, *rest = environ["PATH_INFO"].split("/")
        folder = PAGES[rest[0]].folder if len(rest) == 2 and rest[0] in PAGES else None
        if first != "beside" or folder is None:
            return ours(environ, start_response)
        path = folder / (rest[1] or "index.html")
        if not path.is_file():
            start_response("404 Not Found", [])
            return [b""]
        kind = mimetypes.guess_type(path.name)[0] or "text/html"
        start_response("200 OK", [("Content-Type", kind), ("Content-Encoding", "gzip")])
        return [zipped(path)]

    return answer


@cache
def zipped(path: Path) -> bytes:
    """Return a file as it goes over the wire."""
    return gzip.compress(path.read_bytes())


app.wsgi_app = beside(app.wsgi_app)
