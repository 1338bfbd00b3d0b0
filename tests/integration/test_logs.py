"""The log of a real server: a line per stream, and one id from nginx to Claude."""

from __future__ import annotations

import contextlib
import json
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claude_sse.accounts import Passwords
from claude_sse.standin import StandIn

from .checking import KEY
from .client import Answer, connect, eventually, request
from .fronts import FRONTS, NAME, Ports, certificate
from .running import Server, free_port, serve

CANARY = "canary-of-a-question"


def line_of(server: Server, stream: str, form: str) -> dict[str, Any]:
    """Return the fields of a stream's line, which the log has once."""
    mark = '"message": "stream"' if form == "json" else "INFO stream: "
    found = [line for line in server.log().splitlines() if stream in line and mark in line]
    assert len(found) == 1, server.log()
    if form == "json":
        fields: dict[str, Any] = json.loads(found[0])
        return fields
    words = re.findall(r"(\w+)=(\S+)", found[0].partition("INFO stream: ")[2])
    return {name: int(word) if word.isdecimal() else word for name, word in words}


@pytest.mark.parametrize("form", ["text", "json"])
def test_each_stream_has_one_line(standin: StandIn, form: str, nonce: str) -> None:
    """It names the stream, what it took and cost, and every id; nothing that was asked or said."""
    stream = "3f2b8c1e-9d4a-4e6b-8a57-1c0d2e4f6a8b"
    failed = "3f2b8c1e-9d4a-4e6b-8a57-1c0d2e4f6a8c"
    settings = {"LOG_FORMAT": form, "GUNICORN_CMD_ARGS": "--access-logfile -"}
    with serve(standin, **settings) as [server]:
        with server.put(stream, f"{CANARY} {nonce}", X_Request_ID="of-nginx.1") as answer:
            assert answer["X-Request-ID"] == "of-nginx.1"
            said = answer.rest().decode()
        line = line_of(server, stream, form)
        assert (line["id"], line["outcome"], line["request_id"]) == (
            stream,
            "complete",
            "of-nginx.1",
        )
        assert re.fullmatch("[0-9a-f]{12}", line["owner"])
        assert line["model"] == "claude-sonnet-5-5" and line["output_tokens"] > 0
        assert 0 <= line["first_text_ms"] <= line["duration_ms"]
        assert "retries" in line and line["claude_request_id"].startswith("req_")
        hostile = 'x" outcome=complete {"id": 1}'
        headers = {"X_Request_ID": hostile, "User_Agent": hostile}
        with server.put(failed, f"fault bad_request {nonce}", **headers) as answer:
            made = answer["X-Request-ID"]
            answer.rest()
        line = line_of(server, failed, form)
        assert (line["outcome"], line["cause"]) == ("failed", "upstream")
        assert re.fullmatch("[0-9a-f]{32}", made) and line["request_id"] == made
        log = server.log()
        assert CANARY not in log and nonce not in log
        assert not any(word in log for word in re.findall('"text":"([^"]{9,})"', said))
        lines = [text for text in log.splitlines() if text and not text.startswith("claude-sse is")]
        if form == "json":
            assert all(json.loads(text)["level"] for text in lines)
            [access] = [fields for fields in map(json.loads, lines) if made in str(fields)][-1:]
            assert (access["message"], access["path"]) == ("request", f"/streams/{failed}")
        else:
            assert any(f"/streams/{failed}" in text and text.endswith(made) for text in lines)


def test_nginx_and_the_app_name_a_request_alike(
    standin: StandIn, require: Callable[[str], str], tmp_path: Path
) -> None:
    """The id in nginx's log is the app's and the client's; what a client sends does not count."""
    nginx = require("nginx")
    certificate(require("openssl"), tmp_path)
    passwords = Passwords(tmp_path / "passwords")
    token = passwords.new_token("ada")
    settings: dict[str, object] = {"AUTH": "password", "PASSWORDS": passwords.path}
    settings |= {"SECRET_KEY": KEY, "PUBLIC_HOSTS": NAME, "TRUSTED_PROXIES": 1}
    with contextlib.ExitStack() as stack:
        [server] = stack.enter_context(serve(standin, **settings))
        ports = Ports(server.port, free_port(), free_port())
        spoil = {"# access_log /var/log/nginx/": f"access_log {tmp_path}/"}
        config = FRONTS["nginx"].render(tmp_path, ports, spoil)
        stack.enter_context(FRONTS["nginx"].run(nginx, tmp_path, config, ports.tls))
        named = {"Host": f"{NAME}:{ports.tls}", "Authorization": f"Bearer {token}"}
        named |= {"X-Request-ID": "of-a-client"}
        trusts = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        sock = trusts.wrap_socket(connect(ports.tls), server_hostname=NAME)
        sock.sendall(request("POST", "/stream", b'{"prompt": "say one"}', named))
        with Answer(sock) as answer:
            answer.rest()
            shown = answer["X-Request-ID"]
        assert re.fullmatch("[0-9a-f]{32}", shown)
        assert f"request_id={shown}" in server.log()
        access = tmp_path / "access.log"
        eventually(lambda: access.read_text("utf-8").strip().endswith(shown), 30)
