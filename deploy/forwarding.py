"""What the proxies hand on: the Host, scheme and address of the client, and all paths."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urljoin, urlsplit

from recognition import through
from visitor import Reply, Site, Skipped, Wrong

STRANGER = "evil.example"
#: An address that no machine has (RFC 5737), as often as proxies can be trusted.
FORGED = "192.0.2.77"
#: Links to other sites are not the page's own.
_FILES = re.compile(rb'(?:href|src)="(?!https?:)([^"#]+)"')
_RIGHT = ("javascript", "css", "svg", "manifest", "png", "json")


def host(site: Site) -> str:
    """Another name in Host does not get to the app, or is refused there."""
    try:
        replies = [site.ask("GET", "/", Host=STRANGER)]
        replies.append(site.ask("POST", "/stream", b"{}", Host=STRANGER))
    except (OSError, http.client.HTTPException):
        return "another host name gets no answer"
    for reply in replies:
        if STRANGER in reply.headers.get("Location", ""):
            raise Wrong(
                f"it leads clients that ask for {STRANGER} there: redirect to your own name"
            )
        if reply.is_ours and reply.code != "host_not_allowed":
            raise Wrong(
                f"the app answers to any host name ({reply.status} for {STRANGER}): hand on the "
                "client's Host as it is (nginx: proxy_set_header Host $http_host; Apache: "
                "ProxyPreserveHost On)"
            )
    if replies[0].is_ours:
        return "another host name is refused by the app"
    if replies[0].status == 401 and not site.signed:
        raise Skipped("seen only after signing in; give --header 'Name: value' (see --help)")
    return f"another host name does not get to the app ({replies[0].origin})"


def proxies(site: Site) -> str:
    """The app knows scheme, name and address of the client, whatever the client says."""
    if site.tls or site.local:
        _check_origin(site)
    reply = site.ask("GET", "/healthz?client", X_Forwarded_For=_often(FORGED), **_forged(site))
    if not reply.is_ours or "address" not in reply.object:
        return "scheme and name are known to the app; /healthz is hidden, so not the address"
    _check_client(site, reply)
    return f"the app sees {reply.object['scheme']} from {reply.object['address']}"


def _check_origin(site: Site) -> None:
    """An older browser says no more than its Origin; the app must know it for its own."""

    def is_refused(scheme: str) -> bool:
        reply = site.ask("POST", "/stream", b"{}", Origin=f"{scheme}://{site.name}")
        return through(site, reply).code == "cross_site"

    if not is_refused("https" if site.tls else "http"):
        return
    if site.tls and not is_refused("http"):
        raise Wrong(
            "the app takes TLS for plain HTTP, so its cookie is not Secure: set TRUSTED_PROXIES to "
            "the number of proxies, and let each of them send X-Forwarded-Proto"
        )
    raise Wrong(
        f"the app is called by another name than {site.name}: hand on the client's Host with its "
        "port (nginx: proxy_set_header Host $http_host; Apache: ProxyPreserveHost On)"
    )


def _check_client(site: Site, reply: Reply) -> None:
    address, scheme = reply.object["address"], reply.object["scheme"]
    if address == FORGED:
        raise Wrong(
            "a client may choose its address, so nothing slows guessing passwords: the last proxy "
            "must set X-Forwarded-For, and TRUSTED_PROXIES be no more than there are"
        )
    if scheme != ("https" if site.tls else "http"):
        raise Wrong("a client may choose its scheme: the last proxy must set X-Forwarded-Proto")
    if reply.object["protocol"] == "HTTP/1.0":
        raise Wrong(
            "the app is asked by HTTP/1.0, where an answer that is cut looks whole: "
            "proxy_http_version 1.1"
        )


def _forged(site: Site) -> dict[str, str]:
    return {"X-Forwarded-Proto": _often("http" if site.tls else "https")}


def _often(value: str) -> str:
    return ", ".join([value] * 9)


def files(site: Site) -> str:
    """What the page is made of lies where the page says, and that is under the site's own path."""
    reply = through(site, site.ask("GET", "/"))
    if reply.status == 303:
        reply = through(site, site.ask("GET", "/login", signed=False))
    own = f"{'https' if site.tls else 'http'}://{site.name}{site.prefix}/"
    names = {urljoin(own, found.decode()) for found in _FILES.findall(reply.body)}
    if not names:
        raise Skipped("there is no page, only a refusal")
    for name in sorted(names):
        if not name.startswith(own):
            raise Wrong(
                f"the page names {urlsplit(name).path}, which is not under {site.prefix}/: set "
                f"SCRIPT_NAME={site.prefix or '/path'} in the app's environment, and hand on the "
                "path as it is"
            )
    for name in {name.rpartition(".")[2]: name for name in names}.values():
        _check_file(site, name.removeprefix(own.rstrip("/")))  # one of each kind
    return f"the page's files are where it says, {len(names)} of them"


def _check_file(site: Site, path: str) -> None:
    found = site.ask("GET", path)
    kind = found.headers.get("Content-Type", "")
    if found.status != 200 or not any(word in kind for word in _RIGHT):
        raise Wrong(
            f"the page's file {path} got {found.origin} {kind}: hand all paths on to the app"
        )
