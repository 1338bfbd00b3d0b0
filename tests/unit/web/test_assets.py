"""The page's files: kept forever under one name, sent small, never from outside the folder."""

import gzip
import json
import re

import pytest

from claude_sse import create_app
from claude_sse.config.settings import Settings

FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture
def client(tmp_path):
    settings = Settings(api_key="x", stream_log=tmp_path / "log")
    return create_app(settings).test_client()


@pytest.fixture
def page(client):
    return client.get("/").get_data(as_text=True)


def test_what_the_page_names_may_be_kept_forever(client, page):
    """Every file that the page names is there, under a name that changes with the files."""
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(named) > 20
    for name in named:
        with client.get(name) as response:
            assert (response.status_code, response.headers["Cache-Control"]) == (200, FOREVER)


def test_a_file_without_its_digest_is_asked_for_each_time(client):
    """Under its plain name, or that of an earlier version, a file is the same but not kept."""
    for name in ("/static/chat.js", "/static/0123456789ab/chat.js"):
        with client.get(name) as response:
            assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-cache")
            known = {"If-None-Match": response.headers["ETag"]}
        with client.get(name, headers=known) as again:
            assert again.status_code == 304


def test_text_travels_zipped_where_the_browser_takes_it(client):
    """Zipped or not, the content is the same, and caches are told that there are two of it."""
    with client.get("/static/styles/chat.css") as plain:
        small = client.get("/static/styles/chat.css", headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(small.data) == plain.data
        assert len(small.data) < len(plain.data) / 2
        assert plain.headers["Vary"] == small.headers["Vary"] == "Accept-Encoding"
    picture = client.get("/static/images/icon-192.png", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in picture.headers
    picture.close()


def test_all_modules_are_fetched_concurrently(page):
    """The page names each module that its entry imports, however deep, and no library."""
    preloaded = re.findall(r'modulepreload" href="/static/\w+/([^"]+)"', page)
    deep = {"app/chat-controller.js", "network/sse-parser.js", "markdown/vdom.js"}
    assert {"chat.js", *deep} < set(preloaded)
    assert len(preloaded) == len(set(preloaded))
    assert not [name for name in preloaded if name.startswith("vendor")]


@pytest.mark.parametrize(
    "path",
    [
        *("/static/..%2fwsgi.py", "/static/", "/static/nothing.js"),
        # Another spelling of a file would be zipped, and kept, once more.
        *("/static/nothing/../chat.js", "/static/vendor/../chat.js", "/static/./chat.js"),
    ],
)
def test_nothing_else_is_served(client, path):
    """What is not a file of the folder, by its one name, is not found."""
    assert client.get(path, headers={"Accept-Encoding": "gzip"}).status_code == 404


def test_the_page_itself_is_compressed_for_clients_that_accept_it(client):
    """The bytes are the page's, and caches keep the two apart."""
    plain = client.get("/")
    small = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers
    expected = "Accept-Encoding, Accept-Language, Cookie"
    assert plain.headers["Vary"] == small.headers["Vary"] == expected


def test_the_page_lists_the_files_of_each_part(client, page):
    """A part that is loaded when it is needed can be fetched whole: its files, and no others.

    Files that the page has from the start are not fetched again.
    """
    [listed] = re.findall(r'<script id="parts" type="application/json">(.*?)</script>', page)
    parts = json.loads(listed)
    preloaded = set(re.findall(r'modulepreload" href="/static/\w+/([^"]+)"', page))
    assert {"markdown/parser/blocks.js", "markdown/tail.js"} < set(parts["markdown/library.js"])
    assert "markdown/copied.js" in parts  # which another part loads
    for name, files in parts.items():
        assert name in files
        assert not preloaded & set(files)
        for file in files:
            with client.get(f"/static/{file}") as response:
                assert response.status_code == 200
