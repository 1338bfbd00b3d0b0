"""Streams as files: one append-only file per stream, shared by the workers of one machine.

A file holds one line with the digest, then exactly the bytes sent. The kernel keeps the books: the
writer holds ``flock`` on its file, so that a dead writer shows itself; a reader in another process
holds a shared lock on ``readers/<name>``, so that the writer knows of it; a request to stop is an
empty file ``stops/<name>``. No clocks, nothing to clean up after a crash. Readers in the writer's
process are woken, readers elsewhere look every 50 ms. A name is a hash: no request value becomes a
path.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path

from ..protocol.errors import NotFound, Unavailable
from ..system import ownership, syscalls
from ..system.flock import is_locked
from . import file_create, file_sweep
from .base import StreamExists
from .file_reader import HEADER_BYTES, FileReader
from .file_writer import FileWriter

log = logging.getLogger(__name__)

#: So long what was found of the disk holds for whoever asks next.
_FRESH_SECONDS = 0.1
#: Where the disk is full, this often old streams make way for who asks next.
_MAKE_WAY_SECONDS = 10.0


class FileStreamLog:
    """Implements ``base.StreamLog`` in a folder that only this user may read."""

    def __init__(self, folder: Path) -> None:
        """Make the folder; raises ``OSError`` where no stream can be kept in it."""
        self._streams, self._stops, self._readers = (
            str(folder / name) for name in ("log", "stops", "readers")
        )
        self._make_folders()
        if not os.access(self._streams, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        file_create.probe(self._streams)
        self._writers: dict[str, FileWriter] = {}  # the writers of this process, by name
        self._found_well = 0.0
        self._make_way_due = 0.0

    def _make_folders(self) -> None:
        for path in (self._streams, self._stops, self._readers):
            ownership.make_folder(path)

    def check(self) -> None:
        """See ``base.StreamLog.check``; folders that were removed are made anew."""
        if time.monotonic() - self._found_well < _FRESH_SECONDS:
            return
        try:
            if not syscalls.exists(self._streams):
                self._make_folders()
            if foreign := ownership.find_foreign((self._streams, self._stops, self._readers)):
                raise PermissionError(errno.EACCES, ownership.describe(foreign), foreign)
            self._require_room()
            if not os.access(self._streams, os.W_OK):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        except OSError as exc:
            raise _unavailable(exc) from exc
        self._found_well = time.monotonic()

    def _require_room(self) -> None:
        if file_sweep.free_bytes(self._streams) >= file_sweep.RESERVE_BYTES:
            return
        now = time.monotonic()
        if now >= self._make_way_due:
            self._make_way_due = now + _MAKE_WAY_SECONDS
            file_sweep.make_way(self._streams)
        if file_sweep.free_bytes(self._streams) < file_sweep.RESERVE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def create(self, key: str, digest: str) -> FileWriter:
        """See ``base.StreamLog.create``."""
        name = _name(key)
        path = f"{self._streams}/{name}"
        try:
            fd = file_create.create(path, f": sha256 {digest}\n\n".encode("ascii"))
        except FileExistsError:
            raise StreamExists(key) from None
        except OSError as exc:
            raise _unavailable(exc) from exc
        writer = FileWriter(
            fd, HEADER_BYTES, digest, path, f"{self._readers}/{name}", lambda: self._forget(name)
        )
        self._writers[name] = writer
        return writer

    def _forget(self, name: str) -> None:
        self._writers.pop(name, None)
        for folder in (self._stops, self._readers):
            if syscalls.exists(path := f"{folder}/{name}"):  # mostly not
                file_sweep.remove(path)

    def open(self, key: str, after: int = 0) -> FileReader:
        """See ``base.StreamLog.open``."""
        name = _name(key)
        writer = self._writers.get(name)
        if writer is not None and writer.failed:
            raise Unavailable(
                "This answer is not stored any more (the server's disk is full or not writable).",
                code="log_unavailable",
            )
        try:
            path = f"{self._streams}/{name}"
            fd = os.open(path, os.O_RDONLY) if writer is None else syscalls.open_known(path)
        except FileNotFoundError:
            raise NotFound("There is no such stream, or it has expired.") from None
        except OSError as exc:
            raise _unavailable(exc) from exc
        try:
            return FileReader(fd, after, writer, f"{self._readers}/{name}")
        except OSError as exc:
            os.close(fd)
            raise _unavailable(exc) from exc
        except BaseException:
            os.close(fd)
            raise

    def stop(self, key: str) -> None:
        """See ``base.StreamLog.stop``."""
        name = _name(key)
        try:
            if is_locked(f"{self._streams}/{name}"):
                os.close(ownership.open_or_create(f"{self._stops}/{name}"))
            if not is_locked(f"{self._streams}/{name}"):  # it ended meanwhile
                file_sweep.remove(f"{self._stops}/{name}")
        except OSError as exc:
            raise _unavailable(exc) from exc

    def asked_to_stop(self, keys: Iterable[str]) -> set[str]:
        """See ``base.StreamLog.asked_to_stop``."""
        try:
            names = set(os.listdir(self._stops))
        except OSError as exc:  # no file left to open: the next look will do
            log.error("stream log: %s", exc.strerror)
            return set()
        return {key for key in keys if _name(key) in names} if names else set()

    def sweep(self, older_than: float) -> None:
        """See ``base.StreamLog.sweep``; a stream whose writer lives is left alone."""
        for folder in (self._streams, self._stops, self._readers):
            try:
                file_sweep.remove_expired(folder, older_than)
                if folder == self._streams:
                    file_sweep.make_way(folder)
            except OSError as exc:  # the next sweep will do
                log.error("stream log: cannot sweep: %s", exc.strerror)


def _unavailable(exc: OSError) -> Unavailable:
    log.error("stream log: %s", exc.strerror)
    why = "its disk is full or not writable"
    if isinstance(exc, PermissionError):
        name = os.path.basename(exc.filename or "") or "a file of the stream log"
        why = f"{name} belongs to another user; the log has more"
    return Unavailable(
        f"The server cannot store answers right now ({why}).",
        code="log_unavailable",
    )


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
