"""The names of anthropic and httpx2 that this folder overrides or reads and that are undocumented.

``tests/unit/claude/test_sdk_internals.py`` holds the lists to the installed versions and to our
own code, so that an upgrade that moves a name fails there.
"""

from __future__ import annotations

from typing import Any

import httpx2
from anthropic import Anthropic, MessageStream, MessageStreamManager, Stream

__all__ = ["ATTRIBUTES", "METHODS", "POST_ARGUMENTS", "Anthropic", "Stream", "response_stream"]

#: The methods that are overridden or called, with their parameters.
METHODS: dict[type, dict[str, str]] = {
    Anthropic: {
        "post": "self, path, *, cast_to, body=None, content=None, options={}, files=None, "
        "stream=False, stream_cls=None",
    },
    MessageStreamManager: {"__enter__": "self"},
    MessageStream: {"close": "self"},
    Stream: {"__init__": "self, *, cast_to, response, client, options=None"},
}
#: The attributes of an instance that are read.
ATTRIBUTES: dict[type, set[str]] = {
    Anthropic: {"_custom_headers", "base_url", "default_headers"},
    MessageStream: {"response"},
    httpx2.Response: {"stream"},
}
#: What ``messages.stream()`` passes to ``post``, beside the path, when its manager is entered.
POST_ARGUMENTS = {"body", "cast_to", "options", "stream", "stream_cls"}


def response_stream(stream: MessageStream[Any]) -> Any:
    """Return the byte stream that the response of an open message stream was made with."""
    return stream.response.stream
