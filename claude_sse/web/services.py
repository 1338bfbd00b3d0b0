"""The services that ``create_app`` wires, under one typed name."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from flask import current_app

from ..claude import Claude
from ..config.settings import Settings
from ..streaming.admission import Admissions
from ..streaming.capacity import CapacityLimiter
from ..streaming.chats import Chats
from ..streaming.repeats import Repeats
from ..streaming.streams import Streams
from .auth import Auth
from .policy import Decide

#: The key in ``app.extensions``.
EXTENSION = "claude_sse"


class Services(NamedTuple):
    """The services of one process."""

    settings: Settings
    claude: Claude
    streams: Streams
    chats: Chats
    repeats: Repeats
    admissions: Admissions
    writer_slots: CapacityLimiter
    reader_slots: CapacityLimiter
    auth: Auth
    #: Decides on what terms each question is asked, in a mount that has a policy.
    decide: Decide | None = None


def services_in(app: Any) -> tuple[Services, ...]:
    """Return the services of our own app, or those of every mount in a host application.

    None where this is neither, or hides behind a middleware.
    """
    found = getattr(app, "extensions", {}).get(EXTENSION, {})
    if isinstance(found, Services):
        return (found,)
    return tuple({id(services): services for services in found.values()}.values())


def current_services() -> Services:
    """Return the services of the app that serves this request."""
    return cast(Services, current_app.extensions[EXTENSION])
