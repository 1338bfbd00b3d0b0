"""The services that ``create_app`` wires, under one typed name."""

from __future__ import annotations

from typing import NamedTuple, cast

from flask import current_app

from ..claude import Claude
from ..config.settings import Settings
from ..streaming.admission import Admissions
from ..streaming.capacity import CapacityLimiter
from ..streaming.chats import Chats
from ..streaming.streams import Streams
from .auth import Auth

#: The key in ``app.extensions``.
EXTENSION = "claude_sse"


class Services(NamedTuple):
    """The services of one process."""

    settings: Settings
    claude: Claude
    streams: Streams
    chats: Chats
    admissions: Admissions
    writer_slots: CapacityLimiter
    reader_slots: CapacityLimiter
    auth: Auth


def current_services() -> Services:
    """Return the services of the app that serves this request."""
    return cast(Services, current_app.extensions[EXTENSION])
