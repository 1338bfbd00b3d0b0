"""What the web floor works with: the parts that ``create_app`` wires, under one typed name."""

from __future__ import annotations

from typing import NamedTuple, cast

from flask import current_app

from ..claude import Claude
from ..config.settings import Settings
from ..streaming.admission import Admissions
from ..streaming.capacity import CapacityLimiter
from ..streaming.streams import Streams

EXTENSION = "claude_sse"


class Services(NamedTuple):
    """One process's services."""

    settings: Settings
    claude: Claude
    streams: Streams
    admissions: Admissions
    writer_slots: CapacityLimiter  # writers
    reader_slots: CapacityLimiter  # long responses


def current_services() -> Services:
    """Return the services of the app that serves this request."""
    return cast(Services, current_app.extensions[EXTENSION])
