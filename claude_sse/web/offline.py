"""The script by which a browser keeps the page, so that it opens without the server.

Its path is in the folder of the page, which makes that folder its scope, also under a prefix. It
names one version of the page, so that a new deployment is another script. With OFFLINE_PAGE=off
the script is one that removes what was kept, and itself.
"""

from __future__ import annotations

import json
from functools import cache

from flask import Blueprint, Response, make_response

from ..config import installation
from . import assets
from .services import current_services

bp = Blueprint("offline", __name__)

_FOLDER = installation.FILES / "static" / "system"


@bp.get("/service-worker.js")
def worker() -> Response:
    """Serve the script; a browser asks for it at each visit, before the session counts."""
    is_on = current_services().settings.offline_page == "on"
    source = _source("service-worker.js" if is_on else "worker-removal.js")
    digest, files = assets.version()
    served = f"self.served = {json.dumps({'version': digest, 'files': files})};\n" if is_on else ""
    response = make_response(served + source)
    response.mimetype = "text/javascript"
    response.headers["Cache-Control"] = "no-cache"
    return assets.compressed(response)


@cache
def _source(name: str) -> str:
    return assets.without_comments((_FOLDER / name).read_bytes()).decode()
