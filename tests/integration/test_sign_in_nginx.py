"""AUTH=password behind nginx with ``deploy/nginx.conf``: TLS, and no sign-on of the proxy's."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable
from pathlib import Path

from claude_sse.accounts import Passwords
from claude_sse.standin import StandIn

from .client import Answer
from .running import free_port, new_id, serve
from .test_nginx import Front, certificate, people, rendered, running

SECRET = "0123456789abcdefghijklmnopqrstuv"


def test_the_app_signs_in_behind_nginx(
    standin: StandIn, require: Callable[[str], str], tmp_path: Path, nonce: str
) -> None:
    """The session is the app's, Secure and under a __Host- name; names cannot be forged."""
    certificate(require("openssl"), tmp_path)
    people(require("openssl"), tmp_path)  # for the includes of a sign-on that is then taken out
    passwords = Passwords(tmp_path / "passwords")
    passwords.set_password("ada", "the first engine")
    settings = {"AUTH": "password", "PASSWORDS": passwords.path, "TRUSTED_PROXIES": 1}
    settings |= {"SECRET_KEY": SECRET, "PUBLIC_HOSTS": "chat.example.com"}
    port, plain_port = free_port(), free_port()
    with serve(standin, WORKERS=2, HEARTBEAT_SECONDS=0.5, **settings) as [app]:
        config = rendered(tmp_path, app.port, port, plain_port)
        config = re.sub(
            r"(?m)^ *(auth_basic|proxy_set_header Authorization|include).*\n", "", config
        )
        config = config.replace("$remote_user;", '"";')
        with running(require("nginx"), tmp_path, config, port):
            tls = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
            front = Front(port, plain_port, tls, app)
            own = {"Origin": f"https://chat.example.com:{port}", "Sec_Fetch_Site": "same-origin"}

            def ask(method: str, path: str, body: object = None, **headers: str) -> Answer:
                content = None if body is None else json.dumps(body).encode()
                return front.ask(method, path, content, user="", **headers)

            with ask("GET", "/") as answer:
                assert (answer.status, answer["Location"]) == (303, "login")
            forged = {"X_Forwarded_User": "ada", "X_Proxy_Secret": SECRET}
            with ask("GET", "/models", **forged) as answer:
                assert answer.status == 401
            fields = {"name": "ada", "password": "the first engine"}
            with ask("POST", "/login", fields, **own) as answer:
                assert answer.status == 200, answer.rest()
                cookie = answer["Set-Cookie"]
                assert cookie.startswith("__Host-sid-") and "; Secure" in cookie
            headers = {**own, "Cookie": cookie.partition(";")[0]}
            body = {"messages": [{"role": "user", "content": f"fault pace texts=2 {nonce}"}]}
            with ask("PUT", f"/streams/{new_id()}", body, **headers) as answer:
                assert answer.status == 201 and b"[DONE]" in answer.rest()
            token = passwords.new_token("ada")
            with ask("GET", "/models", Authorization=f"Bearer {token}") as answer:
                assert answer.status == 200
            statuses = []
            for n in range(7):  # another address in the header is not another address
                wrong = {"name": "ada", "password": f"guess {n}"}
                with ask("POST", "/login", wrong, X_Forwarded_For=f"192.0.2.{n}", **own) as answer:
                    statuses.append(answer.status)
            assert statuses == [401] * 5 + [429] * 2
