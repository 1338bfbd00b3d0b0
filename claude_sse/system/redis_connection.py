"""Connections to Redis or Valkey; besides ``*/redis*`` this is where redis-py is used.

redis-py connects: AUTH, TLS, the database, Sentinel. ``client`` is its client, for commands that
are asked now and then. A ``Wire`` is one connection of it whose bytes are ours: a whole operation
on it has one deadline, where redis-py has one for each read.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import time
from collections.abc import Iterable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from .redis_address import RedisAddress
from .resp import Push, Replies, ReplyError, command

#: What redis-py raises where Redis refuses, is slow, or cannot be reached.
FAILURES = (redis.RedisError, OSError)
CONNECT_SECONDS = 1.0
#: For one reply, also while signing in.
REPLY_SECONDS = 1.0
_SENTINEL_SECONDS = 0.5
#: Every thread of a worker may have one.
_MOST_CONNECTIONS = 10_000
_NEEDED = (7, 0)
_RECEIVE_BYTES = 1 << 18


class RedisDown(Exception):
    """Redis cannot be used now; the text says why, and may be logged."""


class RedisMisconfigured(ValueError):
    """Redis will refuse this server until a person changes something; the text says what."""


class RedisServer:
    """One Redis and how it is reached; thread-safe. Makes no connection before it is asked to."""

    def __init__(self, address: RedisAddress) -> None:
        self.address = address
        #: redis-py's client; it raises ``FAILURES``, and repeats nothing by itself.
        self.client = _client(address)

    def connect(self, within: float = REPLY_SECONDS) -> Wire:
        """Return a new connection; raises ``RedisDown`` or ``RedisMisconfigured``.

        ``within`` is for the address, and again for each reply while it signs in.
        The first sentinel that answers says where. A server may be a replica, and refuse writes.
        """
        pool = self.client.connection_pool
        patience = {
            "socket_connect_timeout": min(CONNECT_SECONDS, within),
            "socket_timeout": min(REPLY_SECONDS, within),
        }
        connection = pool.connection_class(**{**pool.connection_kwargs, **patience})
        try:
            connection.connect()
            greeting = connection.handshake_metadata
            _refuse_unusable(greeting, self.address)
        except FAILURES as exc:
            connection.disconnect()
            raise _explain(exc, self.address) from exc
        except BaseException:
            connection.disconnect()
            raise
        return Wire(connection)

    def check(self) -> str:
        """Connect once and return the ``maxmemory-policy``, ``""`` where INFO is not allowed.

        Leaves no connection; raises like ``connect``.
        """
        with contextlib.closing(self.connect()) as wire:
            (memory,) = wire.try_all(command(b"INFO", b"memory"))
        text = memory if isinstance(memory, bytes) else b""
        found = re.search(rb"maxmemory_policy:([\w-]+)", text)
        return found[1].decode() if found else ""


class Wire:
    """One connection to Redis, for one thread at a time."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection  # closes its socket when it is forgotten
        #: Tells the owner of a connection whether it may still be used.
        self.generation = 0
        self.socket = connection._get_socket()
        self._replies = Replies()

    def ask(self, *commands: bytes, within: float = REPLY_SECONDS) -> list[Any]:
        """Send these commands together and return their replies; see ``resp``.

        A SUBSCRIBE or UNSUBSCRIBE of one channel has its confirmation as its reply. Raises
        ``ReplyError`` for the first command that was refused, and ``RedisDown`` where not all
        replies have come in time, ``within`` seconds; then nothing more may be asked.
        """
        replies = self.try_all(*commands, within=within)
        for reply in replies:
            if isinstance(reply, ReplyError):
                raise reply
        return replies

    def try_all(self, *commands: bytes, within: float = REPLY_SECONDS) -> list[Any]:
        """Like ``ask``, but return a refusal in its place."""
        deadline = time.monotonic() + within
        found: list[Any] = []
        try:
            self.socket.settimeout(within)
            self.socket.sendall(b"".join(commands))
            while len(found) < len(commands):
                self.socket.settimeout(max(0.001, deadline - time.monotonic()))
                found += [r for r in self._receive() if _is_reply(r)]
        except TimeoutError as exc:
            raise RedisDown(f"no reply within {within:.1f} s") from exc
        except (OSError, ValueError) as exc:
            raise RedisDown(getattr(exc, "strerror", None) or str(exc)) from exc
        return found

    def _receive(self) -> Iterable[Any]:
        data = self.socket.recv(_RECEIVE_BYTES)
        if not data:
            raise ConnectionResetError("the connection was closed")
        self._replies.feed(data)
        return self._replies

    def send(self, data: bytes) -> None:
        """Send a command whose reply comes later, or never; raises ``RedisDown``."""
        try:
            self.socket.settimeout(REPLY_SECONDS)
            self.socket.sendall(data)
        except OSError as exc:
            raise RedisDown(exc.strerror or str(exc)) from exc

    def receive_now(self) -> list[Any]:
        """Return what has come without being asked; raises ``RedisDown``."""
        self.socket.settimeout(0.0)
        found: list[Any] = []
        try:
            while True:
                found += self._receive()
        except (BlockingIOError, ssl.SSLWantReadError):
            return found
        except (OSError, ValueError) as exc:
            raise RedisDown(getattr(exc, "strerror", None) or str(exc)) from exc

    def close(self) -> None:
        """Close it; may be called twice, from any thread."""
        with contextlib.suppress(OSError):
            self._connection.disconnect()


def _is_reply(reply: Any) -> bool:
    return not isinstance(reply, Push) or reply[0] in (b"subscribe", b"unsubscribe")


def _client(address: RedisAddress) -> redis.Redis:
    options: dict[str, Any] = {
        "protocol": 3,
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": REPLY_SECONDS,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
        "driver_info": None,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        "max_connections": _MOST_CONNECTIONS,
    }
    if address.is_tls:
        options |= {"ssl": True, **dict(address.tls_files)}
    account: dict[str, Any] = {
        "username": address.user or None,
        "password": address.password or None,
    }
    if not address.service:
        (host, port) = address.hosts[0]
        return redis.Redis(host, port, address.database, **{**options, **account})
    seconds = dict.fromkeys(("socket_connect_timeout", "socket_timeout"), _SENTINEL_SECONDS)
    user, password = address.sentinel_user or None, address.sentinel_password or None
    quick = {**options, **seconds, "username": user, "password": password}
    find: Any = Sentinel(address.hosts, sentinel_kwargs=quick)  # type: ignore[no-untyped-call]
    found: redis.Redis = find.master_for(address.service, db=address.database, **account, **options)
    return found


def _refuse_unusable(greeting: Any, address: RedisAddress) -> None:
    """Raise for a server that answers HELLO, and that we cannot use."""
    said = {_text(key): _text(value) for key, value in dict(greeting).items()}
    version = tuple(int(n) for n in re.findall(r"\d+", said.get("version", ""))[:2])
    if said.get("mode") == "cluster":
        raise RedisMisconfigured(
            f"{address} is a node of a Redis Cluster, which is not supported yet: "
            "name a single server, or one with sentinels."
        )
    if version < _NEEDED:
        raise RedisMisconfigured(
            f"{address} is version {said.get('version', '?')}: Redis 7.0 or Valkey 8 is needed."
        )


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _explain(exc: BaseException, address: RedisAddress) -> Exception:
    """Return what a failed connection means; no text of Redis's own holds the password."""
    if isinstance(exc, redis.AuthenticationError | redis.exceptions.NoPermissionError):
        reason = _first_line(exc) if "HELLO" not in str(exc) else "it needs a password"
        return RedisMisconfigured(
            f"{address} refuses the user or the password of STREAM_LOG ({reason})."
        )
    if isinstance(exc, MasterNotFoundError):  # its text describes every object it tried
        return RedisDown(f"no sentinel of {address} names a server that takes writes")
    for cause in _causes(exc):
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", None) or cause.reason or "TLS failed"
            return RedisMisconfigured(
                f"{address}: no TLS connection ({reason}): ssl_ca_certs=/path names the "
                "certificate of its authority; redis:// is without TLS."
            )
        if isinstance(cause, FileNotFoundError | PermissionError):
            return RedisMisconfigured(f"{address}: {cause.strerror}: {cause.filename}")
    if isinstance(exc, redis.ResponseError) and not isinstance(
        exc, redis.exceptions.ReadOnlyError | redis.exceptions.BusyLoadingError
    ):
        return RedisMisconfigured(f"{address} refuses the connection ({_first_line(exc)}).")
    return RedisDown(_first_line(exc))


def _causes(exc: BaseException | None) -> Iterable[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def _first_line(exc: BaseException) -> str:
    return str(exc).partition("\n")[0].rstrip(". ") or type(exc).__name__
