"""Capacity, quotas, and what each way in which an answer can end costs."""

import json
import socket
import sqlite3
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse import create_app
from claude_sse.claude import charges, tokens
from claude_sse.config.settings import ConfigError, Settings, from_environ
from claude_sse.ledger import Quotas, open_ledger
from claude_sse.protocol import sse
from claude_sse.protocol.errors import OverLimit, Unavailable
from claude_sse.protocol.question import Question
from claude_sse.protocol.weights import SEARCH_TOKENS
from claude_sse.streaming import lifetime
from claude_sse.streaming.admission import Admissions, cost
from claude_sse.streaming.capacity import CapacityLimiter


def test_no_more_slots_than_the_total():
    """The slot after the last is refused, with the time to return."""
    limiter = CapacityLimiter(2)
    release = limiter.acquire()
    limiter.acquire()
    with pytest.raises(Unavailable) as raised:
        limiter.acquire()
    assert raised.value.retryable and raised.value.retry_after
    release()
    limiter.acquire()


def test_a_slot_is_released_once():
    """Releasing twice makes no second slot."""
    limiter = CapacityLimiter(1)
    release = limiter.acquire()
    release()
    release()
    assert limiter.taken == 0
    limiter.acquire()
    release()
    assert limiter.taken == 1


def test_no_owner_holds_all_the_slots():
    """An owner who holds as many as one owner may is refused for that, and others find room."""
    limiter = CapacityLimiter(3, per_owner_limit=2)
    release = limiter.acquire("ada")
    limiter.acquire("ada")
    with pytest.raises(OverLimit) as raised:
        limiter.acquire("ada")
    assert raised.value.retry_after
    limiter.acquire("bob")
    with pytest.raises(Unavailable):  # all are taken
        limiter.acquire("cid")
    release()
    limiter.acquire("ada")


def question(text="Hello", **more):
    return Question(messages=(("user", text),), digest="d", **more)


def read(text, settings=None, **more):
    return tokens.most_read(question(text, **more), settings or Settings())


def test_what_will_be_read_is_bounded():
    """Words take two thirds of their bytes, other text a token a byte; the system prompt counts."""
    alone = read("")
    assert 0 < alone < 100
    assert read("word " * 800) == alone + 4000 - 4000 // 3
    assert read("word " * 800, system="word " * 800) >= 2 * read("word " * 800) - alone - 20
    assert read("Hello", Settings(system_prompt="x" * 4000)) >= 4000
    assert read("Hello", Settings(system_prompt="x" * 4000), system="") < 100


#: Bytes of a text, and its tokens with the last tokenizer that Anthropic published.
COUNTED = {
    "VGhpcyBpcyBiYXNlNjQg" * 500: 5_000,
    "0123456789" * 1000: 1_000,
    "日本語を話す人々がいる。" * 300: 4_500,
    "👩‍🔬👍🏽😀🎉" * 250: 4_000,
    "qzxv jkwp bdfg mnrt " * 400: 4_400,
    "bidako fuvole nyrabu " * 400: 3_201,
    "XKCD QWERTY ASDF ZXCV " * 400: 4_801,
    "Иван и Łukasz à la carte " * 200: 2_401,
    "हिन्दी में लिखा हुआ पाठ " * 200: 5_401,
}


@pytest.mark.parametrize(
    "text", COUNTED, ids=lambda text: text[:6].encode("unicode_escape").decode()
)
def test_no_text_is_more_tokens_than_reserved(text):
    """Text of any kind is reserved at what it can be, with a third more for newer tokenizers."""
    assert 1.35 * COUNTED[text] <= tokens.most(text.encode()) <= len(text.encode())


@given(st.text())
def test_bounds_of_a_text_hold_each_other(text):
    """The fewest tokens of a text are never more than the most, and both fit into its bytes."""
    size = len(text.encode("utf-8", "surrogatepass"))
    most = tokens.most(text.encode("utf-8", "surrogatepass"))
    assert tokens.least(size) <= most <= size and (size == 0) == (most == 0)


@pytest.mark.parametrize(
    ("usage", "spent"),
    [
        ({"input_tokens": 25, "output_tokens": 12}, 37),
        (
            {
                "input_tokens": 1,
                "cache_creation_input_tokens": 20,
                "cache_read_input_tokens": 300,
                "output_tokens": 4000,
                "thinking_tokens": 3000,  # part of the output
            },
            4056,  # 1 + 25 + 30 + 4000
        ),
        ({"cache_read_input_tokens": 301, "output_tokens": 4}, 35),
        ({"input_tokens": 25, "output_tokens": 12, "web_search_requests": 2}, 10_037),
        ({"input_tokens": 25, "output_tokens": 8, "estimated": True}, 33),
        ({"output_tokens": 8}, 108),
        ({}, 100 + 2 * tokens.WRITTEN_A_SECOND),
        (None, 1900),
        ({"input_tokens": 7, "output_tokens": 0}, 8),
    ],
)
def test_what_an_answer_costs(usage, spent):
    """Tokens read and written count, a token of the cache a tenth, one written to it five quarters.

    A search counts 5,000 tokens, and a count that was not reported costs its upper bound.
    """
    assert cost(usage, read=100, most=1900, seconds=2.0) == spent
    assert cost({}, read=100, most=1900, seconds=3600.0) == 1900
    assert cost({}, read=100, most=1900, seconds=0.0) == 101


def test_a_question_without_a_slot_was_not_asked(tmp_path):
    """A question that finds no slot does not count as asked, and leaves nothing reserved."""
    ledger = open_ledger(tmp_path, Quotas(questions=1, answers=1, tokens=40_000))
    writer_slots = CapacityLimiter(1)
    admissions = Admissions(Settings(), writer_slots, ledger)
    release = writer_slots.acquire()
    for _ in range(3):
        with pytest.raises(Unavailable):
            admissions.admit("a", question())
    release()
    admission = admissions.admit("a", question())
    with pytest.raises(OverLimit):
        admissions.admit("a", question())
    admission.withdraw()
    admissions.admit("a", question()).end(None, True)
    assert writer_slots.taken == 0


@pytest.mark.parametrize("caching", ["on", "off"])
@pytest.mark.parametrize("uses", [1, 5, 20])
def test_a_search_is_reserved_at_what_it_can_count_for(caching, uses):
    """What is reserved covers every search, its results, and reading all of it again."""
    settings = Settings(prompt_caching=caching, web_search_max_uses=uses, max_tokens=1000)
    asked = question("x" * 9000, web_search=True)
    most = charges.most_read(asked, settings)
    assert charges.most_read(question("x" * 9000), settings) < most
    results = 7_345  # as in the documentation's example
    total = {"input_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    before = 0
    for n in range(uses + 1):  # each time Claude reads all of it, and what is new
        after = 9000 + n * results + 1000 * min(n, 1)
        if caching == "on":
            total["cache_read_input_tokens"] += before
            total["cache_creation_input_tokens"] += after - before
        before = after
    if caching == "off":  # Claude's own searches cache what they read
        total = {"input_tokens": 9000, "cache_creation_input_tokens": uses * results + 1000}
        total["cache_read_input_tokens"] = sum(9000 + n * results for n in range(uses))
    assert charges.read({**total, "web_search_requests": uses}) <= most


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        ({"output_tokens": 5}, None),
        ({"input_tokens": 10, "web_search_requests": 2}, 10 + 2 * 5_000),
        ({"input_tokens": 10, "web_search_requests": 2, "estimated": True}, 10 + 2 * 30_000),
        ({"cache_creation_input_tokens": 1}, 2),
        ({"cache_read_input_tokens": 1}, 1),
        ({"cache_creation_input_tokens": 2, "cache_read_input_tokens": 5}, 3),
    ],
)
def test_what_reading_counts_for(usage, read):
    """Weights are rounded up; of searches that broke off, the results count at their bound."""
    assert charges.read(usage) == read


SIGNED_IN = {"AUTH": "proxy", "SECRET_KEY": "the-proxy-and-the-server-know-this-0123456789"}
LIMITED = ("rate_limit", "max_streams_per_owner", "daily_tokens_per_owner", "daily_tokens")


def test_limits_begin_where_people_sign_in():
    """One person on one machine has no limits by default; people who sign in have all of them."""
    alone, signed_in = from_environ({}), from_environ(SIGNED_IN)
    assert all(getattr(alone, name) == 0 for name in LIMITED)
    assert all(getattr(signed_in, name) > 0 for name in LIMITED)
    assert from_environ({"RATE_LIMIT": "7"}).rate_limit == 7
    off = dict.fromkeys(map(str.upper, LIMITED), "0")
    assert all(getattr(from_environ(SIGNED_IN | off), name) == 0 for name in LIMITED)


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"RATE_LIMIT": "-1"}, "RATE_LIMIT=-1 is not valid"),
        ({"DAILY_TOKENS": "many"}, "DAILY_TOKENS=many is not valid"),
        ({"DAILY_TOKENS": "31999"}, "twice MAX_TOKENS"),
        ({"DAILY_TOKENS_PER_OWNER": "1"}, "DAILY_TOKENS_PER_OWNER=1 is not valid"),
        ({"DAILY_TOKENS": "331999", "WEB_SEARCH_MAX_USES": "5"}, "WEB_SEARCH_MAX_USES=5"),
        (
            {**SIGNED_IN, "PUBLIC_HOSTS": "chat.example.com", "DAILY_TOKENS": "0"},
            "DAILY_TOKENS=0 on a public server",
        ),
        ({**SIGNED_IN, "HOST": "0.0.0.0", "DAILY_TOKENS": "0"}, "DAILY_TOKENS=0 on a public"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(environ, says):
    """A day that no answer fits into, and a public server without an end, do not start."""
    with pytest.raises(ConfigError, match=says):
        from_environ(environ)


def test_without_limits_there_is_no_ledger(tmp_path):
    """Without limits no file of a ledger is made."""
    create_app(Settings(stream_log=tmp_path))
    assert not (tmp_path / "ledger").exists()


class LimitedApp:
    """An app with limits, and what its ledger says."""

    def __init__(self, folder, base_url, **limits):
        self.log = Path(folder)
        settings = Settings(
            api_key="sk-test", base_url=base_url, stream_log=self.log, heartbeat_seconds=0.2,
            **{"daily_tokens": 10**9, **limits},
        )  # fmt: skip
        self.settings = settings
        self.app = create_app(settings)
        self.client = self.app.test_client()
        self.file = f"{folder}/ledger/ledger.sqlite"

    def put(self, prompt, stream=None, **fields):
        body = {"messages": [{"role": "user", "content": prompt}], **fields}
        response = self.client.put(f"/streams/{stream or uuid.uuid4()}", json=body)
        response.get_data()  # to its end
        return response

    def tokens(self):
        """Return the tokens spent today, and how many answers are running."""
        ledger = sqlite3.connect(self.file)
        try:
            spent = ledger.execute("SELECT TOTAL(tokens) FROM spent WHERE owner = ''").fetchone()[0]
            running = "SELECT COUNT(*) FROM questions WHERE NOT ended"
            return int(spent), ledger.execute(running).fetchone()[0]
        finally:
            ledger.close()

    def read_until(self, stream, expected):
        """Return when ``expected`` is on the stream's log."""
        with closing(
            self.app.extensions["claude_sse"].streams.open(f"local/{stream}", 0)
        ) as reader:
            frames = reader.read(0.0)
            while expected not in frames:
                frames += reader.read(1.0)

    def estimate(self, prompt):
        """Return the most tokens that Claude can read of the question."""
        return tokens.most_read(question(prompt), self.settings)

    def drain(self):
        self.app.extensions["claude_sse"].streams.drain(0.0)


@pytest.fixture
def limited(standin, tmp_path):
    limited = LimitedApp(tmp_path, standin.base_url)
    yield limited
    limited.drain()


def usage_of(frames):
    """Return the last usage in a stream, if there is one."""
    usages = [fields["usage"] for fields in sse.objects(frames) if "usage" in fields]
    return usages[-1] if usages else None


def shown(frames):
    fields = list(sse.objects(frames))
    return "".join(f.get("thinking") or f.get("text", "") for f in fields)


def counted(standin, nonce):
    """Return the tokens that the stand-in counted for the last answer, read and written."""
    asked = [request for request in standin.requests if nonce in request.prompt][-1]
    return asked.counted["read"], asked.counted["written"]


FREE = [
    "unauthorized", "forbidden", "model_not_found", "bad_request", "too_large", "spend_limit",
    "billing", "rate_limited retry_after=25", "redirect", "error_event after=0",
]  # fmt: skip
EXACT = [
    "pace", "overloaded times=1", "error_event after=0 times=1", "unknown_events", "dribble",
    "slice", "imitate", "stop_reason reason=max_tokens", "stop_reason reason=refusal",
    "stop_reason reason=pause_turn", "after_stop", "gzip", "http10", "slow_close ms=10",
    "no_thinking",
]  # fmt: skip
BROKEN = [
    "reset after=5", "cut after=5", "cut_chunk after=5", "bad_json after=4", "bad_utf8 after=4",
    "bad_index after=4", "error_event after=4", "huge mb=5",
]  # fmt: skip


@pytest.mark.parametrize("fault", FREE)
def test_what_claude_refused_is_free(limited, nonce, fault):
    """A refusal, by a status or by the first event, costs nothing, and nothing stays reserved."""
    frames = limited.put(f"fault {fault} {nonce}").data
    assert "error" in list(sse.objects(frames))[-1]
    assert limited.tokens() == (0, 0)


@pytest.mark.parametrize("fault", EXACT)
def test_a_whole_answer_costs_what_claude_says(limited, standin, nonce, fault):
    """A whole answer is counted once and exactly, whatever happened on its way."""
    frames = limited.put(f"fault {fault} {nonce}").data
    usage = usage_of(frames)
    assert frames.endswith(b"data: [DONE]\n\n") and "estimated" not in usage
    assert (usage["input_tokens"], usage["output_tokens"]) == counted(standin, nonce)
    assert usage["output_tokens"] > 1  # as reported at the end, not at the beginning
    assert limited.tokens() == (usage["input_tokens"] + usage["output_tokens"], 0)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_answer_costs_what_can_have_been_written(limited, standin, nonce, fault):
    """The input as Claude counted it, the output by length and time, marked as an estimate."""
    began = time.monotonic()
    frames = limited.put(f"fault {fault} {nonce}").data
    unseen = tokens.most_written(time.monotonic() - began)
    usage, text = usage_of(frames), tokens.most(shown(frames).encode())
    assert usage["estimated"] is True and usage["input_tokens"] == counted(standin, nonce)[0]
    assert max(1, text) <= usage["output_tokens"] <= text + unseen + 1
    assert limited.tokens() == (usage["input_tokens"] + usage["output_tokens"], 0)


@pytest.mark.parametrize("fault", ["html", "empty", "wrong_order"])
def test_an_unreadable_answer_costs_an_estimate(limited, nonce, fault):
    """A question that Claude, or a server in its place, accepted is not free."""
    prompt = f"fault {fault} {nonce}"
    began = time.monotonic()
    limited.put(prompt)
    spent, running = limited.tokens()
    written = spent - limited.estimate(prompt)
    assert 1 <= written <= 1 + tokens.most_written(time.monotonic() - began) and not running


SILENT_SECONDS = 0.3


@pytest.mark.parametrize("fault", ["silent_headers", "silent", "pings", "stall"])
def test_a_silence_that_is_ended_costs_its_time(limited, standin, nonce, monkeypatch, fault):
    """Silence costs the question and what can have been written during it: never nothing."""
    prompt, stream = f"fault {fault} {nonce}", str(uuid.uuid4())
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(limited.put, prompt, stream)
        standin.wait(lambda s: [r for r in s.requests if r.prompt == prompt])
        limited.read_until(stream, {"pings": b'"model"', "stall": b"word2 "}.get(fault, b""))
        time.sleep(SILENT_SECONDS)  # the silence that is to be paid for
        monkeypatch.setattr(lifetime, "NO_CONTENT_SECONDS", 0.0)  # any silence is too long
        frames = asked.result().data
    usage = usage_of(frames)
    spent, running = limited.tokens()
    if usage is not None:
        assert spent == usage["input_tokens"] + usage["output_tokens"]
    assert (usage is None) == fault.startswith("silent") and not running
    read = usage["input_tokens"] if usage else limited.estimate(prompt)
    assert spent - read >= tokens.most_written(SILENT_SECONDS)


def test_a_refused_connection_is_free(tmp_path, nonce):
    """A question that never reached a server costs nothing."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    limited = LimitedApp(tmp_path, f"http://127.0.0.1:{port}")
    frames = limited.put(nonce).data
    assert list(sse.objects(frames))[-1]["code"] == "unreachable"
    assert limited.tokens() == (0, 0)


@pytest.fixture
def gateway(tmp_path):
    """An app with limits behind a gateway that answers every question like this."""
    servers = []

    def gateway(status, body=b""):
        class Gateway(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Gateway))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return LimitedApp(tmp_path, f"http://127.0.0.1:{servers[-1].server_port}")

    yield gateway
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "is_free"), [(503, False), (504, False), (418, True)])
def test_a_gateway_that_gave_up_may_have_asked(gateway, nonce, status, is_free):
    """Behind a gateway's timeout an answer may have begun; behind a refusal none has."""
    limited = gateway(status)
    limited.put(nonce)
    spent, running = limited.tokens()
    assert (spent == 0 if is_free else spent > limited.estimate(nonce)) and not running


def answered(start, end, text="x" * 41):
    """Return a whole answer with this usage at its start and at its end."""
    delta = {"type": "text_delta", "text": text}
    events = (
        {"type": "message_start", "message": {"id": "m", "model": "other", **start}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, **end},
        {"type": "message_stop"},
    )
    lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
    return "".join(lines).encode()


LONG = "word " * 19_000
READ = {"input_tokens": 24_000}


@pytest.mark.parametrize("bad", [0, -5, 1, 25.0, "25", None, True, 10**30, 2_000_001, [25]])
@pytest.mark.parametrize("by", ["start", "end", "both"])
def test_an_impossible_count_is_ignored(gateway, nonce, bad, by):
    """The input costs its upper bound, or the other count where that one is possible."""
    wrong = {"input_tokens": bad, "output_tokens": 1}
    start = {"usage": wrong if by in ("start", "both") else READ}
    end = {"usage": {**(wrong if by in ("end", "both") else READ), "output_tokens": 9}}
    limited = gateway(200, answered(start, end))
    usage = usage_of(limited.put(LONG + nonce).data)
    assert usage.get("input_tokens") == (None if by == "both" else 24_000)
    assert usage["output_tokens"] == 9 and ("estimated" in usage) == (by == "both")
    asked = limited.estimate(LONG + nonce) if by == "both" else 24_000
    assert limited.tokens() == (asked + 9, 0) and asked >= 19_000


@pytest.mark.parametrize(
    "end", [{}, *({"usage": {"output_tokens": n}} for n in (0, -1, 24, 16_001, 10**30, "9", 9.5))]
)
def test_the_output_is_bounded_where_it_is_not_reported(gateway, nonce, end):
    """A final count that is missing, falls, or exceeds max_tokens leaves the estimate."""
    start = {"usage": {"input_tokens": 7, "output_tokens": 25}}
    limited = gateway(200, answered(start, end))
    usage = usage_of(limited.put(nonce).data)
    assert usage["input_tokens"] == 7 and usage["estimated"] and 41 <= usage["output_tokens"]
    assert limited.tokens() == (7 + usage["output_tokens"], 0)


def test_a_long_text_is_not_one_token(gateway, nonce):
    """A final count that is too low for its text is ignored."""
    usage = {"usage": {"input_tokens": 7, "output_tokens": 1}}
    usage = usage_of(gateway(200, answered(usage, usage, "日" * 4000)).put(nonce).data)
    assert usage["estimated"] and usage["output_tokens"] >= 12_000


def test_the_cache_is_part_of_what_was_read(gateway, nonce):
    """Cached input is part of the input, at a tenth; thinking is never more than the output."""
    read = {"input_tokens": 0, "cache_read_input_tokens": 24_000, "cache_creation_input_tokens": -3}
    end = {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 10}}
    limited = gateway(200, answered({"usage": read}, {"usage": end}))
    assert usage_of(limited.put(LONG + nonce).data) == {
        "input_tokens": 0, "cache_read_input_tokens": 24_000, "output_tokens": 9,
    }  # fmt: skip
    assert limited.tokens() == (2_409, 0)


def test_a_search_is_charged_with_the_whole_turn(standin, tmp_path, nonce):
    """A turn of several requests is one answer in the ledger: all their tokens and searches."""
    limited = LimitedApp(tmp_path, standin.base_url, web_search_max_uses=4)
    limited.client.get("/models")  # a question waits for the list for a moment only
    prompt = f"fault search uses=3 pauses=2 {nonce}"
    usage = usage_of(limited.put(prompt, web_search=True).data)
    assert usage["web_search_requests"] == 3
    spent = usage["input_tokens"] + usage["output_tokens"] + 3 * SEARCH_TOKENS
    assert limited.tokens() == (spent, 0)
    limited.drain()


def test_a_gateway_that_does_not_count_is_counted(gateway, nonce):
    """A whole answer without usage is estimated, and marked as an estimate."""
    limited = gateway(200, answered({}, {}))
    usage = usage_of(limited.put(nonce).data)
    assert set(usage) == {"output_tokens", "estimated"} and usage["output_tokens"] >= 41
    assert limited.tokens() == (limited.estimate(nonce) + usage["output_tokens"], 0)


def test_joining_costs_nothing(standin, tmp_path, nonce):
    """A repeat is not a question: neither it nor a conflict on its id counts for the rate."""
    limited = LimitedApp(tmp_path, standin.base_url, rate_limit=1, max_streams_per_owner=2)
    stream, prompt = str(uuid.uuid4()), f"fault pace texts=3 {nonce}"
    assert limited.put(prompt, stream).status_code == 201
    spent = limited.tokens()
    for _ in range(3):
        assert limited.put(prompt, stream).status_code == 200
        assert limited.put("another", stream).status_code == 409
        assert limited.client.get(f"/streams/{stream}").status_code == 200
        assert limited.client.delete(f"/streams/{stream}").status_code == 200
    assert limited.tokens() == spent
    refused = limited.put(prompt)
    fields = refused.get_json()
    assert (refused.status_code, fields["code"]) == (429, "too_many_questions")
    assert 0 < int(refused.headers["Retry-After"]) == fields["retry_after"] <= 60
    tutorial = limited.client.post("/stream", json={"prompt": prompt})
    assert (
        tutorial.status_code == 429
        and b'data: {"error":"You may ask 1 question a minute' in tutorial.data
    )
    limited.drain()


def test_the_same_id_concurrently_is_one_question(standin, tmp_path, nonce):
    """Of requests that start one stream concurrently, one is counted."""
    limited = LimitedApp(tmp_path, standin.base_url, rate_limit=1000)
    stream, prompt = str(uuid.uuid4()), f"fault pace texts=3 {nonce}"
    statuses = []

    def ask():
        statuses.append(limited.put(prompt, stream).status_code)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 7 + [201]
    ledger = sqlite3.connect(limited.file)
    assert ledger.execute("SELECT COUNT(*) FROM questions").fetchone()[0] == 1
    ledger.close()
    limited.drain()
