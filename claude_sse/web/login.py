"""Signing in and out, and one's sessions; only with AUTH=token and AUTH=password."""

from __future__ import annotations

import dataclasses
import logging
from typing import cast

from flask import Blueprint, Flask, Response, current_app, g, jsonify, render_template, request

from ..accounts import LIFE_SECONDS, normal
from ..protocol.errors import BadRequest, OverLimit, SignInNeeded
from ..protocol.question import load_object
from .auth import SignIn, address_of, log_refusal
from .browsers import browser_of

log = logging.getLogger(__name__)
bp = Blueprint("login", __name__)
_EXTENSION = "claude_sse_sign_in"
_LONGEST = 1000


def init_app(app: Flask, sign_in: SignIn) -> None:
    """Let people sign in."""
    app.extensions[_EXTENSION] = sign_in
    app.register_blueprint(bp)


@bp.get("/login")
def page() -> str:
    """Serve the page to sign in on."""
    return render_template("login.html", by_password=_sign_in().passwords is not None)


@bp.post("/login")
def enter() -> Response:
    """Begin a session, under a new cookie, instead of the one that this browser may have."""
    sign_in = _sign_in()
    name, password = _fields(by_password=sign_in.passwords is not None)
    try:
        with sign_in.guesses.count(request.remote_addr or "") as right:
            who = sign_in.name_for(name, password)
            if who is not None:
                right()
    except OverLimit:
        log_refusal(request, "too many tries")
        raise
    if who is None:
        whose = f"for {normal(name)}" if sign_in.is_known(name) else "for an unknown name"
        log_refusal(request, f"wrong password {whose}" if sign_in.passwords else "a wrong token")
        what = "name or the password is" if sign_in.passwords else "token is"
        raise SignInNeeded(f"The {what} wrong.", code="wrong_password")
    _end_session()
    response = jsonify(ok=True)
    browser = browser_of(request.headers.get("User-Agent", ""))
    _set_cookie(response, sign_in.sessions.begin(who, address_of(request), browser), LIFE_SECONDS)
    log.info("signed in: %s, %s", address_of(request) or "-", who)
    return response


@bp.post("/logout")
def leave() -> Response:
    """End this browser's session, and the streams that it follows within a heartbeat."""
    _end_session()
    response = jsonify(ok=True)
    _set_cookie(response, "", 0)
    return response


@bp.get("/sessions")
def sessions() -> Response:
    """List the sessions of whoever asks, the newest first."""
    cookie = request.cookies.get(_sign_in().cookie_name(request))
    mine = _sign_in().sessions.of(_name(), cookie)
    return jsonify(sessions=[dataclasses.asdict(session) for session in mine])


@bp.delete("/sessions")
def leave_everywhere() -> Response:
    """End every session of whoever asks, this one too."""
    ended = _sign_in().sessions.end_all(_name())
    log.info("signed out everywhere: %s, %s", address_of(request) or "-", _name())
    response = jsonify(ended=ended)
    _set_cookie(response, "", 0)
    return response


def _name() -> str:
    return str(g.owner).removeprefix("user:")


def _fields(*, by_password: bool) -> tuple[str, str]:
    expected = ("name", "password") if by_password else ("token",)
    fields = load_object(request.get_data(cache=False))
    if set(fields) != set(expected):
        raise BadRequest(f"The body must have exactly: {', '.join(expected)}.")
    for field in expected:
        value = fields[field]
        if not isinstance(value, str) or len(value) > _LONGEST or not _is_text(value):
            raise BadRequest(f"{field} must be text of at most {_LONGEST:,} characters.")
    return fields.get("name", ""), fields[expected[-1]]


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _end_session() -> None:
    cookie = request.cookies.get(_sign_in().cookie_name(request))
    who = _sign_in().sessions.end(cookie) if cookie is not None else None
    if who is not None:
        log.info("signed out: %s, %s", address_of(request) or "-", who)


def _set_cookie(response: Response, value: str, seconds: float) -> None:
    response.set_cookie(
        _sign_in().cookie_name(request),
        value,
        max_age=int(seconds),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def _sign_in() -> SignIn:
    return cast(SignIn, current_app.extensions[_EXTENSION])
