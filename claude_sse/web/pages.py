"""The chat page, which the server has and a mount in another application does not."""

from __future__ import annotations

from flask import Blueprint, render_template

from .services import current_services

bp = Blueprint("pages", __name__)


@bp.get("/")
def chat() -> str:
    """Serve the chat page."""
    settings = current_services().settings
    return render_template(
        "chat.html",
        banner=settings.banner,
        max_body=settings.max_body_mb << 20,
        may_sign_out=settings.auth in ("token", "password"),
    )
