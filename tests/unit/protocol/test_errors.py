"""The taxonomy: one tree, one shape."""

import json
import re

import pytest

from claude_sse.protocol import errors


def _leaves(cls):
    yield cls
    for child in cls.__subclasses__():
        yield from _leaves(child)


@pytest.mark.parametrize("cls", list(_leaves(errors.ClaudeSSEError)), ids=lambda cls: cls.__name__)
def test_every_error_travels(cls):
    """Each class has a code, is drawn in the tree with its status, and its object is JSON."""
    error = cls("A sentence.", retry_after=2.5, request_id="req_1")
    fields = error.to_dict()
    assert list(fields)[0] == "error" and fields["error"] == "A sentence."
    assert fields["code"] and isinstance(fields["retryable"], bool)
    assert (fields["retry_after"], fields["request_id"]) == (2.5, "req_1")
    assert 400 <= error.status < 600 and json.dumps(fields)
    assert cls.__name__ in errors.__doc__ and cls.__doc__
    for status in re.findall(rf" {cls.__name__} +(\d+) ", errors.__doc__):
        assert error.status == int(status)


def test_what_is_unknown_is_left_out():
    """An error without a time, a request id or usage does not mention them."""
    assert set(errors.Unreachable("x").to_dict()) == {"error", "code", "retryable"}


def test_an_answers_usage_travels_with_its_failure():
    """What Claude counted before the failure is told."""
    failure = errors.Interrupted("x")
    failure.usage = {"output_tokens": 3, "estimated": True}
    assert failure.to_dict()["usage"]["output_tokens"] == 3
