"""Cut anywhere: at whatever byte a connection ends, its reader comes back and misses nothing."""

from __future__ import annotations

import os
import random

import pytest

from tests.integration.client import connect, logged, request, text

from .chaos import Proxy
from .cuts import (
    come_back_until_the_end,
    everything,
    is_over,
    last_id,
    received,
    whole_frames,
)
from .play import Asked, Play, joined

CUTS = int(os.environ.get("CLAUDE_SSE_CUTS", "300"))
#: Texts of many scripts, in writes of 900 bytes.
ORDER = "fault slice n=900 texts=25"


def finished(play: Play) -> tuple[Asked, bytes]:
    """Return a finished stream and its log."""
    asked = play.ask(ORDER)
    play.ends(asked)
    return asked, logged(asked.answer.body)


def resumed(play: Play, network: Proxy, asked: Asked, toxics: str) -> bytes:
    """Follow until the cut, come back after the last whole frame, put the log together."""
    network.toxics = toxics
    log = whole_frames(received(network.port, asked.stream, 0))
    if is_over(log):
        return log
    return log + whole_frames(received(play.server.port, asked.stream, last_id(log)))


def test_cut_at_every_frame(play: Play) -> None:
    """Cut after each frame and one byte before and after: identical text, asked once."""
    asked, log = finished(play)
    raw = raw_response(play, asked)
    places = [at + 2 for at in range(len(raw)) if raw.startswith(b"\n\n", at)]
    assert len(places) > 25
    with Proxy(play.server.port) as network:
        for place in places:
            for offset in (place - 1, place, place + 1):
                assert resumed(play, network, asked, f"limit_data bytes={offset}") == log
    assert len(play.heard(asked)) == 1


@pytest.mark.timeout(1800)
def test_cut_at_any_byte(play: Play, chance: random.Random) -> None:
    """Cut by FIN or RST at any byte of head, chunk framing, line or escape: nothing is missing."""
    asked, log = finished(play)
    length = len(raw_response(play, asked))
    with Proxy(play.server.port) as network:
        for _ in range(CUTS):
            kind = chance.choice(("limit_data", "reset_peer"))
            toxics = f"{kind} bytes={chance.randrange(1, length)}"
            assert resumed(play, network, asked, toxics) == log, toxics
    assert len(play.heard(asked)) == 1
    assert joined(text(log)) == play.heard(asked)[0].sent


@pytest.mark.timeout(1800)
def test_cut_again_and_again_while_claude_writes(play: Play, chance: random.Random) -> None:
    """A running answer, read over connections that all break, is put together without a seam."""
    with Proxy(play.server.port) as network:
        done = 0
        while done < CUTS / 2:
            asked = play.ask("fault slice n=60 texts=60")
            asked.answer.leave()
            log, cuts = come_back_until_the_end(network, asked.stream, chance, 400)
            done += cuts
            whole = play.get(asked.stream)
            play.ends(asked, reader=whole)
            assert log == logged(whole.body)


def test_claude_cut_at_any_byte(play: Play, chance: random.Random) -> None:
    """Claude's connection cut at any byte: what was whole is kept, and it is never [DONE]."""
    for _ in range(max(20, CUTS // 10)):
        kind = chance.choice(("limit_data", "reset_peer"))
        size = chance.randrange(1000, 4000)  # after the first event
        asked = play.ask("fault slice n=300 texts=12", via=f"{kind} bytes={size}", verb="POST")
        play.ends(asked, "interrupted", whole=False)


def raw_response(play: Play, asked: Asked) -> bytes:
    """Return the response to a GET as it goes over the wire."""
    with connect(play.server.port) as sock:
        sock.sendall(request("GET", f"/streams/{asked.stream}"))
        return everything(sock)
