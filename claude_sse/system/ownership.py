"""File ownership: a file that root makes belongs to the owner of its folder.

An administrator's command as root, or a server that was once started as root, must not leave files
that the service cannot read or write.
"""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterable


def adopt(fd: int, path: str | os.PathLike[str]) -> None:
    """Give a new file at ``path``, open as ``fd``, to the owner of its folder."""
    if os.geteuid() == 0:
        _give(fd, os.stat(os.path.dirname(path) or "."))


def create(path: str | os.PathLike[str], flags: int = 0) -> int:
    """Return a new file, open and private to its owner; raises ``FileExistsError``."""
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | flags, 0o600)
    adopt(fd, path)
    return fd


def open_or_create(path: str | os.PathLike[str]) -> int:
    """Return the file, open; a missing one is made, private to its owner."""
    with contextlib.suppress(FileExistsError):
        return create(path)
    return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)


def make_folder(path: str | os.PathLike[str]) -> None:
    """Make a folder, private to its owner, and the missing folders above it."""
    if not os.path.isdir(path):
        above = os.path.dirname(os.path.abspath(path))
        make_folder(above)
        try:
            os.mkdir(path, 0o700)
            _adopt_folder(path, above)
        except FileExistsError:  # another worker made it, or it is not a folder
            if not os.path.isdir(path):
                raise


def _adopt_folder(path: str | os.PathLike[str], above: str) -> None:
    if os.geteuid() == 0:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _give(fd, os.stat(above))
        finally:
            os.close(fd)


def _give(fd: int, owner: os.stat_result) -> None:
    is_shared = owner.st_mode & 0o1000  # sticky: /tmp and its like
    if owner.st_uid != 0 and not is_shared:
        os.fchown(fd, owner.st_uid, owner.st_gid)


def find_foreign(paths: Iterable[str | os.PathLike[str]]) -> str:
    """Return the first of these paths that exists and this user may not use, or ""."""
    for path in paths:
        wanted = os.R_OK | os.W_OK | (os.X_OK if os.path.isdir(path) else 0)
        if os.path.exists(path) and not os.access(path, wanted):
            return os.fspath(path)
    return ""


def describe(path: str) -> str:
    """Return a sentence for the log about a file that this user may not use."""
    try:
        status = os.stat(path)
    except OSError as exc:
        return str(exc)
    owner, mode = _user_name(status.st_uid), f"{status.st_mode & 0o777:o}"
    user = _user_name(os.geteuid())
    return f"{path} belongs to {owner} (mode {mode}), and {user} may not use it: chown it to {user}"


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
