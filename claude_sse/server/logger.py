"""gunicorn's log: no request can write lines of its own, no lost phone leaves a trace."""

from __future__ import annotations

import errno
import logging
from typing import Any

from gunicorn import glogging  # type: ignore[import-untyped]

from ..system.logs import OneLine, one_line

#: As gunicorn does not tell of a reset, or it would fill the log with every lost phone.
_LOST_CLIENT = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN)


class Logger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's ``logger_class``."""

    def setup(self, cfg: Any) -> None:
        """Let every handler write one line for each message that is news."""
        super().setup(cfg)
        self.error_log.addFilter(_is_news)
        for handler in self.error_log.handlers:
            handler.setFormatter(OneLine(self.error_fmt, self.datefmt))

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        """Return what an access log's line may be made of."""
        atoms = super().atoms(resp, req, environ, request_time)
        return {k: one_line(v) if isinstance(v, str) else v for k, v in atoms.items()}


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether the log need say this: not of a client that the network lost."""
    problem = record.exc_info[1] if record.exc_info else None
    return not isinstance(problem, OSError) or problem.errno not in _LOST_CLIENT
