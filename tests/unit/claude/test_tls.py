"""TLS to Claude: answers, read timeouts, cancellation, and untrusted certificates."""

import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from claude_sse.claude import CancelScope, Claude
from claude_sse.claude.http.transport import set_read_timeout
from claude_sse.config.settings import Settings
from claude_sse.protocol.errors import AnswerFailed, Interrupted, Unreachable
from claude_sse.protocol.question import Question
from claude_sse.protocol.sse import encode, objects
from claude_sse.standin import StandIn
from tests.slack import within


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return a key and a self-signed certificate for localhost."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not here, and makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-keyout", "key.pem", "-out", "cert.pem", "-days", "1", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def far_side(certificate):
    cert, key = str(certificate / "cert.pem"), str(certificate / "key.pem")
    with StandIn(certfile=cert, keyfile=key) as standin:
        yield standin


@pytest.fixture
def claude(far_side, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    return Claude(Settings(api_key="sk-ant-test", base_url=_url(far_side, "localhost")))


def _url(far_side, host):
    return f"https://{host}:{far_side.base_url.rpartition(':')[2]}"


def ask(claude, text, scope=None):
    """Yield the batches of an answer."""
    question = Question(messages=(("user", text),), digest="")
    return claude.events(question, scope or CancelScope())


def text_of(batches):
    frames = [encode(1, payload) for batch in batches for payload in batch]
    return "".join(fields["text"] for fields in objects(b"".join(frames)))


@pytest.mark.parametrize("fault", ["pace texts=50", "dribble", "slice", "slow_close"])
def test_an_answer_arrives_whole(claude, far_side, nonce, fault):
    """Every text arrives for all sizes of records; the connection is reused."""
    for n in range(2):
        prompt = f"fault {fault} {nonce}-{n}"
        text = text_of(ask(claude, prompt))
        (sent,) = [r.sent for r in far_side.requests if r.prompt == prompt]
        assert text == sent != ""


def test_a_cut_answer_is_interrupted(claude, nonce):
    """An answer without its end fails after the text received has been read."""
    received = []
    with pytest.raises(AnswerFailed):
        for batch in ask(claude, f"fault cut after=3 {nonce}"):
            received.append(batch)
    assert text_of(received)


def test_silence_is_reported_each_second_and_cancel_ends_it(claude, nonce):
    """While Claude is silent an empty batch comes each second; a cancelled scope ends the wait."""
    scope = CancelScope()
    events = ask(claude, f"fault silent {nonce}", scope)
    while next(events):
        pass
    began = time.monotonic()
    with within(1.0):
        assert next(events) == []
    assert time.monotonic() - began > 0.9
    threading.Timer(0.1, scope.cancel).start()
    with within(0.15), pytest.raises(Interrupted):
        while True:
            next(events)


def test_a_stranger_is_refused(far_side, certificate, monkeypatch, nonce):
    """No request is sent to a server with an untrusted certificate, or one for another name."""
    for trusted, host in ((False, "localhost"), (True, "127.0.0.1")):
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        claude = Claude(Settings(api_key="sk-ant-test", base_url=_url(far_side, host)))
        with pytest.raises(Unreachable):
            for _ in ask(claude, nonce):
                pass
    assert not [r for r in far_side.requests if r.prompt == nonce]


def test_a_record_may_come_in_pieces_with_silence_between(certificate):
    """Every read times out, and the next read continues at the same byte."""
    ours, raw = socket.socketpair()
    far_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    far_context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    far = far_context.wrap_bio(incoming, outgoing, server_side=True)

    def shake_hands():
        while True:
            try:
                far.do_handshake()
                return raw.sendall(outgoing.read())
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                incoming.write(raw.recv(1 << 14))

    thread = threading.Thread(target=shake_hands, daemon=True)
    thread.start()
    context = ssl.create_default_context(cafile=certificate / "cert.pem")
    with raw, context.wrap_socket(ours, server_hostname="localhost") as ours:
        thread.join()
        set_read_timeout(ours)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 0, 20_000))
        far.write(b"a text")
        silences, record = 0, outgoing.read()
        for n in range(len(record)):
            raw.sendall(record[n : n + 1])
            if n + 1 < len(record):
                with pytest.raises(ssl.SSLWantReadError):
                    ours.recv(8192)
                silences += 1
        assert ours.recv(8192) == b"a text" and silences > 20
        thread = threading.Thread(target=ours.sendall, args=(bytes(1 << 22),), daemon=True)
        thread.start()  # more than a socket buffers: the send blocks until it is read
        received = 0
        while received < 1 << 22:
            incoming.write(raw.recv(1 << 16))
            try:
                while payload := far.read(1 << 14):
                    received += len(payload)
            except ssl.SSLWantReadError:
                pass
        thread.join()
