"""gunicorn's logger: one line per message, and no line for a client that the network lost."""

from __future__ import annotations

import errno
import logging
from typing import Any

from ..telemetry.logs import formatter, one_line
from . import gunicorn_internals

#: gunicorn itself leaves out resets only, so that these would fill the log on mobile networks.
_CLIENT_LOST = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN)


class Logger(gunicorn_internals.Logger):  # type: ignore[misc]
    """gunicorn's ``logger_class``."""

    def setup(self, cfg: Any) -> None:
        """Configure every handler to write the lines of ``telemetry.logs``: no request adds one."""
        super().setup(cfg)
        self.error_log.addFilter(_is_relevant)
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter(self.error_fmt, self.datefmt))
        for handler in self.access_log.handlers:
            handler.setFormatter(formatter(self.access_fmt))

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        """Return the values that a line of the access log may contain."""
        atoms = super().atoms(resp, req, environ, request_time)
        return {k: one_line(v) if isinstance(v, str) else v for k, v in atoms.items()}


def _is_relevant(record: logging.LogRecord) -> bool:
    """Return whether a record belongs in the log: the loss of a client does not."""
    problem = record.exc_info[1] if record.exc_info else None
    return not isinstance(problem, OSError) or problem.errno not in _CLIENT_LOST
