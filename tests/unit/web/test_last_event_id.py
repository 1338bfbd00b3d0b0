"""A request with Last-Event-ID continues an answer or is refused; it never starts one."""

import pytest

from claude_sse.protocol import sse

PAST_THE_END = 30


def body(text):
    return {"messages": [{"role": "user", "content": text}]}


def after(value):
    return {"Last-Event-ID": str(value)}


def asked(standin, nonce):
    return len([request for request in standin.requests if nonce in request.prompt])


@pytest.mark.parametrize("value", ["0", "1", "7", "999999999", "x", "-1", "1" * 5000, "0 "])
def test_post_with_an_id_is_gone_and_asks_nobody(client, standin, nonce, value):
    """POST /stream keeps nothing to continue: 410 as an error frame, without an id of its own."""
    response = client.post("/stream", json={"prompt": f"x {nonce}"}, headers=after(value))
    assert (response.status_code, response.headers["Content-Type"]) == (410, "text/event-stream")
    (fields,) = sse.objects(response.data)
    assert (fields["code"], fields["retryable"]) == ("gone", False)
    assert "PUT /streams/" in fields["error"]
    assert response.data.startswith(b"data: ") and b"\nid:" not in response.data
    assert asked(standin, nonce) == 0


def test_no_post_asks_for_a_client_that_comes_back(client, standin, nonce):
    """Every POST that asks Claude is gone with an id: 410, and nothing is asked."""
    chat = [{"role": "user", "content": nonce, "parts": [{"type": "text", "text": nonce}]}]
    bodies = {
        "/stream": {"prompt": nonce},
        "/api/chat": {"id": nonce, "messages": chat},
        "/api/completion": {"prompt": nonce},
        "/v1/chat/completions": {"messages": [{"role": "user", "content": nonce}]},
    }
    rules = [
        rule.rule for rule in client.application.url_map.iter_rules() if "POST" in rule.methods
    ]
    fixed = {rule for rule in rules if "<" not in rule}
    assert fixed == bodies.keys()
    for path, question in bodies.items():
        response = client.post(path, json=question, headers=after(3))
        assert (response.status_code, response.headers["X-Error-Code"]) == (410, "gone"), path
        assert "leave out Last-Event-ID" in response.text
    assert asked(standin, nonce) == 0


@pytest.mark.parametrize("path", ["/api/chat", "/api/completion", "/v1/chat/completions"])
@pytest.mark.parametrize("value", ["0", "x"])
def test_no_other_route_starts_an_answer_with_an_id(client, standin, nonce, path, value):
    """The answer opens with an id, so that the repeat of a client that repeats itself is gone."""
    user = {"role": "user", "content": f"fault pace texts=1 {nonce}"}
    parts = [{"type": "text", "text": user["content"]}]
    bodies = {
        "/api/chat": {"id": nonce, "messages": [{"role": "user", "parts": parts}]},
        "/api/completion": {"prompt": user["content"]},
        "/v1/chat/completions": {"messages": [user], "stream": True},
    }
    first = client.post(path, json=bodies[path])
    assert first.data.startswith(b"id: 0\ndata: ") and b"\n\n\n" not in first.data
    assert first.headers["Content-Type"] == "text/event-stream"
    repeat = client.post(path, json=bodies[path], headers=after(value))
    assert (repeat.status_code, repeat.headers["X-Error-Code"]) == (410, "gone")
    assert asked(standin, nonce) == 1


@pytest.mark.parametrize("value", ["", " ", "\t"])
def test_an_empty_id_is_none(client, standin, url, nonce, value):
    """A client that sends the header empty has received nothing yet: it is asked for as ever."""
    question = f"fault pace texts=1 {nonce}"
    posted = client.post("/stream", json={"prompt": question}, headers=after(value))
    put = client.put(url, json=body(question), headers=after(value))
    assert (posted.status_code, put.status_code) == (200, 201) and b"[DONE]" in posted.data
    assert client.get(url, headers=after(value)).data == put.data
    assert asked(standin, nonce) == 2


def test_put_with_an_id_never_starts_a_stream(client, standin, url, nonce):
    """Whatever the id, a stream that is not there is not made by asking for its rest."""
    for value in ("0", "1", "12"):
        response = client.put(url, json=body(f"x {nonce}"), headers=after(value))
        assert (response.status_code, response.json["code"]) == (404, "not_found")
    for value in ("x", "-1", "1.5", "1,1", "9" * 10):
        response = client.put(url, json=body(f"x {nonce}"), headers=after(value))
        assert (response.status_code, response.json["code"]) == (400, "bad_request")
    assert client.get(url).status_code == 404
    assert asked(standin, nonce) == 0


def test_put_with_an_id_continues_as_get_does(make_app, standin, url, nonce):
    """PUT and GET after any frame give the same bytes, also where questions are refused."""
    question = body(f"fault pace texts=4 {nonce}")
    whole = make_app().test_client().put(url, json=question).data
    last = sse.last_id(whole)
    log = whole.removeprefix(sse.PREAMBLE)
    client = make_app(api_key="").test_client()  # Claude cannot be asked here
    for n in range(last):
        with (
            client.put(url, json=question, headers=after(n)) as put,
            client.get(url, headers=after(n)) as get,
        ):
            assert (put.status_code, put.headers["Content-Type"]) == (200, "text/event-stream")
            assert put.data == get.data
        rest = put.data.removeprefix(b"retry: 1000\nid: %d\n" % n)
        assert rest != put.data and log.endswith(rest) and rest.startswith(b"id: %d\n" % (n + 1))
    for response in (
        client.put(url, json=question, headers=after(last)),
        client.get(url, headers=after(last)),
    ):
        assert (response.status_code, response.data) == (204, b"")
        assert "Content-Type" not in response.headers
    for n in (last + 1, last + PAST_THE_END):
        assert client.put(url, json=question, headers=after(n)).status_code == 400
        assert client.get(url, headers=after(n)).status_code == 400
    assert asked(standin, nonce) == 1
    places = client.application.extensions["claude_sse"]
    assert (places.reader_slots.taken, places.writer_slots.taken) == (0, 0)


def test_another_body_is_a_conflict_before_the_id_is_looked_up(client, url, nonce):
    """Of a stream that belongs to another question nothing is told, not even where it ended."""
    last = sse.last_id(client.put(url, json=body(f"fault pace texts=2 {nonce}")).data)
    for n in (0, 1, last, last + PAST_THE_END):
        response = client.put(url, json=body(f"another {nonce}"), headers=after(n))
        assert (response.status_code, response.json["code"]) == (409, "conflict")


def test_a_reader_ahead_of_a_running_stream_may_come_again(client, url, nonce):
    """A reader that names a frame of the future is told, after a second, when to come back."""
    question = body(f"fault stall after=2 {nonce}")
    with client.put(url, json=question, buffered=False) as running:
        frames = iter(running.response)
        while b"word1" not in next(frames):
            pass
        for response in (
            client.get(url, headers=after(99)),
            client.put(url, json=question, headers=after(99)),
        ):
            assert (response.status_code, response.json["code"]) == (503, "not_reached")
            assert (response.json["retryable"], response.headers["Retry-After"]) == (True, "1")
        assert client.delete(url).json["ended"]
        b"".join(frames)
    assert client.application.extensions["claude_sse"].reader_slots.taken == 0


def test_frames_that_were_lost_with_their_writer_are_an_interruption(make_app, url):
    """A reader that has seen more than a dead writer left gets one frame, numbered after its own.

    So it shows, under a number that it has not seen, that the answer broke off.
    """
    client = make_app().test_client()
    log = client.application.extensions["claude_sse"].streams.log
    writer = log.create(f"local{url.removeprefix('/streams')}", "d" * 64)
    writer.append(sse.encode(1, {"text": "Hel"}) + sse.encode(2, {"text": "lo"}))
    writer.close()
    for n, number in ((0, 3), (1, 3), (2, 3), (5, 6)):
        response = client.get(url, headers=after(n))
        assert response.status_code == 200 and sse.last_id(response.data) == number
        assert [*sse.objects(response.data)][-1]["code"] == "interrupted"


def test_a_refused_question_has_no_id_to_come_back_with(make_app, nonce):
    """A refusal on POST /stream is a frame without an id: a retry after it is a new question."""
    client = make_app(api_key="").test_client()
    response = client.post("/stream", json={"prompt": f"x {nonce}"})
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "text/event-stream"
    decoder = sse.Decoder()
    (data,) = decoder.feed(response.data)
    assert data.startswith('{"error":') and decoder.last_event_id == ""


def test_only_a_frame_ends_a_block():
    """Preamble and heartbeats are events to no client, and no frame has the preamble's id."""
    blocks = sse.PREAMBLE + sse.HEARTBEAT * 3 + sse.encode(1, {"text": "x"}) + sse.HEARTBEAT
    assert blocks.split(b"\n\n") == [
        b'retry: 1000\nid: 0\n: heartbeat\n: heartbeat\n: heartbeat\nid: 1\ndata: {"text":"x"}',
        b": heartbeat\n",
    ]
    decoder = sse.Decoder()
    assert [*decoder.feed(blocks)] == ['{"text":"x"}']
    assert (decoder.last_event_id, decoder.retry_ms) == ("1", 1000)
