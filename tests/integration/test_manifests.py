"""What others start the app by, as far as it goes without an engine: Dockerfile and the like."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_sse.config.settings import NAMES

from .client import eventually
from .installed import build, install
from .running import ROOT, free_port

DEPLOY = ROOT / "deploy"
_INSTALLED = ROOT / ".venv/deploy/installed"
#: What the platforms and libraries read, or the files themselves; all other names are settings.
_NOT_OURS = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "REDIS_PASSWORD"}
#: One mistake in each file, and a word of what is said of it.
_MISTAKES = {
    "Dockerfile": ("USER 10001:10001", "RUN cd /srv", "DL3003"),
    "compose.yaml": ("stop_grace_period", "stop_grace_time", "stop_grace_time"),
    "kubernetes.yaml": ("terminationGracePeriodSeconds", "terminationGraceSeconds", "Grace"),
    "claude-sse@.service": ("ProtectSystem=strict", "ProtectSytem=strict", "ProtectSytem"),
}


@pytest.fixture(scope="module")
def manifests() -> Callable[[Path], tuple[int, str]]:
    """Runs script/manifests on a folder; returns its exit code and what it says."""
    wanted = (ROOT / "requirements-deploy.txt").read_bytes()
    if not (_INSTALLED.exists() and _INSTALLED.read_bytes() == wanted):
        if not os.environ.get("CLAUDE_SSE_TEST_ALL"):
            pytest.skip("there is no hadolint here: script/manifests --install")
        subprocess.run([ROOT / "script/manifests", "--install"], check=True, timeout=110)

    def run(folder: Path) -> tuple[int, str]:
        ended = subprocess.run(
            [ROOT / "script/manifests", folder], capture_output=True, text=True, timeout=110
        )
        return ended.returncode, ended.stdout + ended.stderr

    return run


def test_the_files_are_well(
    manifests: Callable[[Path], tuple[int, str]], require: Callable[[str], str]
) -> None:
    """hadolint, the Compose specification, strict Kubernetes schemas and systemd find nothing."""
    require("systemd-analyze")
    code, said = manifests(DEPLOY)
    assert code == 0, said


def test_each_mistake_is_found(
    manifests: Callable[[Path], tuple[int, str]], require: Callable[[str], str], tmp_path: Path
) -> None:
    """A mistake in any of the four is said, and script/manifests fails."""
    require("systemd-analyze")
    for name, (right, wrong, _) in _MISTAKES.items():
        source = (DEPLOY / name).read_text("utf-8")
        assert right in source
        (tmp_path / name).write_text(source.replace(right, wrong))
    code, said = manifests(tmp_path)
    assert code == 1
    for name, (_, _, word) in _MISTAKES.items():
        assert word in said, (name, said)


def test_each_setting_in_them_is_one() -> None:
    """What the files set for the app is a setting, so that none of them outlives its name."""
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    compose = (DEPLOY / "compose.yaml").read_text("utf-8")
    kubernetes = (DEPLOY / "kubernetes.yaml").read_text("utf-8")
    names = set(environment_of(dockerfile))
    names |= set(re.findall(r"^    ([A-Z_]+): ", compose, re.MULTILINE))
    names |= set(re.findall(r"\{name: ([A-Z_]+), value:", kubernetes))
    names |= set(re.findall(r"--from-literal=([A-Z_]+)=", kubernetes))
    assert len(names) > 10 and names - _NOT_OURS <= set(NAMES)


def environment_of(dockerfile: str) -> dict[str, str]:
    """Return the variables that the lines ENV set."""
    joined = re.sub(r"\\\n\s*", " ", dockerfile)
    words = [
        word for line in re.findall(r"^ENV (.*)", joined, re.MULTILINE) for word in line.split()
    ]
    return dict(word.split("=", 1) for word in words)


def command_of(dockerfile: str, which: str) -> list[str]:
    """Return the words of the last line CMD, or of the one that HEALTHCHECK has."""
    words: list[str] = json.loads(
        re.findall(rf"^{which}CMD (\[.*\])", dockerfile, re.MULTILINE)[-1]
    )
    return words


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file system read-only")
def test_the_image_starts_without_settings(require: Callable[[str], str], tmp_path: Path) -> None:
    """As the Dockerfile starts it, without a capability and where only two folders can be written,
    it prints the link to sign in with, its health check passes, and TERM ends it."""
    unshare, setpriv = require("unshare"), require("setpriv")
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    install(build(tmp_path / "dist"), tmp_path / "venv")
    port = free_port()
    environ = {**environment_of(dockerfile), "PORT": str(port), "LANG": "C.UTF-8"}
    environ["PATH"] = f"{tmp_path / 'venv/bin'}:{os.environ['PATH']}"
    environ["STATE_DIR"] = str(tmp_path / "state")
    (tmp_path / "state").mkdir(mode=0o700)
    readonly = (
        f"mount --make-rprivate / && mount -t tmpfs state {tmp_path}/state && "
        "mount -o remount,bind,ro / && "
        f"cd {tmp_path}/state && ! touch /written 2>/dev/null && exec {setpriv} "
        "--no-new-privs --bounding-set=-all --inh-caps=-all "
        f"{shlex.join(command_of(dockerfile, ''))}"
    )
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [unshare, "--mount", "sh", "-c", readonly],
            env=environ,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )

    def said() -> str:
        assert process.poll() is None, (tmp_path / "output").read_text()
        return (tmp_path / "output").read_text()

    health = [sys.executable, *command_of(dockerfile, r"    ")[1:]]
    try:
        eventually(lambda: f"Sign in at http://localhost:{port}/login#" in said(), 60)
        assert "a local stand-in answers" in said()
        assert subprocess.run(health, env=environ, timeout=60).returncode == 0
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
    assert code == 0, (tmp_path / "output").read_text()
    assert subprocess.run(health, env=environ, timeout=60, capture_output=True).returncode == 1


def test_the_nginx_of_compose_knows_both_apps(tmp_path: Path) -> None:
    """It has deploy/nginx.conf, except for its host, the two apps, and the retry on the other."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/nginx").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "bin/nginx").chmod(0o755)
    environ = {
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        "PUBLIC_HOSTS": "talk.example.org,other.example.org",
        "CLAUDE_SSE_CONF": str(DEPLOY / "nginx.conf"),
        "CLAUDE_SSE_CONF_D": str(tmp_path),
    }
    script = DEPLOY / "nginx-for-compose.sh"
    ended = subprocess.run(["sh", script], env=environ, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "-g daemon off;\n"), ended.stderr
    made = (tmp_path / "claude-sse.conf").read_text("utf-8")
    shipped = (
        (DEPLOY / "nginx.conf").read_text("utf-8").replace("chat.example.com", "talk.example.org")
    )
    pairs = zip(shipped.splitlines(), made.splitlines(), strict=True)
    changed = [(ours, theirs.split("#")[0].strip()) for ours, theirs in pairs if ours != theirs]
    assert [theirs for _, theirs in changed] == [
        "server app1:3000 max_fails=0; server app2:3000 max_fails=0;",
        "proxy_next_upstream error;",
    ]
