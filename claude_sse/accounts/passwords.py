"""The file of passwords: a line for each name and each token, nothing but hashes in it.

::

    password ada scrypt:32768:8:1$...
    token ada 9f86d0...

``script/password`` writes it; it is read anew whenever it has changed, so that a new password, or a
name that is gone, counts at once. A file that cannot be read lets nobody in.
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

from ..config.validators import ConfigError
from ..protocol.errors import Unavailable
from ..system import ownership
from .names import is_name, normal

log = logging.getLogger(__name__)

SHORTEST, LONGEST = 10, 1000
#: A check takes 32 MB and a tenth of a second.
_AT_ONCE = threading.BoundedSemaphore(2)
_LINE = re.compile(r"(password|token) (\S+) (\S+)")


class Passwords:
    """Names with passwords and tokens, as the file has them now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[object, dict[tuple[str, str], str]] = (None, {})

    def check_file(self) -> None:
        """Raise ``ConfigError`` where nobody could sign in, or others can read the hashes."""
        _nobody()  # now, or the first name that does not exist would take twice as long
        try:
            mode = self.path.stat().st_mode
            lines = self._load()
        except OSError as exc:
            raise ConfigError(
                f"AUTH=password needs the file of passwords {self.path} ({exc.strerror}): "
                "make it with script/password NAME."
            ) from exc
        if mode & 0o077:
            raise ConfigError(f"{self.path} can be read by others: chmod 600 {self.path}")
        if not lines:
            raise ConfigError(f"{self.path} has nobody in it: script/password NAME adds a name.")

    def check(self) -> None:
        """Raise ``Unavailable`` where the file cannot be read now, so that nobody can sign in."""
        try:
            self._load()
        except (OSError, ConfigError) as exc:
            log.error("passwords: nobody can sign in: %s", exc)
            raise Unavailable(
                f"Nobody can sign in now: {self.path.name} cannot be read; the log says why.",
                code="sign_in_unavailable",
            ) from exc

    def is_right(self, name: str, password: str) -> bool:
        """Tell whether this is the password of this name; takes as long where there is no name."""
        known = self._lines().get(("password", normal(name)))
        with _AT_ONCE:
            return check_password_hash(known or _nobody(), _normal(password)) and known is not None

    def fingerprint_of(self, name: str) -> str:
        """Return the hash of this name's password, or "" where it has none."""
        return self._lines().get(("password", normal(name)), "")

    def name_of_token(self, token: str) -> str | None:
        """Return whose token this is."""
        digest = _digest(token)
        for (kind, name), known in self._lines().items():
            if kind == "token" and secrets.compare_digest(known, digest):
                return name
        return None

    def set_password(self, name: str, password: str) -> None:
        """Give this name a password, instead of the one it has."""
        self._write({("password", normal(name)): generate_password_hash(_normal(password))})

    def new_token(self, name: str) -> str:
        """Return a token for this name, instead of the one it has; only its hash is kept."""
        token = secrets.token_urlsafe(32)
        self._write({("token", normal(name)): _digest(token)})
        return token

    def delete(self, name: str) -> bool:
        """Remove this name and its token; tell whether it was there."""
        name = normal(name)
        return self._write({("password", name): "", ("token", name): ""})

    def _lines(self) -> dict[tuple[str, str], str]:
        try:
            status = self.path.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._read[0] != stamp:
                self._read = (stamp, self._load())
        except (OSError, ConfigError) as exc:
            log.error("passwords: nobody can sign in: %s", exc)
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
                raise ConfigError(f"{self.path}: line {number} is none that script/password wrote.")
            if (match[1], name) in lines:
                raise ConfigError(
                    f"{self.path}: line {number} has {name} a second time (in whatever case): "
                    "remove one of the two lines."
                )
            lines[match[1], name] = match[3]
        return lines

    def _write(self, changes: dict[tuple[str, str], str]) -> bool:
        ownership.make_folder(self.path.parent)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # two at once must not undo each other
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
    """Let the new file be whose the old one was, with its mode."""
    os.fchmod(fd, before.st_mode & 0o777)
    if os.geteuid() == 0:
        os.fchown(fd, before.st_uid, before.st_gid)


@cache
def _nobody() -> str:
    """Return what a name that does not exist is checked against, so that it takes as long."""
    return generate_password_hash(secrets.token_urlsafe())


def _normal(password: str) -> str:
    """One keyboard writes é as one character, the next as two."""
    return unicodedata.normalize("NFC", password)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
