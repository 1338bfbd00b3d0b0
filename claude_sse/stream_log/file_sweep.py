"""Which stored streams go, and when: those whose time is over, then those there is no room for.

Stored streams take no more of the disk than they leave free: half of what nothing else needs, on
any disk, without a setting. The oldest make way first; a stream that is being written stays, and so
does each for an hour after its last frame, for a client that comes back or repeats its request.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable
from typing import NamedTuple

from ..system.flock import is_locked

log = logging.getLogger(__name__)

#: No stream begins with less room than this: those that run shall be able to end on the log.
RESERVE_BYTES = 64 << 20
_KEPT_SECONDS = 3600.0


class _File(NamedTuple):
    written: float
    size: int
    path: str


def free_bytes(folder: str) -> int:
    """Return how much may still be stored: nothing where no more files can be made."""
    room = os.statvfs(folder)
    if room.f_files and not room.f_favail:
        return 0
    return room.f_bavail * room.f_frsize


def remove_expired(folder: str, older_than: float) -> None:
    """Remove what was last written more than ``older_than`` seconds ago; raises ``OSError``."""
    limit = time.time() - older_than
    for file in _files(folder):
        if file.written < limit and not is_locked(file.path):
            remove(file.path)


def make_way(folder: str) -> None:
    """Remove the oldest streams until those stored take no more than is free; see the module.

    Raises ``OSError``.
    """
    files = sorted(_files(folder))
    free, stored = free_bytes(folder), sum(file.size for file in files)
    limit = time.time() - _KEPT_SECONDS
    removed = 0
    for file in files:
        if stored <= free or file.written >= limit:
            break
        if not is_locked(file.path) and remove(file.path):
            stored, free, removed = stored - file.size, free + file.size, removed + 1
    if removed:
        log.warning("stream log: removed %d old answers early: the disk fills up", removed)


def _files(folder: str) -> Iterable[_File]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                found = entry.stat()
            except FileNotFoundError:  # another worker sweeps, too
                continue
            yield _File(found.st_mtime, max(found.st_size, found.st_blocks * 512), entry.path)


def remove(path: str) -> bool:
    """Remove a file and return whether it has gone; one that cannot be is said in the log."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as exc:  # a read-only file system; the sweep comes again
        log.error("stream log: cannot remove: %s", exc.strerror)
        return False
    return True
