"""Removes stored streams: first those that have expired, then those the disk has no room for.

Stored streams take at most as much of the disk as they leave free: half of what nothing else needs,
on any disk, without a setting. The oldest are removed first. A stream that is being written stays,
and every stream stays for an hour after its last frame, for a client that reconnects or repeats its
request.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable
from typing import NamedTuple

from ..system.flock import is_locked

log = logging.getLogger(__name__)

#: No stream starts with less room than this, so that the running ones can still be stored.
RESERVE_BYTES = 64 << 20
_GRACE_SECONDS = 3600.0


class _File(NamedTuple):
    written: float
    size: int
    path: str


def free_bytes(folder: str) -> int:
    """Return how much can still be stored: 0 where the file system is out of inodes."""
    status = os.statvfs(folder)
    if status.f_files and not status.f_favail:
        return 0
    return status.f_bavail * status.f_frsize


def remove_expired(folder: str, older_than: float) -> None:
    """Remove what was last written more than ``older_than`` seconds ago; raises ``OSError``."""
    limit = time.time() - older_than
    for file in _files(folder):
        if file.written < limit and not is_locked(file.path):
            remove(file.path)


def make_room(folder: str) -> None:
    """Remove the oldest streams until the stored ones take no more than is free.

    Raises ``OSError``.
    """
    files = sorted(_files(folder))
    free, stored = free_bytes(folder), sum(file.size for file in files)
    limit = time.time() - _GRACE_SECONDS
    removed = 0
    for file in files:
        if stored <= free or file.written >= limit:
            break
        if not is_locked(file.path) and remove(file.path):
            stored, free, removed = stored - file.size, free + file.size, removed + 1
    if removed:
        log.warning("stream log: removed %d old answers early: the disk is filling up", removed)


def _files(folder: str) -> Iterable[_File]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                found = entry.stat()
            except FileNotFoundError:  # another worker sweeps, too
                continue
            yield _File(found.st_mtime, max(found.st_size, found.st_blocks * 512), entry.path)


def remove(path: str) -> bool:
    """Remove a file and return whether it is gone; a failure is logged."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as exc:  # a read-only file system; the next sweep tries again
        log.error("stream log: cannot remove: %s", exc.strerror)
        return False
    return True
