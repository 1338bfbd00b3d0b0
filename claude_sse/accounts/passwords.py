"""The file of passwords: one line for each password and each token, as hashes.

::

    password ada scrypt:32768:8:1$...
    token ada 9f86d0...

The command ``password`` writes it; it is read again whenever it has changed, so that a new password
or a removed name takes effect immediately. A file that cannot be read lets no one sign in.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import secrets
import threading
import unicodedata
from functools import cache
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

from ..config import installation
from ..config.settings import ConfigError
from ..protocol.errors import Unavailable
from ..system import ownership
from .names import is_name, normal

log = logging.getLogger(__name__)

SHORTEST, LONGEST = 10, 1000
#: scrypt is expensive by design; see docs/performance.md.
_CONCURRENT_CHECKS = threading.BoundedSemaphore(2)
_COMMAND = installation.command("password")
_LINE = re.compile(r"(password|token) (\S+) (\S+)")


class Passwords:
    """Names with passwords and tokens, as the file has them now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[object, dict[tuple[str, str], str]] = (None, {})

    def check_file(self) -> None:
        """Raise ``ConfigError`` where sign-in is impossible, or other users can read the hashes."""
        _decoy_hash()  # otherwise the first unknown name would take twice as long
        try:
            mode = self.path.stat().st_mode
            lines = self._load()
        except OSError as exc:
            raise ConfigError(
                f"AUTH=password needs the file of passwords {self.path} ({exc.strerror}): "
                f"make it with {_COMMAND} NAME."
            ) from exc
        if mode & 0o077:
            raise ConfigError(f"{self.path} can be read by other users: chmod 600 {self.path}")
        if not lines:
            raise ConfigError(f"{self.path} contains no name: {_COMMAND} NAME adds one.")

    def check(self) -> None:
        """Raise ``Unavailable`` where the file cannot be read now, so that no one can sign in."""
        try:
            self._load()
        except (OSError, ConfigError) as exc:
            log.error("passwords: no one can sign in: %s", exc)
            raise Unavailable(
                f"No one can sign in right now: {self.path.name} cannot be read; the log says why.",
                code="sign_in_unavailable",
            ) from exc

    def is_right(self, name: str, password: str) -> bool:
        """Return whether this is the password of this name; an unknown name takes as long."""
        known = self._lines().get(("password", normal(name)))
        with _CONCURRENT_CHECKS:
            is_match = check_password_hash(known or _decoy_hash(), _normal(password))
        return is_match and known is not None

    def fingerprint_of(self, name: str) -> str:
        """Return the hash of this name's password, or "" where it has none."""
        return self._lines().get(("password", normal(name)), "")

    def name_of_token(self, token: str) -> str | None:
        """Return the name whose token this is, or None."""
        digest = _digest(token)
        for (kind, name), known in self._lines().items():
            if kind == "token" and secrets.compare_digest(known, digest):
                return name
        return None

    def set_password(self, name: str, password: str) -> None:
        """Set the password of this name, replacing the one it has."""
        self._write({("password", normal(name)): generate_password_hash(_normal(password))})

    def new_token(self, name: str) -> str:
        """Return a new token for this name, replacing the one it has; only its hash is stored."""
        token = secrets.token_urlsafe(32)
        self._write({("token", normal(name)): _digest(token)})
        return token

    def delete(self, name: str) -> bool:
        """Remove this name and its token; return whether it existed."""
        name = normal(name)
        return self._write({("password", name): "", ("token", name): ""})

    def _lines(self) -> dict[tuple[str, str], str]:
        try:
            status = self.path.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._read[0] != stamp:
                self._read = (stamp, self._load())
        except (OSError, ConfigError) as exc:
            log.error("passwords: no one can sign in: %s", exc)
            self._read = (None, {})
        return self._read[1]

    def _load(self) -> dict[tuple[str, str], str]:
        lines = {}
        text = self.path.read_text("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            match = _LINE.fullmatch(line.strip())
            name = normal(match[2]) if match else ""
            if match is None or not is_name(name):
                raise ConfigError(f"{self.path}: line {number} was not written by {_COMMAND}.")
            if (match[1], name) in lines:
                raise ConfigError(
                    f"{self.path}: line {number} repeats {name} (upper and lower case count "
                    "as the same): remove one of the two lines."
                )
            lines[match[1], name] = match[3]
        return lines

    def _write(self, changes: dict[tuple[str, str], str]) -> bool:
        ownership.make_folder(self.path.parent)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # two writers must not undo each other's change
            return self._rewrite(changes)
        finally:
            os.close(folder)

    def _rewrite(self, changes: dict[tuple[str, str], str]) -> bool:
        before = self._load() if self.path.exists() else {}
        lines = {key: value for key, value in {**before, **changes}.items() if value}
        if lines == before:
            return False
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        fd = ownership.create(draft)
        with open(fd, "w", encoding="utf-8") as file:
            if self.path.exists():
                _keep_owner(fd, self.path.stat())
            file.writelines(f"{kind} {name} {value}\n" for (kind, name), value in lines.items())
        os.replace(draft, self.path)
        return True


def _keep_owner(fd: int, before: os.stat_result) -> None:
    """Give the new file the mode and owner of the old one."""
    os.fchmod(fd, before.st_mode & 0o777)
    if os.geteuid() == 0:
        os.fchown(fd, before.st_uid, before.st_gid)


@cache
def _decoy_hash() -> str:
    """Return a hash for unknown names, so that checking them takes as long."""
    return generate_password_hash(secrets.token_urlsafe())


def _normal(password: str) -> str:
    """Return the password in NFC: keyboards write é as one character or as two."""
    return unicodedata.normalize("NFC", password)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
