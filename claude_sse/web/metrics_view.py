"""What Prometheus collects: ``/metrics``, shown to a token, or to this machine with AUTH=none."""

from __future__ import annotations

import hmac

from flask import Blueprint, Flask, Request, Response, g, request

from ..config.settings import Settings
from ..protocol.errors import Forbidden, Unavailable
from ..telemetry import metrics
from .auth import log_refusal
from .services import Services, current_services

bp = Blueprint("metrics_view", __name__)
ENDPOINT = "metrics_view.show"


def init_app(app: Flask, settings: Settings) -> None:
    """Add the route where there is a client that may see it; it is 404 otherwise."""
    if settings.metrics_token or settings.auth == "none":
        app.register_blueprint(bp)


@bp.get("/metrics")
def show() -> Response:
    """Return the metrics of all workers, in the format of Prometheus or OpenMetrics."""
    services = current_services()
    if g.owner and services.settings.auth != "none":  # a person, and no person sees the others'
        raise _refusal()
    book_capacity(services)
    body, content_type = metrics.expose(request.headers.get("Accept", ""), _log_state(services))
    return Response(body, content_type=content_type)


def shows_token(request: Request, token: str) -> bool:
    """Return whether this asks for the metrics with the token; raises ``Forbidden`` for another.

    A client with the token needs no name, no sign-in and no address.
    """
    if request.endpoint != ENDPOINT:
        return False
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if token and hmac.compare_digest(shown.strip().encode(), token.encode()):
        return scheme.lower() == "bearer"
    if scheme:
        log_refusal(request, "a wrong token for metrics")
        raise _refusal()
    return False


def _refusal() -> Forbidden:
    return Forbidden("The metrics are shown to the client that has METRICS_TOKEN.")


def book_capacity(services: Services) -> None:
    """Note how many slots this process has; each worker does so when it begins."""
    for limiter in (services.writer_slots, services.reader_slots):
        metrics.CAPACITY.labels(limiter.kind).set(limiter.total)


def _log_state(services: Services) -> dict[str, float]:
    log = services.streams.log
    try:
        log.check()
    except Unavailable:
        up = 0.0
    else:
        up = 1.0
    return {"up": up, **log.measures()}
