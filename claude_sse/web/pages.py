"""The chat page, which the server has and a mount in another application does not."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template

from . import assets
from .services import current_services

bp = Blueprint("pages", __name__)
#: A title needs less; a model that thinks first needs some of it.
_TITLE_TOKENS = 500


@bp.get("/")
def chat() -> Response:
    """Serve the chat page."""
    settings = current_services().settings
    page = render_template(
        "chat.html",
        banner=settings.banner,
        is_demo=settings.is_demo,
        is_kept=settings.offline_page == "on",
        max_body=settings.max_body_mb << 20,
        title_model=settings.title_model,
        title_tokens=min(_TITLE_TOKENS, settings.max_tokens),
        may_sign_out=settings.auth in ("token", "password"),
    )
    return assets.compressed(make_response(page))
