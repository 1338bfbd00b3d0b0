"""Log lines that cannot be forged, as text or as JSON.

Text from a client may occur in a line, but not end it: otherwise a name, a path or a header with a
line break could write a line of its own, and an escape sequence could hide one from an operator who
reads the log in a terminal. As JSON each record is one line, with its traceback.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

FORMATS = ("text", "json")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BARE = re.compile(r"[^\s\"=]+").fullmatch
#: What a line of the access log has, by gunicorn's names; the query may hold what is private.
_ACCESS = {
    "h": "address",
    "m": "method",
    "U": "path",
    "H": "protocol",
    "s": "status",
    "B": "bytes",
    "M": "ms",
    "a": "user_agent",
    "{x-request-id}o": "request_id",
}
_chosen = "text"


def choose(form: str) -> None:
    """Write the lines of this process, and of those that it forks, in this one of ``FORMATS``."""
    global _chosen
    _chosen = form


def formatter(text_format: str, date_format: str | None = None) -> logging.Formatter:
    """Return what makes the lines; the formats are those of lines of text."""
    return OneJson() if _chosen == "json" else OneLine(text_format, date_format)


def set_up(level: str) -> None:
    """Log at this level; keep the libraries from logging questions."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("httpx2").setLevel("WARNING")  # a line per request to Claude
    logging.getLogger("anthropic").setLevel("INFO")  # at DEBUG it logs the questions


def one_line(text: str) -> str:
    """Return the text with every control character escaped."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def write(log: logging.Logger, event: str, fields: Mapping[str, Any]) -> None:
    """Log an event with its fields: as words of the line, or beside it as JSON."""
    if _chosen == "json":
        log.info(event, extra={"fields": fields})
    else:
        words = (f"{name}={_word(value)}" for name, value in fields.items())
        log.info("%s: %s", event, " ".join(words))


def _word(value: object) -> str:
    text = str(value)
    return text if _BARE(text) else json.dumps(text)


class OneLine(logging.Formatter):
    """Formats a message into one line of text.

    Only tracebacks take more, whose lines are indented: what an exception quotes begins no line.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line without its traceback."""
        return one_line(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        """Return the traceback."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"  {one_line(line)}" for line in lines)


class OneJson(logging.Formatter):
    """Formats a record, with its traceback, into one line of JSON in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            **self._content(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str).replace("\x7f", "\\u007f")

    def _content(self, record: logging.LogRecord) -> dict[str, Any]:
        args = record.args
        if record.name == "gunicorn.access" and isinstance(args, Mapping):
            return {"message": "request"} | {name: args[key] for key, name in _ACCESS.items()}
        return {"message": record.getMessage(), **getattr(record, "fields", {})}
