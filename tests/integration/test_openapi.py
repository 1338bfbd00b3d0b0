"""docs/openapi.json: it names the routes of the app, and the server does what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_sse import create_app
from claude_sse.config.settings import from_environ

from ..unit.claude.raw_answers import GOOD
from ..unit.claude.raw_upstream import RawUpstream, whole
from .running import ROOT, Server, serve

DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
_TOKEN = "0123456789-a-token-of-my-own-abcdefg"
_INSTALLED = ROOT / ".venv" / "schema" / "installed"
_MODELS = {"data": [{"id": "claude-sonnet-5-5"}, {"id": "other"}], "has_more": False}
#: What people open and not programs: the page, and its files.
_PAGES = {
    ("GET", "/"),
    ("GET", "/diagnose"),
    ("GET", "/service-worker.js"),
    ("GET", "/static/{filename}"),
    ("GET", "/static/{version}/{filename}"),
}
#: Where the routes begin that speak formats of others, which docs/clients.md describes.
_FOREIGN = ("/api/", "/v1/")


@pytest.fixture(scope="module")
def openapi_server() -> Iterator[Server]:
    """A server with a sign-in and no limits, whose Claude answers immediately."""
    with RawUpstream() as claude:
        claude.reply = whole(GOOD, kind="text/event-stream")
        claude.models = whole(json.dumps(_MODELS).encode())
        limits = dict.fromkeys(("RATE_LIMIT", "MAX_STREAMS_PER_OWNER", "DAILY_TOKENS"), 0)
        limits["DAILY_TOKENS_PER_OWNER"] = 0
        settings = {"AUTH": "token", "AUTH_TOKEN": _TOKEN, "MAX_TOKENS": 1_000_000, **limits}
        settings |= {"WEB_SEARCH_MAX_USES": 1, "METRICS_TOKEN": _TOKEN}
        settings |= {"PRICES": "claude: 3/15 USD"}
        with serve(claude, **settings) as [server]:  # type: ignore[arg-type]
            yield server


def _installed() -> None:
    wanted = (ROOT / "requirements-schema.txt").read_bytes()
    if _INSTALLED.exists() and _INSTALLED.read_bytes() == wanted:
        return
    if not os.environ.get("CLAUDE_SSE_TEST_ALL"):
        pytest.skip("there is no schemathesis here: script/schema --install")
    subprocess.run([ROOT / "script" / "schema", "--install"], check=True, timeout=100)


def _as_this_server_has_it(folder: Path) -> Path:
    """Write the document with what the operator of the server under test has decided."""
    document: Any = json.loads(json.dumps(DOCUMENT))
    schemas = document["components"]["schemas"]
    for name in ("Question", "Prompt"):
        properties = schemas[name]["properties"]
        properties["model"] = {"enum": [None, *(model["id"] for model in _MODELS["data"])]}
        properties["max_tokens"]["maximum"] = 1_000_000
    login = document["paths"]["/login"]["post"]["requestBody"]["content"]["application/json"]
    login["schema"] = schemas["TokenLogin"]
    file = folder / "openapi.json"
    file.write_text(json.dumps(document), "utf-8")
    return file


@pytest.mark.timeout(300)
def test_the_server_does_what_the_document_says(openapi_server: Server, tmp_path: Path) -> None:
    """Whatever schemathesis asks, right or wrong, each response is one that the document has."""
    _installed()
    command = [ROOT / "script" / "schema", f"http://127.0.0.1:{openapi_server.port}"]
    command += ["--header", f"Authorization: Bearer {_TOKEN}", "--phases", "coverage,fuzzing"]
    command += ["--max-examples", "12", "--generation-deterministic", "--no-color", "--no-shrink"]
    command += ["--continue-on-failure", "--warnings", "off"]
    environ = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.integration.schema_hooks"}
    environ |= {"OPENAPI": str(_as_this_server_has_it(tmp_path)), "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr
    tested = re.search(r"(\d+) generated", ended.stdout)
    assert tested and int(tested[1]) > 100, ended.stdout
    openapi_server.check()


def _routes() -> set[tuple[str, str]]:
    """Return the routes of an app that has all of them, as the document writes them."""
    secrets = dict.fromkeys(("AUTH_TOKEN", "METRICS_TOKEN", "SECRET_KEY"), _TOKEN)
    settings = from_environ({"AUTH": "token", **secrets})
    rules = create_app(settings).url_map.iter_rules()
    return {
        (method, re.sub(r"<(?:\w+(?:\(.*?\))?:)?(\w+)>", r"{\1}", rule.rule))
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_the_document_has_every_route() -> None:
    """The paths and methods of the document are those of the app in its own formats."""
    documented = {
        (method.upper(), path)
        for path, item in DOCUMENT["paths"].items()
        for method in item
        if method != "parameters"
    }
    routes = {
        (method, path.replace("{stream_id}", "{id}"))
        for method, path in _routes()
        if not path.startswith(_FOREIGN)
    }
    assert documented == routes - _PAGES
