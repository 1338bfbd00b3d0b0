"""Apps that the stand-in answers, and requests to them without a server."""

import uuid

import pytest

from claude_sse import create_app
from claude_sse.config.settings import Settings


@pytest.fixture
def make_app(standin, tmp_path):
    """Return a function that makes an app with these settings; what runs ends with the test."""
    apps = []

    def make_app(**fields):
        options = {"api_key": "sk-ant-canary", "base_url": standin.base_url}
        settings = Settings(**(options | {"stream_log": tmp_path / "log"} | fields))
        apps.append(create_app(settings))
        return apps[-1]

    yield make_app
    for app in apps:
        app.extensions["claude_sse"].streams.drain(0.0)


@pytest.fixture
def client(make_app):
    """A client of an app with the settings as they are."""
    return make_app().test_client()


@pytest.fixture
def url():
    """The path of a stream that does not exist."""
    return f"/streams/{uuid.uuid4()}"
