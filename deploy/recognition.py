"""Whether it is the app that answers; where it is not, what answers in its place, said once."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from visitor import Reply, Site, Skipped, Wrong

_LEADS_ON = (301, 302, 303, 307, 308)
_TITLE = re.compile(rb"<title>\s*(.{1,80}?)\s*</title>", re.IGNORECASE | re.DOTALL)


def app(site: Site) -> str:
    """Say that the app is there, or a sign-on in front of it; everything else is tried after it."""
    reply = site.ask("GET", "/")
    if reply.is_ours:
        _refuse_refusals(site, reply)
        return "claude-sse answers"
    if reply.status == 401:
        if site.signed:
            raise Wrong("the sign-in given by --header is not accepted: check its name and value")
        return "a sign-on stands in front of it"
    if reply.status in _LEADS_ON:
        return _follow(site, reply)
    raise _not_the_app(site, reply)


def through(site: Site, reply: Reply) -> Reply:
    """Return the reply if the app wrote it; behind a sign-on nothing can be seen."""
    if reply.is_ours:
        return reply
    if reply.status in (*_LEADS_ON, 401, 403) and not site.signed:
        raise Skipped("seen only after signing in; give --header 'Name: value' (see --help)")
    raise _not_the_app(site, reply)


def who(site: Site) -> str:
    """A client that has signed in is let in."""
    if not site.signed:
        raise Skipped("a stranger; with --header 'Name: value' it sees more (see --help)")
    reply = through(site, site.ask("GET", "/models"))
    if reply.status == 401:
        raise Wrong("the sign-in given by --header is not accepted: check its name and value")
    if reply.status in (400, 403):
        raise Wrong(f"the app refuses what --header gives: {reply.object.get('error', '')}")
    return "the sign-in given by --header is accepted"


def _refuse_refusals(site: Site, reply: Reply) -> None:
    said = str(reply.object.get("error", ""))
    if reply.code == "host_not_allowed":
        raise Wrong(
            f"the app does not answer to {site.host}: name it in PUBLIC_HOSTS, and let what stands "
            "in front hand on the Host that the client sent"
        )
    if "AUTH=none" in said or reply.status >= 500:
        raise Wrong(f"the app answers {reply.status}: {said}")


def _follow(site: Site, reply: Reply) -> str:
    """A redirect that is not the app's leads to a sign-on, or away."""
    location = reply.headers.get("Location", "")
    leads_to = urlsplit(urljoin(f"https://{site.name}{site.prefix}/", location))
    if reply.status in (301, 308) or site.signed:
        raise Wrong(
            f"it leads to {location} ({reply.origin}), and is not claude-sse: check that address, "
            "or hand the path on to the app"
        )
    return f"a sign-on stands in front of it, at {leads_to.netloc}{leads_to.path}"


def _not_the_app(site: Site, reply: Reply) -> Wrong:
    if reply.status in (502, 503, 504):
        return Wrong(
            f"what stands in front cannot reach the app ({reply.origin}): start the app, and see "
            f"that the proxy asks its HOST and PORT for this name and the path {site.prefix}/"
        )
    title = _TITLE.search(reply.body)
    shown = title[1].decode("utf-8", "replace") if title else ""
    what = f"the page “{' '.join(shown.split())}”" if shown else "another answer"
    what = "nothing" if not reply.body.strip() else what
    return Wrong(
        f"this is not claude-sse but {what} ({reply.origin}): let the name {site.host} and the "
        f"path {site.prefix}/ lead to the app"
    )
