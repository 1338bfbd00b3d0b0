"""/metrics without a server: whatever stores the answers, they are shown."""

import pytest

from claude_sse import create_app
from claude_sse.config.settings import Settings
from claude_sse.system import redis_address
from tests.integration.client import eventually


@pytest.fixture(params=["files", "redis"])
def client(request, tmp_path, nonce):
    place = tmp_path / "log"
    if request.param == "redis":
        place = redis_address.parse(request.getfixturevalue("shared_redis").url)
    app = create_app(Settings(api_key="x", stream_log=place, redis_prefix=nonce))
    yield app.test_client()
    streams = app.extensions["claude_sse"].streams
    streams.drain(0.0)
    if request.param == "redis":
        streams.log.close()


def test_the_state_of_the_log_is_shown_wherever_it_is(client):
    """``claude_sse_log_state`` says that the log takes streams, in files as in Redis."""

    def is_up():
        shown = client.get("/metrics")
        assert shown.status_code == 200
        return 'claude_sse_log_state{item="up"} 1.0' in shown.text

    eventually(is_up)
