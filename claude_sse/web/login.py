"""Signing in and out, and the list of one's sessions; only with AUTH=token and AUTH=password."""

from __future__ import annotations

import dataclasses
import logging
from typing import cast

from flask import Blueprint, Response, g, jsonify, render_template, request

from ..accounts import LIFE_SECONDS, normal
from ..protocol.errors import BadRequest, OverLimit, SignInNeeded
from ..protocol.question import load_object
from . import body
from .auth import SignIn, address_of, log_refusal
from .browsers import browser_of
from .services import current_services

log = logging.getLogger(__name__)
bp = Blueprint("login", __name__)

_FIELD_CHARACTERS = 1000


@bp.get("/login")
def page() -> str:
    """Serve the sign-in page."""
    return render_template("login.html", by_password=_auth().passwords is not None)


@bp.post("/login")
def sign_in() -> Response:
    """Begin a session under a new cookie, which replaces the one that this browser may have."""
    auth = _auth()
    name, password = _fields(by_password=auth.passwords is not None)
    try:
        with auth.throttle.count(request.remote_addr or "") as succeed:
            known = auth.name_for(name, password)
            if known is not None:
                succeed()
    except OverLimit:
        log_refusal(request, "too many tries")
        raise
    if known is None:
        raise _wrong_credentials(auth, name)
    _end_session()
    response = jsonify(ok=True)
    browser = browser_of(request.headers.get("User-Agent", ""))
    _set_cookie(response, auth.sessions.begin(known, address_of(request), browser), LIFE_SECONDS)
    log.info("signed in: %s, %s", address_of(request) or "-", known)
    return response


@bp.post("/logout")
def sign_out() -> Response:
    """End this browser's session, and its responses within a heartbeat."""
    _end_session()
    response = jsonify(ok=True)
    _set_cookie(response, "", 0)
    return response


@bp.get("/sessions")
def sessions() -> Response:
    """List the sessions of the name that is signed in, the newest first."""
    cookie = request.cookies.get(_auth().cookie_name(request))
    mine = _auth().sessions.of(_name(), cookie)
    return jsonify(sessions=[dataclasses.asdict(session) for session in mine])


@bp.delete("/sessions")
def sign_out_everywhere() -> Response:
    """End every session of the name that is signed in, including this one."""
    ended = _auth().sessions.end_all(_name())
    log.info("signed out everywhere: %s, %s", address_of(request) or "-", _name())
    response = jsonify(ended=ended)
    _set_cookie(response, "", 0)
    return response


def _wrong_credentials(auth: SignIn, name: str) -> SignInNeeded:
    """Log the failed attempt, and return what the client is told."""
    if auth.passwords is None:
        log_refusal(request, "a wrong token")
        return SignInNeeded("The token is wrong.", code="wrong_password")
    whose = f"for {normal(name)}" if auth.is_known(name) else "for an unknown name"
    log_refusal(request, f"wrong password {whose}")
    return SignInNeeded("The name or the password is wrong.", code="wrong_password")


def _name() -> str:
    return str(g.owner).removeprefix("user:")


def _fields(*, by_password: bool) -> tuple[str, str]:
    expected = ("name", "password") if by_password else ("token",)
    fields = load_object(body.read(request))
    if set(fields) != set(expected):
        raise BadRequest(f"The body must have exactly: {', '.join(expected)}.")
    for field in expected:
        value = fields[field]
        if not isinstance(value, str) or len(value) > _FIELD_CHARACTERS or not _is_text(value):
            raise BadRequest(f"{field} must be text of at most {_FIELD_CHARACTERS:,} characters.")
    return fields.get("name", ""), fields[expected[-1]]


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _end_session() -> None:
    cookie = request.cookies.get(_auth().cookie_name(request))
    name = _auth().sessions.end(cookie) if cookie is not None else None
    if name is not None:
        log.info("signed out: %s, %s", address_of(request) or "-", name)


def _set_cookie(response: Response, value: str, seconds: float) -> None:
    response.set_cookie(
        _auth().cookie_name(request),
        value,
        max_age=int(seconds),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def _auth() -> SignIn:
    return cast(SignIn, current_services().auth)
