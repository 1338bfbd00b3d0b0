"""What the web floor works with: the parts that ``create_app`` wires, under one typed name."""

from __future__ import annotations

from typing import NamedTuple, cast

from flask import current_app

from ..claude import Claude
from ..config.settings import Settings
from ..streaming.admission import Admissions
from ..streaming.capacity import Places
from ..streaming.streams import Streams

EXTENSION = "claude_sse"


class Engine(NamedTuple):
    """One process's engine."""

    settings: Settings
    claude: Claude
    streams: Streams
    admissions: Admissions
    slots: Places  # writers
    seats: Places  # long responses


def engine() -> Engine:
    """Return the engine of the app that serves this request."""
    return cast(Engine, current_app.extensions[EXTENSION])
