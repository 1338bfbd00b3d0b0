"""The address of a Redis or Valkey server, as ``STREAM_LOG`` names it.

::

    redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]
    rediss://…?ssl_ca_certs=/path          TLS; also ssl_certfile and ssl_keyfile
    redis+sentinel://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]]…/SERVICE[/DATABASE]
    …?sentinel_user=…&sentinel_password=…  where the sentinels ask for them, too
    rediss+sentinel://…                    TLS to the server and to the sentinels

What is not a letter, a digit or one of ``-._~`` in a name or password is percent-encoded. Nothing
here imports redis-py, so that an installation without Redis does not pay for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

PORT, SENTINEL_PORT = 6379, 26379
_ADDRESS = re.compile(
    r"(?P<scheme>rediss?(\+sentinel|\+cluster)?)://"
    r"((?P<user>[^:@/?#]*)(:(?P<password>[^@/?#]*))?@)?"
    r"(?P<hosts>[^@/?#]+)(?P<path>(/[^/?#]*)*)(\?(?P<query>[^#]*))?",
    re.ASCII,
).fullmatch
_HOST = re.compile(r"(\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<name>[A-Za-z0-9._-]+))(:(?P<port>\d{1,5}))?")
_TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_SENTINEL_OPTIONS = ("sentinel_user", "sentinel_password")
_FORM = "an address such as redis://:password@127.0.0.1:6379/0"


@dataclass(frozen=True)
class RedisAddress:
    """Where a Redis is and how to sign in; ``str`` of it holds no secret."""

    #: The server, or its sentinels.
    hosts: tuple[tuple[str, int], ...]
    #: The name under which sentinels know the server; empty where ``hosts`` is the server itself.
    service: str = ""
    database: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    is_tls: bool = False
    sentinel_user: str = ""
    sentinel_password: str = field(default="", repr=False)
    #: The files of ssl_ca_certs, ssl_certfile and ssl_keyfile.
    tls_files: tuple[tuple[str, str], ...] = ()
    #: What every key and channel begins with; a colon follows it.
    prefix: str = "csse"

    def __str__(self) -> str:
        scheme = ("rediss" if self.is_tls else "redis") + ("+sentinel" if self.service else "")
        hosts = ",".join(f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in self.hosts)
        service = f"/{self.service}" if self.service else ""
        return f"{scheme}://{hosts}{service}/{self.database}"


def parse(value: str, prefix: str = "csse") -> RedisAddress:
    """Return the address that this URL names; raises ``ValueError`` with what it must be."""
    parts = _ADDRESS(value)
    if parts is None:
        raise ValueError(_FORM)
    scheme, user, password = parts["scheme"], parts["user"] or "", parts["password"]
    if scheme.endswith("+cluster"):
        raise ValueError(
            "a single server or one with sentinels (redis://, redis+sentinel://): Redis Cluster "
            "is not supported yet"
        )
    if user and password is None:
        raise ValueError("with a password after the user (redis://user:password@host)")
    is_tls, is_sentinel = scheme.startswith("rediss"), scheme.endswith("+sentinel")
    names = parts["path"].strip("/").split("/") if parts["path"].strip("/") else []
    options = _options(parts["query"] or "", is_tls, is_sentinel)
    service = unquote(names.pop(0)) if is_sentinel and names else ""
    if is_sentinel and not service:
        raise ValueError(
            "with the name of the service (redis+sentinel://host1,host2,host3/mymaster/0)"
        )
    return RedisAddress(
        hosts=_hosts(parts["hosts"], is_sentinel),
        service=service,
        database=_database(names),
        user=unquote(user),
        password=unquote(password or ""),
        is_tls=is_tls,
        sentinel_user=options.pop("sentinel_user", ""),
        sentinel_password=options.pop("sentinel_password", ""),
        tls_files=tuple(options.items()),
        prefix=prefix,
    )


def _hosts(text: str, is_sentinel: bool) -> tuple[tuple[str, int], ...]:
    found = [_HOST.fullmatch(host) for host in text.split(",")]
    default = SENTINEL_PORT if is_sentinel else PORT
    hosts = tuple((m["v6"] or m["name"], int(m["port"] or default)) for m in found if m)
    if len(hosts) != len(found) or not all(0 < port < 65_536 for _, port in hosts):
        raise ValueError(_FORM)
    if len(hosts) > 1 and not is_sentinel:
        raise ValueError("one host; several are sentinels (redis+sentinel://host1,host2/service)")
    return hosts


def _database(names: list[str]) -> int:
    if len(names) > 1 or not all(re.fullmatch(r"\d{1,5}", name, re.ASCII) for name in names):
        raise ValueError("with the number of a database, such as /0, at its end or none")
    return int(names[0]) if names else 0


def _options(query: str, is_tls: bool, is_sentinel: bool) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    known = (_TLS_OPTIONS if is_tls else ()) + (_SENTINEL_OPTIONS if is_sentinel else ())
    for name, value in options.items():
        if name in _TLS_OPTIONS and not is_tls:
            raise ValueError(f"rediss:// where it names {name}")
        if name not in known:
            raise ValueError(f"without options but {', '.join(_TLS_OPTIONS + _SENTINEL_OPTIONS)}")
        if name in _TLS_OPTIONS and not value.startswith("/"):
            raise ValueError(f"with an absolute path as {name}")
    return options
