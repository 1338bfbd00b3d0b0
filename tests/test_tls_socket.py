"""A connection under TLS, as the transport reads it, against the library's own on the far side."""

import contextlib
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from claude_sse.claude.tls_socket import TlsSocket

NAME = "claude.example.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key, and a certificate that trusts itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not here, and makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-keyout", "key.pem", "-out", "cert.pem", "-days", "1", "-subj", f"/CN={NAME}"]
        + ["-addext", f"subjectAltName=DNS:{NAME}"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def far_context(request, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    context.minimum_version = context.maximum_version = request.param
    return context


@pytest.fixture
def context(certificate):
    return ssl.create_default_context(cafile=certificate / "cert.pem")


@pytest.fixture
def pair(far_context, context):
    """Both ends of a connection, hands shaken: ours, and the far side's."""
    ours, far = socket.socketpair()
    ours.settimeout(5.0)
    accepted = []

    def accept():
        accepted.append(far_context.wrap_socket(far, server_side=True))

    thread = threading.Thread(target=accept)
    thread.start()
    ours = TlsSocket.over(ours, context, NAME)
    ours.shake_hands()
    thread.join()
    ours.settimeout(None)
    with ours, accepted[0]:
        yield ours, accepted[0]


def give_up_after(sock, seconds):
    timeval = struct.pack("@ll", int(seconds), int(seconds % 1 * 1e6))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)


def read_all(sock, size):
    received = b""
    while len(received) < size:
        received += sock.recv(1000)
    return received


def test_both_ways_every_byte_arrives(pair):
    """What is sent arrives, also where it is longer than a record and than a socket takes."""
    ours, far = pair
    data = bytes(range(256)) * 4000
    for sender, receiver in ((ours, far), (far, ours)):
        thread = threading.Thread(target=sender.sendall, args=(data,))
        thread.start()
        assert read_all(receiver, len(data)) == data
        thread.join()


def test_what_came_together_is_read_together(pair):
    """Many records that wait are one read."""
    ours, far = pair
    for n in range(20):
        far.sendall(b"%d " % n)
    assert ours.recv(8192) == b"".join(b"%d " % n for n in range(20))


def test_a_silence_ends_a_read_and_nothing_is_lost(pair):
    """The kernel's time-out applies, in the middle of a record, too; the next read goes on."""
    ours, far = pair
    give_up_after(ours, 0.05)
    with pytest.raises(BlockingIOError):
        ours.recv(8192)
    for piece in (b"one", b"two"):
        far.sendall(piece)
        received = b""
        while len(received) < len(piece):
            with contextlib.suppress(BlockingIOError):
                received += ours.recv(7)  # bytes of the record, so that most reads give nothing
        assert received == piece


def test_a_look_without_waiting(pair):
    """Where nothing is there, a read that may not wait says so, behind the session's tickets."""
    ours, far = pair
    far.sendall(b"x")
    assert ours.recv(8192) == b"x"
    with pytest.raises(BlockingIOError):
        ours.recv(8192, socket.MSG_DONTWAIT)


def test_the_far_side_ends(pair):
    """Behind its last word the read is empty, again and again, though the socket stays open."""
    ours, far = pair
    far.sendall(b"bye")
    with contextlib.suppress(ssl.SSLError, OSError):
        far.settimeout(0.2)
        far.unwrap()  # close_notify; then it waits for ours
    assert ours.recv(8192) == b"bye"
    assert ours.recv(8192) == b"" == ours.recv(8192)


def test_a_connection_that_is_cut_is_empty(pair):
    """Without close_notify, too, the end of the connection is the end: the body knows its own."""
    ours, far = pair
    socket.socket.shutdown(far, socket.SHUT_RDWR)
    assert ours.recv(8192) == b""


def test_what_is_no_tls_breaks_behind_what_was(pair):
    """A broken record is an OSError, and what came with it before is read first."""
    ours, far = pair
    far.sendall(b"good")
    with socket.socket(fileno=far.detach()) as raw:
        raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        time.sleep(0.05)
        assert ours.recv(8192) == b"good"
        raw.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(ssl.SSLError):
            assert ours.recv(8192) == b""


def test_another_thread_ends_a_read(pair):
    """``shutdown`` wakes a thread that reads."""
    ours, _ = pair
    timer = threading.Timer(0.05, ours.shutdown, (socket.SHUT_RDWR,))
    timer.start()
    assert ours.recv(8192) == b""
    timer.join()


@pytest.mark.parametrize("wrong", ["name", "issuer"])
def test_a_certificate_is_checked(far_context, context, wrong):
    """A certificate for another name, or by nobody known, is refused, and the far side is told."""
    if wrong == "issuer":
        context = ssl.create_default_context()
    ours, far = socket.socketpair()
    told = []

    def accept():
        try:
            far_context.wrap_socket(far, server_side=True).recv(1)
        except OSError as exc:
            told.append(exc)

    thread = threading.Thread(target=accept)
    thread.start()
    with TlsSocket.over(ours, context, "other.example.com" if wrong == "name" else NAME) as ours:
        with pytest.raises(ssl.SSLCertVerificationError):
            ours.shake_hands()
        thread.join()
    assert "ALERT" in str(told[0]).upper()


def test_a_silent_far_side_is_given_up(context):
    """The socket's time-out ends a handshake, and so does a connection that closes."""
    ours, far = socket.socketpair()
    ours.settimeout(0.05)
    with TlsSocket.over(ours, context, NAME) as ours:
        with pytest.raises(TimeoutError):
            ours.shake_hands()
        far.close()
        with pytest.raises(OSError):
            ours.shake_hands()
