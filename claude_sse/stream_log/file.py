"""Streams as files: one append-only file per stream, shared by the workers of one machine.

A file holds one line with the digest, then exactly the bytes sent. The kernel keeps the state: a
writer holds ``flock`` on its file, so that its death is visible; a reader in another process holds
a shared lock on ``readers/<name>``, so that the writer can see it; a request to stop is an empty
file ``stops/<name>``; the key of the newest stream of a chat is in ``newest/<name>``. There are no
clocks, and a crash leaves nothing to clean up. Readers in the writer's process are woken, readers
in other processes poll every 50 ms. A name is a hash: no value of a request becomes a path.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from ..protocol.errors import Unavailable
from ..system import ownership, syscalls
from ..system.flock import is_locked
from . import file_create, file_newest, file_sweep
from .base import StreamExists, Writer, no_such_stream
from .file_reader import HEADER_BYTES, FileReader
from .file_writer import FileWriter
from .presence import with_readers

log = logging.getLogger(__name__)

#: For how long one check of the disk holds for the requests that follow.
_FRESH_SECONDS = 0.1
#: How often a full disk makes old streams give way to a new one.
_MAKE_ROOM_SECONDS = 10.0


class FileStreamLog:
    """Implements ``base.StreamLog`` in a folder that only this user may read."""

    def __init__(self, folder: Path, ttl_seconds: float) -> None:
        """Make the folder; raises ``OSError`` where no stream can be stored in it."""
        self.ttl_seconds = ttl_seconds
        self._streams, self._stops, self._readers, self._newest = self._folders = [
            str(folder / name) for name in ("log", "stops", "readers", "newest")
        ]
        self._make_folders()
        if not os.access(self._streams, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        file_create.probe(self._streams)
        self._writers: dict[str, FileWriter] = {}  # the writers of this process, by name
        self._checked_at = 0.0
        self._make_room_due = 0.0

    def check(self) -> None:
        """See ``base.StreamLog.check``; folders that were removed are made again."""
        if time.monotonic() - self._checked_at < _FRESH_SECONDS:
            return
        try:
            if not syscalls.exists(self._streams):
                self._make_folders()
            if foreign := ownership.find_foreign(self._folders):
                raise PermissionError(errno.EACCES, ownership.describe(foreign), foreign)
            self._require_room()
            if not os.access(self._streams, os.W_OK):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        except OSError as exc:
            raise _unavailable(exc) from exc
        self._checked_at = time.monotonic()

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
        writer = FileWriter(fd, HEADER_BYTES, digest, path, lambda: self._forget(name))
        self._writers[name] = writer
        return writer

    def open(self, key: str, after: int = 0) -> FileReader:
        """See ``base.StreamLog.open``."""
        name = _name(key)
        writer = self._writers.get(name)
        if writer is not None and writer.failed:
            raise Unavailable(
                "This answer is no longer stored (the server's disk is full or not writable).",
                code="log_unavailable",
            )
        try:
            path = f"{self._streams}/{name}"
            fd = os.open(path, os.O_RDONLY) if writer is None else syscalls.open_known(path)
        except FileNotFoundError:
            raise no_such_stream() from None
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

    def with_readers(self, writers: Iterable[Writer]) -> set[Writer]:
        """See ``base.StreamLog.with_readers``; readers of this process cost no system call."""
        known = cast(Iterable[FileWriter], writers)
        return {*with_readers(known, self._with_remote_readers)}

    def _with_remote_readers(self, writers: list[FileWriter]) -> Iterable[FileWriter]:
        try:
            names = set(os.listdir(self._readers))
        except FileNotFoundError:
            return ()
        except OSError as exc:  # out of file descriptors
            log.error("stream log: %s", exc.strerror)
            return writers
        return [w for w in writers if w.name in names and is_locked(f"{self._readers}/{w.name}")]

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
        except OSError as exc:  # out of file descriptors: the next check will do
            log.error("stream log: %s", exc.strerror)
            return set()
        return {key for key in keys if _name(key) in names} if names else set()

    def newest(self, owner: str, name: str) -> str | None:
        """See ``base.StreamLog.newest``."""
        try:
            key = file_newest.read(self._newest_path(owner, name))
        except OSError as exc:
            raise _unavailable(exc) from exc
        return key if key is not None and self._exists(key) else None

    def set_newest(self, owner: str, name: str, key: str) -> str | None:
        """See ``base.StreamLog.set_newest``."""
        try:
            return file_newest.replace(self._newest_path(owner, name), key)
        except OSError as exc:
            raise _unavailable(exc) from exc

    def take_newest(self, owner: str, name: str) -> str | None:
        """See ``base.StreamLog.take_newest``."""
        try:
            return file_newest.take(self._newest_path(owner, name))
        except OSError as exc:
            raise _unavailable(exc) from exc

    def sweep(self) -> None:
        """See ``base.StreamLog.sweep``; a stream whose writer lives is left alone."""
        for folder in self._folders:
            try:
                if folder == self._newest:
                    file_newest.remove_expired(folder, self.ttl_seconds, self._exists)
                else:
                    file_sweep.remove_expired(folder, self.ttl_seconds)
                if folder == self._streams:
                    file_sweep.make_room(folder)
            except OSError as exc:  # the next sweep will do
                log.error("stream log: cannot sweep: %s", exc.strerror)

    def measures(self) -> Mapping[str, float]:
        """See ``base.StreamLog.measures``; there is nothing that the disk's own metrics lack."""
        return {}

    def _exists(self, key: str) -> bool:
        return syscalls.exists(f"{self._streams}/{_name(key)}")

    def _newest_path(self, owner: str, name: str) -> str:
        return f"{self._newest}/{_name(f'{len(owner)} {owner} {name}')}"

    def _make_folders(self) -> None:
        for path in self._folders:
            ownership.make_folder(path)

    def _require_room(self) -> None:
        if file_sweep.free_bytes(self._streams) >= file_sweep.RESERVE_BYTES:
            return
        now = time.monotonic()
        if now >= self._make_room_due:
            self._make_room_due = now + _MAKE_ROOM_SECONDS
            file_sweep.make_room(self._streams)
        if file_sweep.free_bytes(self._streams) < file_sweep.RESERVE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _forget(self, name: str) -> None:
        self._writers.pop(name, None)
        for folder in (self._stops, self._readers):
            if syscalls.exists(path := f"{folder}/{name}"):  # rarely
                file_sweep.remove(path)


def _unavailable(exc: OSError) -> Unavailable:
    log.error("stream log: %s", exc.strerror)
    reason = "its disk is full or not writable"
    if isinstance(exc, PermissionError):
        name = os.path.basename(exc.filename or "") or "a file of the stream log"
        reason = f"{name} belongs to another user; the log has more"
    return Unavailable(
        f"The server cannot store answers right now ({reason}).",
        code="log_unavailable",
    )


def _name(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
