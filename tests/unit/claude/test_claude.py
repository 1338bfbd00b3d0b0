"""Claude as the product uses it: the real SDK over our transport, against the stand-in."""

import json
import socket
import threading
import time

import pytest

from claude_sse.claude import CancelScope, Claude
from claude_sse.config.settings import Settings
from claude_sse.protocol.errors import AnswerFailed, Interrupted, Overloaded, Unavailable
from claude_sse.protocol.question import Question
from claude_sse.standin import StandIn
from tests.slack import within


@pytest.fixture
def claude(standin):
    return Claude(Settings(api_key="sk-ant-test", base_url=standin.base_url))


def question(text, **fields):
    return Question(messages=(("user", text),), digest="", **fields)


def answer(claude, text, scope=None, **fields):
    """Return all objects of an answer; the last is its failure, if any."""
    objects = []
    try:
        for batch in claude.events(question(text, **fields), scope or CancelScope()):
            objects += [{"text": json.loads(p)} if isinstance(p, bytes) else p for p in batch]
    except AnswerFailed as exc:
        objects.append(exc)
    return objects


def text_of(objects):
    text = "".join(o["text"] for o in objects if not isinstance(o, AnswerFailed))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def requests_for(standin, text):
    return [r for r in standin.requests if r.prompt == text]


def test_an_answer_opens_speaks_and_closes(claude, nonce):
    """The model comes first, then thinking and text, and the stop reason with the usage last."""
    objects = answer(claude, f"fault pace texts=3 gap_ms=1 {nonce}")
    assert objects[0]["text"] == "" and objects[0]["model"] == "claude-sonnet-5-5"
    assert objects[0]["message"].startswith("msg_")
    assert any(o.get("thinking") for o in objects)
    assert text_of(objects) == "word0 word1 word2 "
    assert objects[-1]["stop_reason"] == "end_turn"
    assert objects[-1]["usage"]["output_tokens"] > 0 and objects[-1]["usage"]["input_tokens"] > 0
    assert "estimated" not in objects[-1]["usage"]


def test_what_is_asked_reaches_claude(claude, standin, nonce):
    """Messages, system, model, max_tokens, effort and thinking are sent; the key as a Bearer."""
    sent = Question(
        messages=(("user", "one"), ("assistant", "two"), ("user", nonce)),
        digest="",
        system="Be brief.",
        model="claude-opus-5-5",
        max_tokens=77,
        effort="low",
    )
    for _ in claude.events(sent, CancelScope()):
        pass
    (request,) = requests_for(standin, nonce)
    assert request.headers["authorization"] == "Bearer sk-ant-test"
    body = request.body
    assert [m["content"] for m in body["messages"]] == ["one", "two", nonce]
    assert (body["system"], body["model"], body["max_tokens"]) == (
        "Be brief.",
        "claude-opus-5-5",
        77,
    )
    assert body["output_config"] == {"effort": "low"}
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert not {"temperature", "top_p", "top_k"} & set(body)


@pytest.mark.filterwarnings("ignore:The model")  # the SDK warns of its retirement
def test_an_older_model_gets_the_plain_request(claude, standin, nonce):
    """Thinking and effort are sent only to a model that the list says takes them."""
    for model in ("claude-sonnet-4-5", "claude-unlisted-9"):
        answer(claude, f"{nonce} {model}", model=model, effort="low")
        (request,) = requests_for(standin, f"{nonce} {model}")
        assert not {"thinking", "output_config"} & set(request.body)


def test_models_come_from_the_api(claude):
    """The list has names, lifecycles and what each model takes; without a key there is none."""
    models = {model.id: model for model in claude.models()}
    assert models["claude-sonnet-5-5"].thinks and "high" in models["claude-sonnet-5-5"].efforts
    old = models["claude-sonnet-4-5"]
    assert old.lifecycle == "deprecated" and old.retires_at and not old.thinks and not old.efforts
    assert claude.knows("claude-opus-5-5") and not claude.knows("gpt-4")
    assert Claude(Settings(api_key="x", base_url="http://127.0.0.1:9")).knows("gpt-4")  # who knows
    with pytest.raises(Unavailable, match="ANTHROPIC_API_KEY"):
        Claude(Settings()).models()


FAULTS = [
    ("unauthorized", "authentication", "check ANTHROPIC_API_KEY in .env"),
    ("forbidden", "permission", "console"),
    ("billing", "billing", "check Billing"),
    ("model_not_found", "model_not_found", "GET /models"),
    ("bad_request", "rejected", "did not accept the question"),
    ("too_large", "too_long", "too long"),
    ("rate_limited retry_after=25", "rate_limited", "rate limit"),
    ("spend_limit", "budget", "spend limit"),
    ("spend_limit_400", "budget", "spend limit"),
    ("redirect", "protocol", "redirect"),
    ("html", "protocol", "ANTHROPIC_BASE_URL"),
    ("empty", "protocol", "ANTHROPIC_BASE_URL"),
    ("wrong_order", "protocol", ""),
]


@pytest.mark.parametrize(("fault", "code", "says"), FAULTS, ids=[f[0] for f in FAULTS])
def test_a_refusal_is_one_sentence_and_asked_once(claude, standin, nonce, fault, code, says):
    """A permanent failure is not retried, and its sentence says what to do."""
    prompt = f"fault {fault} {nonce}"
    (failure,) = answer(claude, prompt)
    assert failure.code == code and says in str(failure)
    assert len(requests_for(standin, prompt)) == 1
    for secret in ("sk-ant", "Bearer", "Traceback", nonce):
        assert secret not in str(failure.to_dict())


def test_a_refused_key_is_not_tried_for_each_question(claude, standin, nonce):
    """After Claude rejects the key, further questions fail without a request, and are free."""
    (first,) = answer(claude, f"fault unauthorized {nonce}")
    (second,) = answer(claude, f"second {nonce}")
    assert (str(second), second.code) == (str(first), first.code)
    assert first.is_free and second.is_free
    assert not requests_for(standin, f"second {nonce}")


def test_a_refusal_names_claudes_request(claude, nonce):
    """The failure has the request id, for Anthropic's support."""
    (failure,) = answer(claude, f"fault unauthorized {nonce}")
    assert failure.request_id.startswith("req_") and not failure.retryable


def test_a_rate_limit_names_its_time(claude, nonce):
    """The failure has the time to wait."""
    (failure,) = answer(claude, f"fault rate_limited retry_after=25 {nonce}")
    assert failure.retry_after == 25 and failure.retryable


@pytest.mark.parametrize("fault", ["overloaded", "server_error", "rate_limited retry_after=1"])
def test_what_may_pass_is_tried_once_more(claude, standin, nonce, fault):
    """A temporary failure before the first event is announced, and retried after a wait."""
    prompt = f"fault {fault} times=1 texts=2 {nonce}"
    objects = answer(claude, prompt)
    assert objects[0]["text"] == "" and 0 < objects[0]["waiting"] <= 3 and objects[0]["code"]
    assert text_of(objects) == "word0 word1 " and objects[-1]["stop_reason"]
    assert len(requests_for(standin, prompt)) == 2


@pytest.mark.parametrize("value", ["inf", "nan", "1e999", "soon", "-1"])
def test_a_senseless_retry_after_is_none(claude, standin, nonce, value):
    """A malformed retry-after is ignored; a rate limit without a time is not retried."""
    prompt = f"fault rate_limited retry_after={value} {nonce}"
    (failure,) = answer(claude, prompt)
    assert (failure.code, failure.retry_after) == ("rate_limited", None)
    assert len(requests_for(standin, prompt)) == 1


def test_a_second_failure_is_the_answer(claude, standin, nonce):
    """There is one retry, not two."""
    prompt = f"fault rate_limited retry_after=0.2 times=2 {nonce}"
    waiting, failure = answer(claude, prompt)
    assert waiting["waiting"] == 0.2 and isinstance(failure, Overloaded)
    assert len(requests_for(standin, prompt)) == 2


def test_an_error_as_the_first_event_is_tried_again(claude, standin, nonce):
    """An overload with status 200 before the first event is retried like any other."""
    prompt = f"fault error_event after=0 times=1 texts=1 {nonce}"
    assert text_of(answer(claude, prompt)) == "word0 "
    assert len(requests_for(standin, prompt)) == 2


def test_an_error_in_mid_answer_keeps_the_text(claude, standin, nonce):
    """After the first event nothing is retried: the failure follows the text received."""
    prompt = f"fault error_event after=2 {nonce}"
    objects = answer(claude, prompt)
    assert text_of(objects) == "word0 word1 " and objects[-1].code == "overloaded"
    assert objects[-1].usage["estimated"] and objects[-1].usage["output_tokens"] >= 1
    assert len(requests_for(standin, prompt)) == 1


@pytest.mark.parametrize(
    "fault", ["reset", "cut", "cut_chunk", "bad_json", "bad_utf8", "bad_index"]
)
def test_a_broken_answer_is_never_whole(claude, standin, nonce, fault):
    """An incomplete or garbled answer ends with a failure after all text received before it."""
    prompt = f"fault {fault} after=3 {nonce}"
    objects = answer(claude, prompt)
    assert text_of(objects).startswith("word0 word1 ")
    assert objects[-1].code == ("protocol" if fault.startswith("bad") else "interrupted")
    assert len(requests_for(standin, prompt)) == 1


@pytest.mark.parametrize(
    "fault",
    ["unknown_events", "dribble", "slice", "imitate", "after_stop", "gzip", "http10", "slow_close",
     "no_thinking", "stop_reason reason=refusal"],
)  # fmt: skip
def test_an_unusual_answer_is_read_exactly(claude, standin, nonce, fault):
    """The text is the same for every framing, compression and decoration of the bytes."""
    prompt = f"fault {fault} {nonce}"
    objects = answer(claude, prompt)
    (request,) = requests_for(standin, prompt)
    assert text_of(objects) == request.sent != ""
    assert objects[-1]["stop_reason"] and not any(o.get("stop_reason") for o in objects[:-1])


def test_a_cut_at_every_byte_is_never_whole(claude, nonce):
    """A short answer that is cut anywhere fails; the text received is a prefix of the text sent."""
    sizes = iter(range(0, 100_000, 97))
    while True:
        byte = next(sizes)
        prompt = f"fault cut_at byte={byte} texts=2 gap_ms=0 {nonce}"
        objects = answer(claude, prompt)
        if not isinstance(objects[-1], AnswerFailed):
            break
        assert objects[-1].code in ("interrupted", "protocol")
        assert "word0 word1 ".startswith(text_of(objects[:-1]))
    assert byte > 1000 and text_of(objects) == "word0 word1 "


def test_a_giant_event_is_refused(claude, nonce):
    """An event over 4 MB ends the answer instead of filling the memory."""
    objects = answer(claude, f"fault huge mb=6 {nonce}")
    assert objects[-1].code == "protocol"


def test_a_refused_connection_is_retried_once():
    """A refused connection is retried once, then reported."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        objects = answer(Claude(Settings(api_key="x", base_url=f"http://127.0.0.1:{port}")), "Hi")
    assert [o.get("code") for o in objects[:-1]] == ["unreachable"]
    assert objects[-1].code == "unreachable" and objects[-1].retryable


@pytest.mark.parametrize("fault", ["silent_headers", "silent", "pings", "stall after=2"])
def test_a_cut_reaches_claude_at_any_moment(claude, standin, nonce, fault):
    """Cancelling the scope wakes the reading thread and closes the connection immediately."""
    prompt, scope, ended = f"fault {fault} {nonce}", CancelScope(), []
    thread = threading.Thread(
        target=lambda: ended.extend(answer(claude, prompt, scope)), daemon=True
    )
    thread.start()
    request = standin.wait(lambda s: next(iter(requests_for(s, prompt)), None))
    with within(0.05):
        scope.cancel()
        standin.wait(lambda s: request.closed_at)
    thread.join()
    assert isinstance(ended[-1], Interrupted)


def test_a_cut_ends_the_wait_for_a_retry(claude, standin, nonce):
    """A cancel ends the wait before a retry, and nothing more is sent."""
    prompt, scope = f"fault rate_limited retry_after=19 {nonce}", CancelScope()
    events = claude.events(question(prompt), scope)
    assert next(events)[0]["waiting"] == 19
    threading.Timer(0.05, scope.cancel).start()
    with within(0.1), pytest.raises(AnswerFailed):
        next(events)
    assert len(requests_for(standin, prompt)) == 1


def test_a_line_that_was_cut_before_stays_cut(claude, nonce):
    """An answer that was cancelled before its request ends as soon as it is connected."""
    scope = CancelScope()
    scope.cancel()
    assert isinstance(answer(claude, f"fault silent {nonce}", scope)[-1], Interrupted)


def test_silence_is_reported_every_second(claude, nonce):
    """While Claude is silent the generator yields an empty batch each second."""
    scope = CancelScope()
    events = claude.events(question(f"fault silent {nonce}"), scope)
    began = time.monotonic()
    with within(1.0):
        assert next(events) == []
    assert time.monotonic() - began > 0.9
    scope.cancel()
    assert pytest.raises(Interrupted, next, events)


def test_the_key_never_follows_a_redirect(claude, standin, nonce):
    """A redirect ends the answer; the key is sent to no other address."""
    before = len(standin.others)
    answer(claude, f"fault redirect to=/elsewhere-{nonce}")
    assert not [r for r in standin.others[before:] if nonce in r.path]


def test_a_proxy_from_the_environment_is_used(claude, nonce, monkeypatch):
    """With HTTP_PROXY set the answer comes through a tunnel of that proxy, with its credentials."""
    heads = []

    def copy(source, sink):
        while data := source.recv(65536):
            sink.sendall(data)
            if data.endswith(b"\r\n0\r\n\r\n"):
                break  # the answer is complete, its connection would be reused

    def tunnel(listener):
        near, _ = listener.accept()
        head = b""
        while b"\r\n\r\n" not in head:
            head += near.recv(4096)
        heads.append(head)
        host, port = head.split()[1].decode().rsplit(":", 1)
        far = socket.create_connection((host, int(port)))
        near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with near, far:
            up = threading.Thread(target=copy, args=[near, far], daemon=True)
            up.start()
            copy(far, near)
            near.shutdown(socket.SHUT_RDWR)
            up.join()

    claude.models()  # this one goes without
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=tunnel, args=[listener], daemon=True)
        thread.start()
        monkeypatch.setenv("http_proxy", f"http://me:pass@127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "")
        objects = answer(claude, f"fault pace texts=2 thinking=0 {nonce}")
        thread.join()
    assert text_of(objects) == "word0 word1 "
    assert heads[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"Proxy-Authorization: Basic bWU6cGFzcw==" in heads[0]


@pytest.mark.parametrize("address", ["https://127.0.0.1:1", "socks5://127.0.0.1:1", "http://"])
def test_a_proxy_that_cannot_be_used_is_reported(claude, nonce, monkeypatch, address):
    """A TLS or SOCKS proxy is rejected with a sentence that names the kind that works."""
    monkeypatch.setenv("all_proxy", address)
    monkeypatch.setenv("no_proxy", "")
    (failure,) = answer(claude, f"fault pace {nonce}")
    assert failure.code == "unreachable" and not failure.retryable
    assert "http://host:port" in str(failure)


def test_early_hints_are_passed_over(standin, nonce):
    """Interim responses (1xx) before the answer change nothing."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"

    def pass_on(listener):
        for _ in range(2):  # the list of models and the answer
            near, _ = listener.accept()
            host, port = standin.base_url.removeprefix("http://").split(":")
            with near, socket.create_connection((host, int(port))) as far:
                request = near.recv(65536)
                while (
                    b"\r\n\r\n" not in request
                    or request.endswith(b"\r\n\r\n")
                    and (request.startswith(b"POST"))
                ):
                    request += near.recv(65536)
                far.sendall(request)
                near.sendall(hints)
                while data := far.recv(65536):
                    near.sendall(data)
                    if data.endswith(b"\r\n0\r\n\r\n"):
                        break  # the answer is complete, its connection would be reused

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=pass_on, args=[listener], daemon=True)
        thread.start()
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        objects = answer(Claude(Settings(api_key="k", base_url=base_url)), f"fault pace {nonce}")
        thread.join()
    assert objects[-1]["stop_reason"] == "end_turn"


def test_stop_does_not_cut_the_list_of_models(nonce):
    """Cancelling an answer ends its wait for the list, and not the fetch of the list."""
    requested, released = threading.Event(), threading.Event()

    def slow_list(listener):
        near, _ = listener.accept()
        with near:
            near.recv(65536)
            requested.set()
            released.wait(10)
            body = b'{"data":[],"has_more":false,"first_id":null,"last_id":null}'
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            )
            near.sendall(head % len(body) + body)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=slow_list, args=[listener], daemon=True)
        thread.start()
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        claude, scope = Claude(Settings(api_key="k", base_url=base_url)), CancelScope()
        events = claude.events(question(nonce), scope)
        threading.Thread(target=lambda: (requested.wait(10), scope.cancel()), daemon=True).start()
        assert pytest.raises(Interrupted, next, events)
        assert not released.is_set()
        released.set()
        thread.join()
        assert claude.models() == ()  # a failure would be raised


def test_tls_is_checked_and_cut_like_plain(nonce, tmp_path, monkeypatch, require):
    """Over TLS an answer streams and is cancelled; an untrusted certificate is unreachable."""
    import subprocess

    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subprocess.run(
        [require("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
         "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    with StandIn(certfile=cert, keyfile=key) as standin:
        strict = Claude(Settings(api_key="x", base_url=standin.base_url))
        assert answer(strict, nonce)[-1].code == "unreachable"
        monkeypatch.setenv("SSL_CERT_FILE", cert)
        claude = Claude(Settings(api_key="x", base_url=standin.base_url))
        assert text_of(answer(claude, f"fault pace texts=2 {nonce}")) == "word0 word1 "
        prompt, scope, ended = f"fault silent {nonce}", CancelScope(), []
        thread = threading.Thread(
            target=lambda: ended.extend(answer(claude, prompt, scope)), daemon=True
        )
        thread.start()
        request = standin.wait(lambda s: next(iter(requests_for(s, prompt)), None))
        scope.cancel()
        standin.wait(lambda s: request.closed_at)
        thread.join(5.0)
        assert isinstance(ended[-1], Interrupted)
