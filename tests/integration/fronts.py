"""nginx, Caddy, Apache and HAProxy with the files that we ship, each in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from .client import connect, eventually
from .running import ROOT

NAME = "chat.example.com"
_MODULES = "/usr/lib/apache2/modules"


class Ports(NamedTuple):
    """Where the app listens, and where the proxy is to."""

    app: int
    tls: int
    plain: int


class Front(NamedTuple):
    """One proxy: its program, the file that we ship for it, and how it is run in a folder."""

    program: str
    shipped: str
    command: str
    #: What stands in the shipped file, and what takes its place here.
    ours: Mapping[str, str]
    #: What surrounds it.
    frame: str

    def render(self, folder: Path, ports: Ports, spoil: Mapping[str, str] | None = None) -> str:
        """Return the shipped file with our ports and files, spoilt as asked."""
        config = (ROOT / "deploy" / self.shipped).read_text("utf-8")
        for old, new in (spoil or {}).items():
            assert old in config, f"deploy/{self.shipped} has no {old!r}"
            config = config.replace(old, new)
        for old, new in self.ours.items():
            config = config.replace(old, new)
        words = {"FOLDER": folder, "APP": ports.app, "TLS": ports.tls, "PLAIN": ports.plain}
        words["USER"] = "user root;" if os.geteuid() == 0 else ""
        whole = self.frame.replace("@SITE@", config)
        return re.sub("@([A-Z]+)@", lambda found: str(words[found[1]]), whole)

    @contextlib.contextmanager
    def run(self, program: str, folder: Path, config: str, port: int) -> Iterator[None]:
        """Run it until the end of the block; it answers when the block begins."""
        (folder / "config").write_text(config)
        command = self.command.replace("@FOLDER@", str(folder)).split()
        environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
        with (
            (folder / "output").open("w") as output,
            subprocess.Popen(
                [program, *command], env=environ, stdout=output, stderr=output
            ) as process,
        ):

            def listens() -> bool:
                assert process.poll() is None, (folder / "output").read_text()
                with contextlib.suppress(OSError):
                    connect(port).close()
                    return True
                return False

            try:
                eventually(listens, 30)
                yield
            finally:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()


_CERTIFICATE = "/etc/letsencrypt/live/chat.example.com/fullchain.pem"
CADDY_TLS = "\ttls @FOLDER@/cert.pem @FOLDER@/key.pem"
_KEY = "/etc/letsencrypt/live/chat.example.com/privkey.pem"
_OWN_FILES = "".join(
    f"{name}_temp_path @FOLDER@/{name};\n"
    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)
_LOADED = "".join(
    f"LoadModule {name}_module {_MODULES}/mod_{name}.so\n"
    for name in (
        *("mpm_event", "authz_core", "headers", "http2", "proxy", "proxy_http", "ssl", "alias"),
        *("reqtimeout", "rewrite", "deflate", "filter", "socache_shmcb", "env", "buffer"),
    )
)

FRONTS = {
    "nginx": Front(
        "nginx",
        "nginx.conf",
        "-p @FOLDER@ -c @FOLDER@/config -e @FOLDER@/error.log",
        {
            "server 127.0.0.1:3000;": "server 127.0.0.1:@APP@;",
            "listen 80;": "listen 127.0.0.1:@PLAIN@;",
            "listen 443 ssl": "listen 127.0.0.1:@TLS@ ssl",
            _CERTIFICATE: "@FOLDER@/cert.pem",
            _KEY: "@FOLDER@/key.pem",
        },
        "@USER@\ndaemon off;\npid @FOLDER@/pid;\nerror_log @FOLDER@/error.log;\nevents { }\n"
        f"http {{\naccess_log off;\n{_OWN_FILES}@SITE@}}\n",
    ),
    "caddy": Front(
        "caddy",
        "Caddyfile",
        "run --config @FOLDER@/config --adapter caddyfile",
        {
            "\nchat.example.com {": f"\nchat.example.com {{\n{CADDY_TLS}",
            "127.0.0.1:3000": "127.0.0.1:@APP@",
        },
        "{\n\tadmin off\n\tdefault_bind 127.0.0.1\n"
        "\thttp_port @PLAIN@\n\thttps_port @TLS@\n}\n@SITE@",
    ),
    "apache": Front(
        "apache2",
        "apache.conf",
        "-d @FOLDER@ -f @FOLDER@/config -DFOREGROUND",
        {
            "*:80>": "127.0.0.1:@PLAIN@>",
            "*:443>": "127.0.0.1:@TLS@>",
            "127.0.0.1:3000": "127.0.0.1:@APP@",
            _CERTIFICATE: "@FOLDER@/cert.pem",
            _KEY: "@FOLDER@/key.pem",
        },
        "PidFile @FOLDER@/pid\nErrorLog @FOLDER@/error.log\nServerName localhost\n"
        "Mutex file:@FOLDER@\nDefaultRuntimeDir @FOLDER@\nUser nobody\nGroup nogroup\n"
        f"Listen 127.0.0.1:@PLAIN@\nListen 127.0.0.1:@TLS@\nStartServers 1\n{_LOADED}@SITE@",
    ),
    "haproxy": Front(
        "haproxy",
        "haproxy.cfg",
        "-f @FOLDER@/config",
        {
            "bind :80\n": "bind 127.0.0.1:@PLAIN@\n",
            "bind :443 ssl crt /etc/haproxy/chat.example.com.pem": (
                "bind 127.0.0.1:@TLS@ ssl crt @FOLDER@/both.pem"
            ),
            "127.0.0.1:3000": "127.0.0.1:@APP@",
        },
        "global\n    maxconn 500\n@SITE@",
    ),
}


def certificate(openssl: str, folder: Path) -> None:
    """Make a certificate that trusts itself."""
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-keyout", "key.pem", "-out", "cert.pem", "-days", "1", "-subj", f"/CN={NAME}"]
        + ["-addext", f"subjectAltName=DNS:{NAME}"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    both = (folder / "cert.pem").read_text() + (folder / "key.pem").read_text()
    (folder / "both.pem").write_text(both)
