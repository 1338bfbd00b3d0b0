"""The script by which a browser keeps the page: one for each version, at the page's own folder."""

import json
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[3] / "static"
SECRET = "0123456789abcdefghijklmnopqrstuv"


def served(client, path="/service-worker.js"):
    """Return what stands above the script."""
    first = client.get(path).text.partition("\n")[0]
    return json.loads(first.removeprefix("self.served = ").removesuffix(";"))


def test_the_script_names_the_version_of_the_page(client):
    """It has the digest that the page's files have in their names, and is asked for each time."""
    page = client.get("/").text
    response = client.get("/service-worker.js")
    assert response.mimetype == "text/javascript"
    assert response.headers["Cache-Control"] == "no-cache"
    assert "Service-Worker-Allowed" not in response.headers  # its folder is its scope
    assert f"/static/{served(client)['version']}/chat.js" in page
    assert "trusted-types" in response.headers["Content-Security-Policy"]


def test_everything_that_the_page_may_load_is_named(client):
    """The files are there, and are all that modules import at any time, but for the grammars."""
    version, files = served(client).values()
    for name in files:
        with client.get(f"/static/{version}/{name}") as response:
            assert "immutable" in response.headers["Cache-Control"], name
    ours = {p.relative_to(STATIC).as_posix() for p in STATIC.rglob("*.js")}
    loaded = {name for name in ours if not name.startswith("vendor/prism/prism-")}
    loaded -= {"system/service-worker.js", "system/worker-removal.js"}
    assert loaded <= set(files)
    assert {"styles/chat.css", "images/icon.svg"} < set(files)
    assert not [name for name in files if re.search(r"\.d\.ts$|licenses|^languages", name)]


def test_the_script_is_there_for_everybody_and_under_a_prefix(make_app):
    """A browser asks for it when a session may be over; nothing of a person is in it."""
    app = make_app(auth="token", auth_token=SECRET, secret_key=SECRET)
    response = app.test_client().get("/service-worker.js", base_url="http://localhost/chat/")
    assert (response.status_code, response.headers.get("Set-Cookie")) == (200, None)
    assert SECRET not in response.text


def test_a_switch_removes_what_was_kept(make_app):
    """With OFFLINE_PAGE=off the page asks for no script, and the script removes an earlier one."""
    client = make_app(offline_page="off").test_client()
    assert "data-kept" not in client.get("/").text
    script = client.get("/service-worker.js").text
    assert "unregister()" in script
    assert "fetch" not in script
    assert "data-kept" in make_app().test_client().get("/").text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_script_is_only_read(client, method):
    """There is nothing to change at its address."""
    assert client.open("/service-worker.js", method=method, json={}).status_code == 405
