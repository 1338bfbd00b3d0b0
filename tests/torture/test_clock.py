"""P9: the wall clock may jump; what runs goes by the other one."""

from __future__ import annotations

import time
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
from tests.server.client import data


@pytest.mark.parametrize("hours", [1, -1, 24 * 400, -24 * 400])
def test_p9_a_jump_of_the_clock_ends_nothing(
    standin: StandIn, tmp_path: Path, nonce: str, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """However far the clock jumps, streams go on, and the sweep spares those that are written."""
    log = FileStreamLog(tmp_path, 1800.0)
    claude = Claude(Settings(api_key="x", base_url=standin.base_url))
    streams = Streams(log, claude, heartbeat_seconds=10.0, orphan_seconds=30.0)
    prompt = f"fault pace texts=30 gap_ms=20 {nonce}"
    question = Question(messages=(("user", prompt),), digest="d" * 64)
    reader = streams.start("local/1", question, on_end=lambda *_: None)
    following = frames_dialect.encode(streams.follow(reader))
    frames = b""
    while b"word3 " not in frames:
        frames += next(following)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + hours * 3600)
    log.sweep()
    frames += b"".join(following)
    reader.close()
    assert data(frames.removeprefix(sse.PREAMBLE))[-1][1] == "[DONE]"
    again = streams.open("local/1", 0)
    assert b"".join(frames_dialect.encode(streams.follow(again))) == frames
    again.close()
    streams.drain(0.0)
