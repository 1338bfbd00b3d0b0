"""Log lines that cannot be forged: what a stranger sent may stand in one, but not end it.

A name, a path or a header with a line break could else write a line of its own, and an escape
sequence could hide one from whoever reads the log in a terminal.
"""

from __future__ import annotations

import logging
import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """Return the text with every control character written out."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


class OneLine(logging.Formatter):
    """Formats a message into one line; only our own traces may take more."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line without its trace."""
        return one_line(super().formatMessage(record))


def set_up(level: str) -> None:
    """Let the program log at this level, and the libraries nothing of what is asked."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("httpx2").setLevel("WARNING")  # a line per request to Claude
    logging.getLogger("anthropic").setLevel("INFO")  # at DEBUG it logs the questions
