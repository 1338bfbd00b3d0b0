"""Connections to real Redis servers, and the sentence for each reason why there is none."""

import contextlib
import logging
import subprocess
import sys
import time

import pytest
import redis

from claude_sse.config.settings import ConfigError
from claude_sse.protocol.errors import Unavailable
from claude_sse.stream_log import open_log
from claude_sse.system.redis_address import parse
from claude_sse.system.redis_connection import RedisDown, RedisMisconfigured, RedisServer
from claude_sse.system.resp import ReplyError, command
from tests.integration.client import eventually
from tests.integration.running import free_port
from tests.slack import within
from tests.slow_proxy import Proxy


@pytest.fixture(scope="module")
def certificates(require, tmp_path_factory):
    """A folder with the certificate and key of 127.0.0.1, signed by itself, and another one."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("own", "other"):
        subprocess.run(
            [require("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=redis",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / f"{name}.key",
             "-out", folder / f"{name}.pem"],
            check=True, capture_output=True,
        )  # fmt: skip
    return folder


@pytest.fixture
def tls_redis(start_redis, certificates):
    """A Redis that speaks TLS only, with a password."""
    own = certificates / "own"
    return start_redis(
        "--port", "0", "--tls-port", "{port}", "--tls-cert-file", f"{own}.pem",
        "--tls-key-file", f"{own}.key", "--tls-ca-cert-file", f"{own}.pem",
        "--tls-auth-clients", "no", "--requirepass", "geheim",
        url=f"rediss://:geheim@127.0.0.1:{{port}}/3?ssl_ca_certs={own}.pem",
    )  # fmt: skip


def refusal(url):
    """Return the sentence with which an app refuses to start with this STREAM_LOG."""
    with pytest.raises(ConfigError) as refused:
        open_log(parse(url), 3600.0)
    assert "geheim" not in str(refused.value)
    return str(refused.value)


def test_an_answer_is_stored_over_tls(tls_redis):
    """A stream is written and read by TLS, with a password, in the database of the address."""
    log = open_log(parse(tls_redis.url), 3600.0)
    eventually(lambda: log.state().is_up)
    writer = log.create("local/1", "d" * 64)
    writer.append(b"id: 1\ndata: [DONE]\n\n")
    writer.close()
    eventually(lambda: log.state().writers == 0)
    reader = log.open("local/1")
    assert reader.read(5.0) == b"id: 1\ndata: [DONE]\n\n"
    reader.close()
    assert tls_redis.command("INFO", "keyspace")["db3"]["keys"] > 0
    log.close()


def test_mistakes_of_a_person_are_refused_at_the_start(tls_redis, certificates, shared_redis):
    """An unknown authority, a wrong or missing password and database are one sentence each."""
    url = tls_redis.url
    assert "certificate" in refusal(url.partition("?")[0])
    assert "self-signed" in refusal(url.replace("own.pem", "other.pem"))
    assert "No such file" in refusal(url.replace("own.pem", "none.pem"))
    assert "user or the password" in refusal(url.replace(":geheim", ":falsch"))
    assert "needs a password" in refusal(url.replace(":geheim@", ""))
    assert "DB index" in refusal(shared_redis.url.replace("/0", "/99"))
    assert "user or the password" in refusal(shared_redis.url.replace("//", "//x:geheim@"))


def test_a_node_of_a_cluster_is_refused_at_the_start(start_redis):
    """An address of Redis Cluster is refused with a sentence, also without its scheme."""
    node = start_redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    assert "Redis Cluster" in refusal(node.url)


@pytest.mark.parametrize(
    ("version", "is_taken"), [("6.2.14", False), ("7.0.0", True), ("8.0.1", True), ("10.1", True)]
)
def test_a_redis_that_is_too_old_is_refused(version, is_taken):
    """Redis 7.0 or Valkey 8 is needed, by the version that it greets with."""
    from claude_sse.system.redis_connection import _refuse_unusable

    greeting = {b"server": b"redis", b"version": version.encode(), b"mode": b"standalone"}
    if is_taken:
        return _refuse_unusable(greeting, parse("redis://h"))
    with pytest.raises(RedisMisconfigured, match=f"is version {version}"):
        _refuse_unusable(greeting, parse("redis://h"))


@pytest.mark.parametrize(("policy", "is_fine"), [("noeviction", True), ("allkeys-lru", False)])
def test_a_redis_that_evicts_is_warned_of(start_redis, caplog, policy, is_fine):
    """At the start a line in the log tells of a policy that removes whole answers."""
    redis_server = start_redis("--maxmemory-policy", policy)
    open_log(parse(redis_server.url), 3600.0).close()
    assert ("removes answers" in caplog.text) is not is_fine


def test_a_redis_that_is_away_is_no_mistake(caplog):
    """An app starts where nothing listens or the name is unknown, and says so."""
    for host in (f"127.0.0.1:{free_port()}", "no.invalid"):
        with caplog.at_level(logging.ERROR):
            log = open_log(parse(f"redis://:geheim@{host}"), 3600.0)
        assert f"{host.partition(':')[0]}" in caplog.text and "cannot be reached yet" in caplog.text
        assert "geheim" not in caplog.text
        log.close()


def test_a_whole_operation_has_one_deadline(shared_redis):
    """Replies that come one by one, each in time, do not prolong a deadline."""
    proxy = Proxy(shared_redis.port)
    wire = RedisServer(parse(f"redis://127.0.0.1:{proxy.port}")).connect()
    proxy.delay_seconds = 0.3
    with within(0.5):
        began = time.monotonic()
        with pytest.raises(RedisDown, match="no reply within 0.5 s"):
            wire.ask(*[command(b"BLPOP", b"none", b"0.2")] * 20, within=0.5)
        assert time.monotonic() - began >= 0.5
    wire.close()
    proxy.close()


def test_a_refused_command_leaves_the_connection_usable(shared_redis):
    """A refusal is raised after all replies were read, so that the next ones are right."""
    wire = RedisServer(parse(shared_redis.url)).connect()
    with pytest.raises(ReplyError, match="unknown command"):
        wire.ask(command(b"ECHO", b"a"), command(b"NO_SUCH"), command(b"ECHO", b"b"))
    assert wire.ask(command(b"ECHO", b"c")) == [b"c"]
    replies = wire.ask(command(b"SUBSCRIBE", b"ch"), command(b"ECHO", b"d"))
    assert replies == [[b"subscribe", b"ch", 1], b"d"]
    wire.close()


def test_sentinels_lead_to_the_primary_also_after_a_failover(start_redis, tmp_path, require):
    """The address of sentinels leads to the server that takes writes now."""
    first, second = start_redis(), start_redis()
    second.command("REPLICAOF", "127.0.0.1", first.port)
    eventually(lambda: second.command("INFO")["master_link_status"] == "up")
    port = free_port()
    config = tmp_path / "sentinel.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n"
        f"sentinel monitor the-one 127.0.0.1 {first.port} 1\n"
        "sentinel down-after-milliseconds the-one 500\nsentinel failover-timeout the-one 2000\n"
    )
    with (tmp_path / "sentinel.log").open("wb") as output:
        sentinel = subprocess.Popen(
            [require("redis-server"), str(config), "--sentinel"], stdout=output, stderr=output
        )
    try:
        watched = redis.Redis(port=port, decode_responses=True)
        eventually(lambda: knows_a_replica(watched))
        log = open_log(parse(f"redis+sentinel://127.0.0.1:{port}/the-one/0"), 3600.0)
        eventually(lambda: log.state().is_up)
        writer = log.create("local/1", "d" * 64)
        writer.append(b"id: 1\ndata: {}\n\n")
        eventually(lambda: first.command("DBSIZE") > 1)
        first.kill()
        eventually(lambda: is_primary(second))
        eventually(lambda: log.state().is_up and log.state().behind == 0)
        writer.append(b"id: 2\ndata: [DONE]\n\n")
        writer.close()
        frames = b"id: 1\ndata: {}\n\nid: 2\ndata: [DONE]\n\n"
        eventually(lambda: stored(log, "local/1") == frames and log.state().writers == 0)
        log.close()
        watched.close()
    finally:
        sentinel.kill()
        sentinel.wait()


def stored(log, key):
    """Return what can be read of a stream; sentinels break every connection at a failover."""
    with contextlib.suppress(Unavailable):
        with contextlib.closing(log.open(key)) as reader:
            return reader.read(1.0)


def is_primary(server):
    """Return whether this server takes writes; sentinels break its connections then."""
    with contextlib.suppress(redis.RedisError):
        return server.command("ROLE")[0] == b"master"


def knows_a_replica(sentinel):
    """Return whether this sentinel could choose another primary."""
    try:
        return sentinel.sentinel_master("the-one")["num-slaves"] == 1
    except redis.RedisError:
        return False


def test_redis_py_is_imported_where_it_is_used_only():
    """An installation on files does not pay for redis-py."""
    code = "import sys, claude_sse.stream_log; sys.exit('redis' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_undocumented_name_of_redis_py_is_there(shared_redis):
    """redis-py still has the one private method that a wire is made with."""
    from redis.connection import AbstractConnection, Connection, SSLConnection

    assert callable(AbstractConnection._get_socket)
    assert issubclass(Connection, AbstractConnection) and issubclass(SSLConnection, Connection)
    wire = RedisServer(parse(shared_redis.url)).connect()
    assert wire.socket.fileno() > 0
    wire.close()
