"""The page to sign in on, signing in and signing out; only with AUTH=token and AUTH=password."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template, request

from .auth import SignIn, cookie_name
from .errors import BadRequest, SignInNeeded
from .question import load_object
from .sign_in import LIFE_SECONDS

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
    forgive = sign_in.guesses.count(request.remote_addr or "")
    who = sign_in.name_for(name, password)
    if who is None:
        what = "token is" if sign_in.passwords is None else "name or the password is"
        raise SignInNeeded(f"The {what} wrong.", code="wrong_password")
    forgive()
    _end_session()
    response = jsonify(ok=True)
    _set_cookie(response, sign_in.sessions.begin(who), LIFE_SECONDS)
    return response


@bp.post("/logout")
def leave() -> Response:
    """End this browser's session, and the streams that it follows within a heartbeat."""
    _end_session()
    response = jsonify(ok=True)
    _set_cookie(response, "", 0)
    return response


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
    cookie = request.cookies.get(cookie_name(request))
    if cookie is not None:
        _sign_in().sessions.end(cookie)


def _set_cookie(response: Response, value: str, seconds: float) -> None:
    response.set_cookie(
        cookie_name(request),
        value,
        max_age=int(seconds),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def _sign_in() -> SignIn:
    return cast(SignIn, current_app.extensions[_EXTENSION])
