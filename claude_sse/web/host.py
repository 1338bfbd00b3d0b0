"""A host application: another Flask app, in which the API is mounted under a prefix.

The API stays an app of its own. A blueprint in the host has its routes, and each of them hands the
request over to that app, with the prefix moved to SCRIPT_NAME. So neither imposes anything on the
other: error handlers, hooks, ``g``, the JSON provider, limits of bodies and the rules of the URL
map are each app's own. The host's own hooks run before and after, as for its own routes.
"""

from __future__ import annotations

import contextvars
import io
import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Flask, Request, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import Rule
from werkzeug.routing.converters import DEFAULT_CONVERTERS

from ..protocol.errors import SignInNeeded
from ..protocol.question import Question
from .auth import Identity
from .policy import Decide, Policy
from .services import EXTENSION, Services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger(__name__)

#: Returns the owner of a request, or None (or "") where no one has signed in; may raise a refusal.
Owner = Callable[[Request], str | int | None]
#: Returns whether this owner may no longer read; called in an application context of the host.
IsRevoked = Callable[[str | int], bool]
_VISIT = "claude_sse.visit"
#: Answered by the API with 404 or 405; OPTIONS is left to the host.
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class _Visit(NamedTuple):
    """What the API is told of the host's request."""

    request: Request
    context: contextvars.Context
    #: The owner, or why there is none.
    identity: Identity | Exception


class HostAuth:
    """Implements ``auth.Auth`` by the sign-in of the host application."""

    def authenticate(self, request: Request) -> Identity:
        """Return the owner that the host has named; raises what the host has raised."""
        visit: _Visit = request.environ[_VISIT]
        if isinstance(visit.identity, Exception):
            raise visit.identity
        return visit.identity

    def check(self) -> None:
        """See ``auth.Auth``: the host signs in."""


def decide_in_host(policy: Callable[[Request, Question], Policy | None]) -> Decide:
    """Return a policy that runs in the host's context: its ``session``, ``g``, current user."""

    def decide(question: Question) -> Policy | None:
        visit: _Visit = request.environ[_VISIT]
        return visit.context.run(policy, visit.request, question)

    return decide


def blueprint(name: str, api: Flask, owner: Owner, is_revoked: IsRevoked | None) -> Blueprint:
    """Return a blueprint whose routes are those of the API, and nothing but them."""
    mount = Blueprint(name, __name__)

    def identify(request: Request) -> Identity:
        return _identify(owner, is_revoked, request)

    @mount.record
    def add_routes(state: BlueprintSetupState) -> None:
        mounts = state.app.extensions.setdefault(EXTENSION, {})
        if isinstance(mounts, Services):
            raise ValueError("This application is a server of ours, and has the API already.")
        mounts[f"{state.name_prefix}.{state.name}".lstrip(".")] = api.extensions[EXTENSION]
        depth = _depth(state.url_prefix or "")

        def view(**_: object) -> Response:
            return _serve(api, identify, depth)

        for rule in api.url_map.iter_rules():
            methods = set(rule.methods or ()) - {"HEAD", "OPTIONS"}
            state.add_url_rule(_path(rule), _endpoint(rule), view, methods=methods)
        for path in ("/", "/<path:other>"):
            state.add_url_rule(path, "other", view, methods=_METHODS, strict_slashes=False)

    return mount


def _depth(prefix: str) -> int:
    """Return how many segments a prefix has, of which the API must not see any."""
    if not prefix.strip("/") or "<path:" in prefix:
        raise ValueError(
            f"url_prefix={prefix!r} cannot be: the API needs a prefix of its own, such as /claude."
        )
    return prefix.strip("/").count("/") + 1


def _path(rule: Rule) -> str:
    """Return the path of a rule with converters that every application has."""

    def known(found: re.Match[str]) -> str:
        return found[0] if found[1] in DEFAULT_CONVERTERS else "<path:"

    return re.sub(r"<(\w+)(\([^)]*\))?:", known, str(rule.rule))


def _endpoint(rule: Rule) -> str:
    """Return the last part of the endpoint, where it is one of ``views``; otherwise all of it."""
    return str(rule.endpoint).removeprefix("views.").replace(".", "_")


def _serve(api: Flask, identify: Callable[[Request], Identity], depth: int) -> Response:
    theirs: Request = request._get_current_object()  # type: ignore[attr-defined]
    environ = _below(theirs.environ, depth)
    try:
        identity: Identity | Exception = identify(theirs)
        _pass_on_body(theirs, environ)
    except Exception as exc:  # raised again where the refusal has a dialect
        identity = exc
    environ[_VISIT] = _Visit(theirs, contextvars.copy_context(), identity)
    with api.request_context(environ):
        return api.full_dispatch_request()


def _below(environ: WSGIEnvironment, depth: int) -> WSGIEnvironment:
    """Return a copy of the environ in which the prefix is part of SCRIPT_NAME."""
    path: str = environ["PATH_INFO"]
    prefix = "/".join(path.split("/")[: depth + 1])
    script_name = environ.get("SCRIPT_NAME", "") + prefix
    return {**environ, "SCRIPT_NAME": script_name, "PATH_INFO": path[len(prefix) :]}


def _identify(owner: Owner, is_revoked: IsRevoked | None, request: Request) -> Identity:
    named = owner(request)
    if named is None or named == "":
        raise SignInNeeded("Sign in first.")
    if isinstance(named, bool) or not isinstance(named, str | int):
        raise TypeError(f"owner() returned {type(named).__name__}, not a string or a number")
    if is_revoked is None:
        return Identity(f"host:{named}")
    host, may_not = current_app._get_current_object(), is_revoked  # type: ignore[attr-defined]

    def is_no_longer_allowed() -> bool:
        try:
            with host.app_context():
                return may_not(named)
        except Exception:  # not known now; the next heartbeat may tell
            log.exception("is_revoked() of the host application failed")
            return False

    return Identity(f"host:{named}", is_no_longer_allowed)


def _pass_on_body(request: Request, environ: WSGIEnvironment) -> None:
    """Let the API read a body that the host has opened; what it has not kept is gone."""
    if "stream" not in vars(request):
        return
    body = request.get_data()
    environ["wsgi.input"] = io.BytesIO(body)
    if request.content_length is None:  # in chunks
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_LENGTH"] = str(len(body))
