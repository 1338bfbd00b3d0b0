"""How a process ends, by signal and by force, and what its readers see of it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_sse.standin import StandIn
from tests.slack import within

from .client import PATIENCE_SECONDS, connect, data, eventually, logged, request, text
from .running import OurCommand, Server, children, exchange, new_id, serve, whole_text

#: After the drain, whatever the clients do.
GONE_WITHIN_SECONDS = 1.0


def test_an_answer_whose_worker_was_killed_ends_honestly(standin: StandIn, nonce: str) -> None:
    """After kill -9 of the writer readers elsewhere keep all frames and get an error frame."""
    with serve(standin, 2) as [here, there]:
        stream = new_id()
        first = here.put(stream, f"fault stall after=5 {nonce}")
        reader = there.get(stream)
        for answer in (first, reader):
            answer.read_until(b"word4 ")
        came = logged(first.body)
        [worker] = here.workers()
        with within(0.5):
            os.kill(worker, signal.SIGKILL)
            frames = data(reader.rest())
        assert logged(reader.body).startswith(came)
        assert [number for number, _ in frames] == list(range(1, len(data(came)) + 2))
        assert frames[-1][1]["code"] == "interrupted"
        assert frames[-1][1]["retryable"] is True
        while (
            first.read()
        ):  # its own reader is cut off without a terminal frame, so that it reconnects
            pass
        assert not first.complete
        assert logged(first.body) == came
        standin.wait(lambda _: exchange(standin, nonce).closed_at)
        for server in (there, here):  # the killed worker has a successor
            with server.get(stream, after=len(frames) - 1) as returned:
                assert data(returned.rest()) == frames[-1:]
            with server.delete(stream) as reply:
                assert (reply.status, reply.json()["ended"]) == (200, True)
        for answer in (first, reader):
            answer.leave()
        with here.put(new_id(), f"fault pace texts=3 {nonce}") as answer:
            assert data(answer.rest())[-1][1] == "[DONE]"


def test_after_term_short_answers_finish_and_long_ones_are_interrupted(
    standin: StandIn, nonce: str
) -> None:
    """After SIGTERM answers have DRAIN_SECONDS; the rest ends alike in the log and its reader."""
    with serve(standin, 2, DRAIN_SECONDS=1.2) as [here, there]:
        brief, long, silent = new_id(), new_id(), new_id()
        started = [
            here.put(brief, f"fault pace texts=25 gap_ms=30 {nonce}-brief"),
            here.put(long, f"fault pace texts=99999 gap_ms=30 {nonce}-long"),
            here.put(silent, f"fault silent_headers {nonce}-silent"),
        ]
        started[1].read_until(b"word2 ")
        elsewhere = there.get(long)
        elsewhere.read_until(b"word2 ")
        exchange(standin, f"{nonce}-silent")
        with within(1.2 + GONE_WITHIN_SECONDS):
            here.process.send_signal(signal.SIGTERM)
            ends = [data(answer.rest())[-1][1] for answer in (*started, elsewhere)]
            assert here.process.wait(30) == 0
        assert ends[0] == "[DONE]"
        assert [end["code"] for end in ends[1:]] == ["interrupted"] * 3
        assert "restart" in ends[1]["error"]
        for stream, answer in zip((brief, long, silent), started, strict=True):
            with there.get(stream) as log:  # the log has the same end as the reader
                assert logged(log.rest()) == logged(answer.body)
        for answer in (*started, elsewhere):
            answer.leave()


def test_while_draining_nothing_new_is_started(standin: StandIn, nonce: str) -> None:
    """From SIGTERM on no stream is started, while the running answers go on."""
    with serve(standin, DRAIN_SECONDS=3) as [server]:
        with server.put(new_id(), f"fault pace texts=60 gap_ms=20 {nonce}-old") as running:
            running.read_until(b"word1 ")
            server.process.send_signal(signal.SIGTERM)

            def refuses() -> bool:
                try:
                    with server.put(new_id(), f"fault pace texts=3 {nonce}") as answer:
                        return answer.status == 503 and answer.json()["code"] == "draining"
                except ConnectionError:
                    return True

            eventually(refuses)
            assert data(running.rest())[-1][1] == "[DONE]"
            assert text(running.body) == whole_text(standin, f"{nonce}-old")
        assert server.process.wait(25) == 0


def test_clients_that_neither_read_nor_close_do_not_hold_the_exit_up(
    standin: StandIn, nonce: str
) -> None:
    """Despite full sockets and idle connections the process exits a second after the drain."""
    with serve(standin, DRAIN_SECONDS=0.5) as [server]:
        full = server.put(new_id(), f"bench n=20000 pad=1500 {nonce}-full", receive_buffer=4096)
        silent = server.post(f"fault silent {nonce}-silent")
        asked = connect(server.port)
        asked.sendall(request("GET", "/healthz"))
        idle = connect(server.port)
        exchange(standin, f"{nonce}-full")
        exchange(standin, f"{nonce}-silent")
        with within(0.5 + GONE_WITHIN_SECONDS):
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(30) == 0
        for sock in (full.sock, silent.sock, asked, idle):
            sock.close()


def test_ctrl_c_ends_immediately(standin: StandIn, nonce: str) -> None:
    """Ctrl-C waits neither for answers nor for clients: the log ends with ``interrupted``."""
    with serve(standin, 3, DRAIN_SECONDS=30) as [*ended, other]:
        for server, number in zip(ended, (signal.SIGINT, signal.SIGQUIT), strict=True):
            stream, word = new_id(), f"{nonce}-{number.name}"
            full = server.put(new_id(), f"bench n=20000 pad=1500 {word}-full", receive_buffer=4096)
            exchange(standin, f"{word}-full")
            with server.put(stream, f"fault stall after=3 {word}") as answer, full:
                answer.read_until(b"word2 ")
                with within(GONE_WITHIN_SECONDS):  # of the 30 s that it may take to drain
                    server.process.send_signal(number)
                    assert server.process.wait(60) == 0
            with other.get(stream) as log:
                assert data(log.rest())[-1][1]["code"] == "interrupted"


def test_a_worker_exits_immediately_on_sigquit(standin: StandIn, nonce: str) -> None:
    """SIGQUIT, which the master sends on Ctrl-C, ends a worker whose clients do not read, too."""
    with serve(standin, DRAIN_SECONDS=30) as [server]:
        [worker] = server.workers()
        full = server.put(new_id(), f"bench n=20000 pad=1500 {nonce}-full", receive_buffer=4096)
        exchange(standin, f"{nonce}-full")
        with full, within(GONE_WITHIN_SECONDS):
            os.kill(worker, signal.SIGQUIT)
            eventually(lambda: not Path(f"/proc/{worker}").exists(), 60)
        eventually(lambda: server.workers() not in ([], [worker]), 30)
        assert "SIGKILL" not in server.log()


def test_a_reader_of_another_process_is_cut_without_a_terminal_frame(
    standin: StandIn, nonce: str
) -> None:
    """When only the reader's process exits, its body ends without a terminal frame: it resumes."""
    with serve(standin, 2) as [here, there]:
        stream = new_id()
        with here.put(stream, f"fault pace texts=40 gap_ms=30 {nonce}") as first:
            with there.get(stream) as reader:
                reader.read_until(b"word2 ")
                there.process.send_signal(signal.SIGTERM)
                while reader.read():
                    pass
                seen = data(reader.body)
            assert there.process.wait(25) == 0
            assert seen[-1][1] != "[DONE]" and "error" not in seen[-1][1]
            with here.get(stream, after=seen[-1][0]) as returned:
                assert seen + data(returned.rest()) == data(first.rest())


def test_a_worker_that_reloads_finishes_its_answers(standin: StandIn, nonce: str) -> None:
    """SIGHUP starts new workers, and the old ones end their answers within DRAIN_SECONDS."""
    with serve(standin, DRAIN_SECONDS=5) as [server]:
        old = server.workers()
        stream = new_id()
        with server.put(stream, f"fault pace texts=50 gap_ms=20 {nonce}") as answer:
            answer.read_until(b"word2 ")
            server.process.send_signal(signal.SIGHUP)
            eventually(lambda: set(server.workers()) - set(old))
            with server.get(stream) as reader:  # on the old or the new worker
                assert data(answer.rest())[-1][1] == "[DONE]"
                log, read = logged(answer.body), reader
                while read.read():
                    pass
                assert log.startswith(logged(read.body))
        eventually(lambda: not Path(f"/proc/{old[0]}").exists())
        with server.ask("GET", "/healthz") as health:
            assert health.status == 200


READ_AGAIN = """
import os
if "READ_BEFORE" in os.environ:
    os.environ["THREADS"] = "many"
os.environ["READ_BEFORE"] = "yes"
exec(open("gunicorn.conf.py").read())
"""


def test_a_reload_does_not_read_the_settings(standin: StandIn, tmp_path: Path) -> None:
    """SIGHUP replaces the workers though a setting has become one that is refused."""
    config = tmp_path / "again.py"
    config.write_text(READ_AGAIN)
    with serve(standin, GUNICORN_CMD_ARGS=f"--config={config}") as [server]:
        old = server.workers()
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: server.workers() and not set(server.workers()) & set(old), 30)
        server.wait_until_ready()


def test_a_new_master_takes_over(standin: StandIn, nonce: str) -> None:
    """SIGUSR2 starts a second master on the same port, and the first one ends its answers.

    The link to sign in with is still the one that the first master has printed.
    """
    stream = new_id()
    with serve(standin, app="", kind=OurCommand, DRAIN_SECONDS=30, AUTH="token") as [server]:
        [token] = re.findall(r"/login#(\S+)", server.log())
        signed_in = {"Authorization": f"Bearer {token}"}
        prompt = f"fault pace texts=100000 gap_ms=20 {nonce}"
        with server.put(stream, prompt, **signed_in) as answer:
            answer.read_until(b"word1 ")
            server.process.send_signal(signal.SIGUSR2)
            eventually(lambda: server.log().count("claude-sse is at") == 2, 60)
            [second] = [child for child in server.workers() if children(child)]
            server.process.send_signal(signal.SIGTERM)
            assert eventually(lambda: _stop(server, stream, signed_in), PATIENCE_SECONDS) == 200
            assert data(answer.rest())[-1][1] == "[DONE]"
        assert server.process.wait(PATIENCE_SECONDS) == 0
        with server.post(f"say more {nonce}", **signed_in) as answer:
            assert data(answer.rest())[-1][1] == "[DONE]"
        os.kill(second, signal.SIGTERM)
        eventually(lambda: not Path(f"/proc/{second}").exists(), PATIENCE_SECONDS)


def _stop(server: Server, stream: str, signed_in: dict[str, str]) -> int:
    """Stop a stream through whichever master takes the connection; return the status."""
    with server.ask("DELETE", f"/streams/{stream}", **signed_in) as answer:
        return answer.status


def test_streams_survive_a_restart(standin: StandIn, nonce: str) -> None:
    """A server that is restarted on the same folder serves what its predecessor had received."""
    with serve(standin, 2) as [here, there]:
        stream = new_id()
        with here.put(stream, f"fault pace texts=5 {nonce}") as answer:
            log = logged(answer.rest())
        here.end()
        with there.get(stream) as returned:
            assert logged(returned.rest()) == log
        here.start()
        here.wait_until_ready()
        with here.get(stream, after=3) as returned:
            rest = logged(returned.rest())
        assert rest == log[log.index(b"id: 4\n") :]


def test_an_answer_without_a_reader_has_the_whole_drain(standin: StandIn, nonce: str) -> None:
    """After SIGTERM an answer whose reader has left goes on until DRAIN_SECONDS have passed."""
    with serve(standin, 2, DRAIN_SECONDS=10) as (server, other):
        stream = new_id()
        with server.put(stream, f"fault pace texts=60 gap_ms=30 {nonce}") as answer:
            answer.read_until(b"word3 ")
        server.process.send_signal(signal.SIGTERM)
        with other.get(stream) as returned:
            assert returned.rest().endswith(b"data: [DONE]\n\n")
        assert server.process.wait(25) == 0


@contextlib.contextmanager
def starting(folder: Path, **settings: object) -> Iterator[Server]:
    """Start a server, which may never become ready, and kill it in the end."""
    server = Server(folder, STREAM_LOG=f"file://{folder}/streams", **settings)
    try:
        yield server
    finally:
        server.kill()


SLOW_TO_START = """
import time
exec(open("gunicorn.conf.py").read())
def post_fork(server, worker):
    time.sleep(1)
"""


def test_a_worker_that_is_starting_obeys_ctrl_c(standin: StandIn, tmp_path: Path) -> None:
    """Ctrl-C during the start ends the server; gunicorn alone would wait 30 s, and kill."""
    config = tmp_path / "slow.py"
    config.write_text(SLOW_TO_START)
    with starting(
        tmp_path,
        ANTHROPIC_BASE_URL=standin.base_url,
        GUNICORN_CMD_ARGS=f"--config={config}",
        DRAIN_SECONDS=30,
    ) as server:
        eventually(server.workers, 30)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(25) == 0
        server.check()


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("192.0.2.1", "is not an address of this machine"),
        ("nowhere.invalid", "must be an address of this machine"),
    ],
)
def test_an_address_that_cannot_be_bound_is_named(tmp_path: Path, host: str, said: str) -> None:
    """The refusal says what is wrong with HOST, and not that the port is taken."""
    token = "a-token-of-more-than-32-characters"
    signed_in = {"AUTH": "token", "AUTH_TOKEN": token, "SECRET_KEY": token[::-1]}
    with starting(tmp_path, HOST=host, **signed_in) as server:
        assert server.process.wait(30) != 0
        assert said in server.log() and "taken" not in server.log()
