"""An answer that ends anywhere before message_stop is never taken for a whole one."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path

import pytest

from claude_sse.claude import Claude
from claude_sse.config.settings import Settings
from claude_sse.protocol import sse
from claude_sse.protocol.question import Question
from claude_sse.standin import StandIn
from claude_sse.stream_log.file import FileStreamLog
from claude_sse.streaming.streams import Streams
from claude_sse.web.dialects import frames as frames_dialect
from tests.integration.client import data, text

#: Before the first event nothing had been answered yet.
CODES = ("interrupted", "protocol", "unreachable")
ORDER = "texts=3 gap_ms=0 thinking=0"


def answer_of(standin: StandIn, nonce: str) -> bytes:
    """Return the body of a short answer as the stand-in writes it."""
    question = {"role": "user", "content": f"fault pace {ORDER} {nonce}"}
    body = {"model": "claude-haiku-5-5", "max_tokens": 9, "stream": True, "messages": [question]}
    asked = urllib.request.Request(
        f"{standin.base_url}/v1/messages",
        json.dumps(body).encode(),
        {"x-api-key": "k", "content-type": "application/json"},
    )
    with urllib.request.urlopen(asked) as reply:
        return bytes(reply.read())


@pytest.mark.parametrize("clean", [1, 0], ids=["last-chunk", "mid-chunk"])
def test_cut_at_every_byte(standin: StandIn, tmp_path: Path, nonce: str, clean: int) -> None:
    """Wherever the answer ends, its whole events are kept, it is not [DONE], and asked once."""
    whole = answer_of(standin, nonce)
    end = whole.index(b"event: message_stop")
    streams = Streams(
        FileStreamLog(tmp_path, 3600.0),
        Claude(Settings(api_key="x", base_url=standin.base_url, model="claude-haiku-5-5")),
        heartbeat_seconds=10.0,
        orphan_seconds=30.0,
    )
    stop = end + len(b"event: message_st")  # its name says that Claude has finished
    for byte in range(stop + 1):
        prompt = f"fault cut_at byte={byte} clean={clean} {ORDER} {nonce}"
        question = Question(messages=(("user", prompt),), digest="d" * 64)
        reader = streams.start(f"local/{byte}", question, on_end=lambda *_: None)
        frames = b"".join(frames_dialect.encode(streams.follow(reader))).removeprefix(sse.PREAMBLE)
        reader.close()
        last = data(frames)[-1][1]
        assert last != "[DONE]" and last["code"] in CODES, (byte, last)
        events = whole[: min(byte, end)].rpartition(b"\n\n")[0] + b"\n\n"
        kept = b"".join(re.findall(rb'"text":"(word\d+ )"', events)).decode()
        assert text(frames) == kept, byte
    asked = sum(nonce in request.prompt for request in standin.requests)
    assert asked == 1 + stop + 1  # the whole answer, and once for each cut
    streams.drain(0.0)
