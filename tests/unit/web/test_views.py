"""The HTTP API, without a server: verbs, statuses, headers, and every bad input."""

import json
import threading
import uuid

import pytest

from claude_sse.config import price_list
from claude_sse.protocol import sse

JSON = {"Content-Type": "application/json"}


def body(text):
    return {"messages": [{"role": "user", "content": text}]}


def texts(response):
    return "".join(fields.get("text", "") for fields in sse.objects(response.data))


def test_the_tutorials_reader_works_unchanged(client, nonce):
    """A reader that knows only the tutorial shows Claude's text, thinking and strangers skipped."""
    for fault in ("pace texts=4", "unknown_events"):
        response = client.post("/stream", json={"prompt": f"fault {fault} {nonce}"})
        shown = ""
        for line in response.text.split("\n"):
            if not line.startswith("data: "):
                continue
            if line == "data: [DONE]":
                break
            data = json.loads(line[6:])
            assert "error" not in data
            shown += str(data.get("text", "undefined"))
        else:
            pytest.fail("no [DONE]")
        assert shown.startswith("word0 word1 ") and "undefined" not in shown


def test_stream_headers(client, nonce):
    """A stream is UTF-8 event-stream that no proxy may store, change or hold back."""
    response = client.post("/stream", json={"prompt": f"fault pace texts=1 {nonce}"})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert "Connection" not in response.headers
    assert response.data.startswith(sse.PREAMBLE)


def test_put_creates_then_joins(client, standin, url, nonce):
    """A repeat of a PUT joins the stream: the same bytes, one request to Claude."""
    prompt = f"fault pace texts=3 {nonce}"
    first = client.put(url, json=body(prompt))
    again = client.put(url, json=body(prompt))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data == again.data and texts(first) == "word0 word1 word2 "
    assert len([r for r in standin.requests if r.prompt == prompt]) == 1
    other = client.put(url, json=body("another"))
    assert other.status_code == 409 and other.json["code"] == "conflict"


def test_puts_that_race_leave_no_seat_taken(client, nonce):
    """Of PUTs with one id and other bodies one wins; the others are refused and hold nothing."""
    for round in range(10):
        url, barrier, statuses = f"/streams/{uuid.uuid4()}", threading.Barrier(4), []

        def put(n, url=url, barrier=barrier, statuses=statuses, round=round):
            barrier.wait()
            prompt = body(f"fault pace texts=1 {nonce} {round} {n}")
            with client.application.test_client().put(url, json=prompt) as response:
                statuses.append(response.status_code)
                assert response.data

        threads = [threading.Thread(target=put, args=[n], daemon=True) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [201, 409, 409, 409]
    places = client.application.extensions["claude_sse"]
    assert (places.reader_slots.taken, places.writer_slots.taken) == (0, 0)


def test_a_repeat_joins_also_where_it_took_the_owners_last_place(
    make_app, standin, url, nonce, monkeypatch
):
    """A PUT that is overtaken by its own repeat, at the limit, joins the stream of that one."""
    app = make_app(max_streams_per_owner=1)
    admissions = app.extensions["claude_sse"].admissions
    admit, question = admissions.admit, body(f"fault silent {nonce}")
    faster = []

    def overtaken(owner, asked, quotas):
        monkeypatch.setattr(admissions, "admit", admit)
        thread = threading.Thread(
            target=lambda: faster.append(app.test_client().put(url, json=question, buffered=False)),
            daemon=True,
        )
        thread.start()
        thread.join()
        return admit(owner, asked, quotas)

    client = app.test_client()
    monkeypatch.setattr(admissions, "admit", overtaken)
    slower = client.put(url, json=question, buffered=False)
    other = client.put(f"/streams/{uuid.uuid4()}", json=question)
    assert (faster[0].status_code, slower.status_code, other.status_code) == (201, 200, 429)
    assert client.put(url, json=body("another")).status_code == 409
    standin.wait(lambda s: any(nonce in r.prompt for r in s.requests))
    assert client.delete(url).json["ended"]
    with faster[0], slower:
        assert faster[0].data == slower.data and b'"stopped"' in slower.data
    assert len([r for r in standin.requests if nonce in r.prompt]) == 1


def test_get_follows_from_where_one_was(client, url, nonce):
    """Last-Event-ID continues; after the end there is nothing; nonsense is refused."""
    whole = client.put(url, json=body(f"fault pace texts=3 {nonce}")).data
    last = sse.last_id(whole)
    assert client.get(url).data == whole
    after = client.get(url, headers={"Last-Event-ID": "2"})
    assert after.status_code == 200 and b"id: 3\ndata" in after.data
    assert b"id: 2\ndata" not in after.data
    assert client.get(url, headers={"Last-Event-ID": str(last)}).status_code == 204
    for bad in (str(last + 1), "-1", "x", "1.5", "9" * 10, "٣", "1" * 100_000):
        response = client.get(url, headers={"Last-Event-ID": bad})
        assert response.status_code == 400 and "Last-Event-ID" in response.json["error"]


def test_delete_tells_what_is_kept(client, url, nonce):
    """DELETE is idempotent and says how the stream ended and where."""
    whole = client.put(url, json=body(f"fault pace texts=3 {nonce}")).data
    first, second = client.delete(url), client.delete(url)
    assert first.json == second.json
    assert first.json["ended"] and first.json["stop_reason"] == "end_turn"
    assert first.json["last_event_id"] == sse.last_id(whole)


@pytest.mark.parametrize("method", ["get", "delete"])
def test_unknown_streams_are_not_found(client, url, method):
    """An unknown id is 404 as JSON, and is not made by asking for it."""
    response = getattr(client, method)(url)
    assert response.status_code == 404 and response.json["code"] == "not_found"
    assert client.get(url).status_code == 404


def test_someone_elses_stream_looks_unknown(make_app, url, nonce):
    """Another user's stream answers exactly like one that never was."""
    secret = "s" * 40
    client = make_app(auth="proxy", secret_key=secret).test_client()

    def as_user(name):
        return {"X-Proxy-Secret": secret, "X-Forwarded-User": name}

    prompt = body(f"fault pace texts=1 {nonce}")
    assert client.put(url, json=prompt, headers=as_user("ann")).status_code == 201
    assert client.get(url, headers=as_user("ann")).status_code == 200
    stranger, unknown = as_user("bob"), f"/streams/{uuid.uuid4()}"
    for method in (client.get, client.delete):
        theirs, none = method(url, headers=stranger), method(unknown, headers=stranger)
        assert (theirs.status_code, theirs.data) == (none.status_code, none.data)
    assert client.put(url, json=body(f"x {nonce}"), headers=stranger).status_code == 201
    for headers in ({}, {"X-Forwarded-User": "ann"}, as_user("ann") | {"X-Proxy-Secret": "x"}):
        assert client.get(url, headers=headers).status_code == 403
    assert client.get("/healthz").status_code == 200


BAD = [
    (b"Hello", JSON, 400, "not valid JSON"),
    (b"{}", JSON, 400, "is missing"),
    (b"[" * 100_000, JSON, 400, "nested too deeply"),
    (b'{"prompt":"\\ud800"}', JSON, 400, ""),
    (b'{"prompt":"x","model":"gpt-4"}', JSON, 400, "model"),
    (b'{"prompt":"x","temperature":1}', JSON, 400, "temperature"),
    (b'{"prompt":"x"}', {"Content-Type": "text/plain"}, 415, "Content-Type: application/json"),
    (b'{"prompt":"x"}', {}, 415, "Content-Type: application/json"),
    (b"\x1f\x8b", JSON | {"Content-Encoding": "gzip"}, 415, "uncompressed"),
    (b"{}", JSON | {"Content-Encoding": "identity"}, 400, "is missing"),
    (b'{"prompt":"' + b"x" * (10 << 20) + b'"}', JSON, 413, "10 MiB"),
]


@pytest.mark.parametrize(("raw", "headers", "status", "says"), BAD, ids=range(len(BAD)))
def test_bad_input_is_one_shape_in_two_carriers(client, url, raw, headers, status, says):
    """A bad body is a 4xx with a sentence: JSON, and on POST /stream an error frame."""
    client.get("/models")
    streamed = client.post("/stream", data=raw, headers=headers)
    assert streamed.status_code == status
    assert streamed.mimetype == "text/event-stream"
    (fields,) = sse.objects(streamed.data)
    assert says in fields["error"] and fields["code"] and not fields["retryable"]
    assert sse.is_last(streamed.data)
    plain = client.put(url, data=raw.replace(b'"prompt"', b'"messages"'), headers=headers)
    assert plain.status_code == status and plain.json["error"]


def test_an_unknown_model_names_the_field(client, url):
    """A model that the key does not have is refused before Claude is asked."""
    client.get("/models")  # under gunicorn each worker fetches the list when it starts
    response = client.put(url, json=body("x") | {"model": "gpt-4"})
    assert response.status_code == 400 and response.json["code"] == "model_not_found"
    assert "GET /models" in response.json["error"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/stream", "POST"), ("POST", "/", "GET"),
     ("POST", f"/streams/{uuid.UUID(int=1)}", "PUT"), ("OPTIONS", "/stream", "POST"),
     ("TRACE", "/", "GET"), ("PATCH", "/models", "GET")],
)  # fmt: skip
def test_a_wrong_method_is_told_the_right_one(client, method, path, allowed):
    """405 names what the address takes; there is no OPTIONS, since there is no CORS."""
    response = client.open(path, method=method)
    assert response.status_code == 405
    assert allowed in response.json["error"] and allowed in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/nothing", "/streams/", "/streams/1/2", "/static/../wsgi.py"])
def test_nothing_there_is_json(client, path):
    """An unknown address is a JSON 404."""
    response = client.get(path)
    assert response.status_code == 404 and response.json["code"] == "not_found"


@pytest.mark.parametrize("stream_id", ["1", "x" * 36, "3f2b8c1e-9d4a-4e6b-8a57-1c0d2e4f6a8", "%00"])
def test_an_id_that_is_no_uuid_says_so(client, stream_id):
    """The id of a stream is a UUID; anything else is a 400 with an example."""
    for method in (client.get, client.delete):
        response = method(f"/streams/{stream_id}")
        assert response.status_code == 400 and "UUID" in response.json["error"]
    put = client.put(f"/streams/{stream_id}", json=body("x"))
    assert put.status_code == 400 and "UUID" in put.json["error"]


def test_head_starts_nothing(client, url, nonce):
    """HEAD answers like GET, holds no reader_slot and reads nothing."""
    with client.put(url, json=body(f"fault pace texts=1 {nonce}")) as response:
        assert response.data
    for path in (url, "/"):
        with client.head(path) as response:
            assert response.status_code == 200 and not response.data
    assert client.application.extensions["claude_sse"].reader_slots.taken == 0


def test_models_are_listed(client):
    """The list has what the page needs, and the default."""
    response = client.get("/models")
    assert response.json["default"] == "claude-sonnet-5-5"
    assert {"id", "name", "efforts", "lifecycle"} <= set(response.json["models"][0])


def test_prices_are_told_where_the_operator_gives_them(client, make_app):
    """With PRICES the list has them, by the beginnings of ids; otherwise not a word."""
    given = price_list.prices("claude-sonnet: 3/15, claude-haiku: 0.8/4/1/0.1, web_search: 10 EUR")
    told = make_app(prices=given).test_client().get("/models").json["prices"]
    assert told["currency"] == "EUR" and told["web_search"] == 10
    sonnet = {"input": 3, "output": 15, "cache_write": 3.75, "cache_read": 0.3}
    haiku = {"input": 0.8, "output": 4, "cache_write": 1, "cache_read": 0.1}
    assert told["models"] == {"claude-sonnet": sonnet, "claude-haiku": haiku}
    assert "prices" not in client.get("/models").json


def test_a_search_is_asked_for_where_the_server_offers_it(client, make_app, url, nonce):
    """The list of models says where Claude can search; elsewhere asking for it is a 400."""
    searching = make_app(web_search_max_uses=3).test_client()
    asked = {**body(f"fault search {nonce}"), "web_search": True}
    for server, offers in ((client, False), (searching, True)):
        (model, *_) = server.get("/models").json["models"]
        assert model["web_search"] is offers and model["citations"] is True
    assert "WEB_SEARCH_MAX_USES" in client.put(url, json=asked).json["error"]
    frames = list(sse.objects(searching.put(url, json=asked).data))
    assert [f["sources"][0]["title"] for f in frames if "sources" in f]
    assert [f["citation"]["url"] for f in frames if "citation" in f]
    assert all("text" in frame for frame in frames)


def test_documents_are_cited_where_a_question_asks_for_it(client, standin, nonce):
    """Each document of the conversation is sent to be cited; images and texts are not."""
    source = {"type": "text", "media_type": "text/plain", "data": "The sky is blue."}
    document = {"type": "document", "source": source, "title": "Sky"}
    text = {"type": "text", "text": f"fault cite {nonce}"}
    asked = {"messages": [{"role": "user", "content": [document, text]}]}
    client.get("/models")  # a question waits for the list for a moment only
    for citations in (True, False):
        url = f"/streams/{uuid.uuid4()}"
        frames = list(sse.objects(client.put(url, json=asked | {"citations": citations}).data))
        assert [f["citation"]["document_index"] for f in frames if "citation" in f] == [0, 1]
        sent = standin.requests[-1].body["messages"][0]["content"]
        assert sent == [document | ({"citations": {"enabled": True}} if citations else {}), text]


def test_thinking_goes_back_to_claude_as_it_was(client, nonce):
    """The blocks made of an answer's frames are taken by Claude in the next question."""
    asked = {**body(f"fault pace texts=1 {nonce}"), "signatures": True}
    frames = list(sse.objects(client.put(f"/streams/{uuid.uuid4()}", json=asked).data))
    thinking = "".join(frame.get("thinking", "") for frame in frames)
    (signature,) = (frame["signature"] for frame in frames if "signature" in frame)
    thought = {"type": "thinking", "thinking": thinking, "signature": signature}
    for thought["thinking"], reason in ((thinking, "end_turn"), ("another thought", None)):
        text = {"type": "text", "text": "word0 "}
        answer = {"role": "assistant", "content": [thought, text]}
        asked["messages"] = [*body("x")["messages"], answer, *body(nonce)["messages"]]
        frames = list(sse.objects(client.put(f"/streams/{uuid.uuid4()}", json=asked).data))
        assert frames[-1].get("stop_reason") == reason
    assert frames[-1]["code"] == "rejected"


def test_without_a_key_everything_says_so(make_app, url):
    """A server without a key says what to set, on every way in, and is not ready."""
    client = make_app(api_key="").test_client()
    for response in (
        client.get("/models"),
        client.put(url, json=body("x")),
        client.get("/readyz"),
    ):
        assert response.status_code == 503 and response.json["code"] == "no_key"
        assert "ANTHROPIC_API_KEY" in response.json["error"]
    streamed = client.post("/stream", json={"prompt": "x"})
    (fields,) = sse.objects(streamed.data)
    assert fields["code"] == "no_key"
    assert client.get("/healthz").status_code == 200
    assert client.get("/").status_code == 200


def test_places_are_limited_and_given_back(make_app, nonce):
    """Without a free writer or reader slot there is a 503 with Retry-After; an end frees both."""
    app = make_app(max_streams=1, threads=10)
    client, places = app.test_client(), app.extensions["claude_sse"]
    running, another = f"/streams/{uuid.uuid4()}", f"/streams/{uuid.uuid4()}"
    first = client.put(running, json=body(f"fault silent {nonce}"), buffered=False)
    busy = client.put(another, json=body(f"x {nonce}"))
    assert busy.status_code == 503 and busy.json["retryable"]
    assert int(busy.headers["Retry-After"]) >= 1
    second = client.get(running, buffered=False)
    assert second.status_code == 200 and places.reader_slots.taken == 2
    assert client.get(running).status_code == 503
    assert client.put(running, json=body(f"fault silent {nonce}")).status_code == 503
    assert client.delete(running).json["stop_reason"] == "stopped"
    first.close()
    second.close()
    assert (places.writer_slots.taken, places.reader_slots.taken) == (0, 0)
    assert client.put(another, json=body(f"fault pace texts=1 {nonce}")).status_code == 201


def test_readiness_ends_with_draining(client):
    """A server that is being shut down is not ready and takes no question."""
    client.application.extensions["claude_sse"].streams.drain(0.0)
    assert client.get("/readyz").json["code"] == "draining"
    assert client.post("/stream", json={"prompt": "x"}).status_code == 503


def test_readiness_asks_the_log(client, monkeypatch):
    """A server whose disk is full is not ready, and says why."""
    from claude_sse.stream_log import file, file_sweep

    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(file_sweep, "RESERVE_BYTES", 1 << 62)
    monkeypatch.setattr(file, "_FRESH_SECONDS", 0.0)
    response = client.get("/readyz")
    assert response.status_code == 503 and response.json["code"] == "log_unavailable"


def test_a_bug_is_a_500_without_detail(make_app, monkeypatch):
    """An unforeseen error is logged, and told without its detail."""
    app = make_app()
    monkeypatch.setattr(app.extensions["claude_sse"].claude, "models", lambda: 1 / 0)
    response = app.test_client().get("/models")
    assert response.status_code == 500 and "division" not in response.text
    assert response.json["code"] == "error"


def test_the_key_is_in_no_response(client, nonce):
    """The API key travels to Claude only."""
    for path in ("/", "/models", "/healthz", "/readyz", "/nothing"):
        assert "canary" not in client.get(path).text
    for fault in ("unauthorized", "echo", "bad_request"):
        response = client.post("/stream", json={"prompt": f"fault {fault} {nonce}"})
        assert b"canary" not in response.data
