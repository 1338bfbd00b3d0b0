"""Log lines that cannot be forged: text from a client may occur in one, but not end it.

Otherwise a name, a path or a header with a line break could write a line of its own, and an escape
sequence could hide one from an operator who reads the log in a terminal.
"""

from __future__ import annotations

import logging
import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """Return the text with every control character escaped."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


class OneLine(logging.Formatter):
    """Formats a message into one line; only tracebacks take more."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line without its traceback."""
        return one_line(super().formatMessage(record))


def set_up(level: str) -> None:
    """Log at this level; keep the libraries from logging questions."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("httpx2").setLevel("WARNING")  # a line per request to Claude
    logging.getLogger("anthropic").setLevel("INFO")  # at DEBUG it logs the questions
