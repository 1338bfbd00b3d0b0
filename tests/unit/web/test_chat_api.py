"""The AI SDK's routes, without a server: questions, chats and their streams, stops, refusals."""

import json
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from tests.integration.client import eventually

SECRET = "0123456789abcdefghijklmnopqrstuv"
JSON = {"Content-Type": "application/json"}
SENTENCE = "text/plain; charset=utf-8"


@pytest.fixture
def asked(standin, nonce):
    """The requests to Claude that this test has made."""
    return lambda: [request for request in standin.requests if nonce in request.prompt]


def message(text, role="user"):
    return {"id": "m", "role": role, "parts": [{"type": "text", "text": text}]}


def body(text, chat="chat", **more):
    return {"id": chat, "messages": [message(text)], "trigger": "submit-message", **more}


def chunks(response):
    """The chunks of a response, without ``[DONE]``."""
    body = response.text.removeprefix("id: 0\n").replace(": heartbeat\n", "")
    lines = body.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""], lines[-3:]
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]


def text(response):
    return "".join(
        chunk.get("delta", "") for chunk in chunks(response) if chunk["type"] == "text-delta"
    )


def end(response):
    """How the answer ended: the metadata of its last chunk."""
    return chunks(response)[-1]["messageMetadata"]["stop_reason"]


def begun(response, word="word0"):
    """Read a response until the answer has begun, and return it."""
    for piece in response.response:
        if word.encode() in piece:
            return response
    raise AssertionError("the answer has ended")


def is_sentence(response, status, code):
    """Check the form of a refusal, and return its sentence."""
    assert (response.status_code, response.headers["Content-Type"]) == (status, SENTENCE)
    assert response.headers["X-Error-Code"] == code
    assert response.text.endswith(".") and "\n" not in response.text
    assert not response.text.startswith(("{", "<"))
    return response.text


def test_a_question_is_answered_as_a_ui_message_stream(client, nonce):
    """Status, headers and the first and last chunks are those that every version reads."""
    response = client.post("/api/chat", json=body(f"fault pace texts=3 {nonce}"))
    assert (response.status_code, text(response)) == (200, "word0 word1 word2 ")
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.headers["x-vercel-ai-ui-message-stream"] == "v1"
    first, *_, last = chunks(response)
    assert uuid.UUID(first["messageId"]).version == 4
    assert (last["type"], last["finishReason"]) == ("finish", "stop")
    assert last["messageMetadata"]["usage"]["output_tokens"] > 0


def test_the_whole_conversation_is_sent_and_our_own_keys_are_taken(client, nonce, asked):
    """Other keys of a page's body are ignored, whatever they hold."""
    assert client.get("/models").status_code == 200  # which tells what a model takes
    messages = [message("One"), message("Two", "assistant"), message(f"fault no_thinking {nonce}")]
    own = {"model": "claude-opus-5-5", "effort": "low", "max_tokens": 77, "system": "Be brief."}
    others = {"theme": "dark", "prompt": 7, "tools": [], "messageId": "m", "temperature": 2}
    response = client.post("/api/chat", json=body("") | {"messages": messages} | own | others)
    assert response.status_code == 200, response.text
    assert response.text
    [request] = asked()
    assert [each["content"] for each in request.body["messages"]][:2] == ["One", "Two"]
    assert (request.body["model"], request.body["max_tokens"]) == ("claude-opus-5-5", 77)
    assert request.body["output_config"] == {"effort": "low"}
    assert request.body["system"] == "Be brief."
    assert not {"temperature", "tools", "prompt"} & set(request.body)


def test_a_chat_is_followed_from_its_start_while_it_runs_and_after_it(client, nonce, asked):
    """Every reader gets the same message under the same id; Claude is asked once."""
    running = client.post("/api/chat", json=body(f"fault pace texts=40 gap_ms=10 {nonce}"))
    twice = [client.get("/api/chat/chat/stream") for _ in range(2)]
    assert [each.status_code for each in twice] == [200, 200]
    whole = chunks(running)
    assert [chunks(each) for each in twice] == [whole, whole]
    late = client.get("/api/chat/chat/stream", headers={"Last-Event-ID": "7"})
    assert chunks(late) == whole
    assert late.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert len(asked()) == 1


def test_a_chat_that_failed_is_replayed_with_its_error(client, nonce):
    """A page that comes back learns how the answer ended."""
    failed = chunks(client.post("/api/chat", json=body(f"fault cut after=2 {nonce}")))
    again = client.get("/api/chat/chat/stream")
    assert chunks(again) == failed
    assert [chunk["type"] for chunk in chunks(again)[-2:]] == ["data-error", "error"]


def test_an_unknown_chat_has_no_stream(client):
    """204 has no body and no type; stopping it does no harm."""
    for chat in ("unknown", "a/b", "%2e%2e%2fetc", "%C3%A9 ", "x" * 200):
        response = client.get(f"/api/chat/{chat}/stream")
        assert (response.status_code, response.data) == (204, b""), chat
        assert "Content-Type" not in response.headers
        for method, word in (("DELETE", "stream"), ("POST", "stop")):
            stopped = client.open(f"/api/chat/{chat}/{word}", method=method)
            assert (stopped.status_code, stopped.json) == (200, {"ended": True})


def test_the_next_question_ends_the_answer_that_still_runs(client, nonce, asked):
    """The former answer is stopped before Claude is asked again; the chat is the new one."""
    former = begun(client.post("/api/chat", json=body(f"fault pace texts=9000 {nonce}")))
    response = client.post("/api/chat", json=body(f"fault pace texts=3 first_ms=1 {nonce}"))
    assert chunks(former)[-1]["messageMetadata"]["stop_reason"] == "stopped"
    assert text(response) == "word0 word1 word2 "
    assert chunks(client.get("/api/chat/chat/stream")) == chunks(response)
    assert len(asked()) == 2


def test_an_answer_may_be_the_only_one_that_its_owner_has(make_app, nonce):
    """The former answer has released its place when the next question is admitted."""
    client = make_app(max_streams_per_owner=1, max_streams=1).test_client()
    for number in range(3):
        order = f"fault pace texts=9000 first_ms={number} {nonce}"
        response = client.post("/api/chat", json=body(order))
        assert response.status_code == 200, response.text
        begun(response)
    other = client.post("/api/chat", json=body("Hello", chat="other"))
    assert "1 answer" in is_sentence(other, 429, "too_many_answers")
    client.delete("/api/chat/chat/stream")


def test_of_questions_that_come_at_once_one_is_answered(make_app, nonce):
    """The last question stops the others; a page that comes back finds the one that is left."""
    app = make_app()
    client = app.test_client()

    def post(number):
        order = f"fault pace texts=9000 first_ms={number} {nonce}"
        return app.test_client().post("/api/chat", json=body(order))

    with ThreadPoolExecutor(6) as pool:
        responses = list(pool.map(post, range(6)))
    firsts = {next(response.response): response for response in responses}
    left = firsts.pop(next(client.get("/api/chat/chat/stream").response))
    assert len(firsts) == 5
    for response in firsts.values():
        assert b'"stop_reason":"stopped"' in response.data
    begun(left)
    assert client.delete("/api/chat/chat/stream").json["stop_reason"] == "stopped"
    assert b'"stop_reason":"stopped"' in left.data


def test_chats_do_not_disturb_each_other(client, nonce):
    """Another id is another chat: nothing of it is stopped."""
    running = client.post(
        "/api/chat", json=body(f"fault pace texts=30 gap_ms=10 {nonce}", chat="a")
    )
    assert text(client.post("/api/chat", json=body(f"fault pace texts=2 {nonce}", chat="A")))
    assert (end(running), text(running).count("word")) == ("end_turn", 30)


def test_a_question_that_is_refused_leaves_no_older_answer(client, nonce):
    """A page that then comes back is not shown the answer to another question."""
    for refused in ({"messages": []}, {"model": "claude-none"}, {"max_tokens": -1}):
        assert text(client.post("/api/chat", json=body(f"fault pace texts=2 {nonce}")))
        assert client.post("/api/chat", json=body("Hello") | refused).status_code == 400
        assert client.get("/api/chat/chat/stream").status_code == 204


def test_a_file_without_a_name_is_named_by_its_place_in_the_body(client, nonce):
    """The place is the client's own, whatever before it is not sent to Claude."""
    damaged = {"type": "file", "mediaType": "image/png", "url": "data:image/png;base64,iVBORw0KGgo"}
    question = {"id": "m", "role": "user", "parts": [{"type": "data-x"}, damaged]}
    before = [message("Be brief.", "system"), message(" "), message("Hello", "assistant")]
    asked = client.post("/api/chat", json={"id": nonce, "messages": [*before, question]})
    sentence = is_sentence(asked, 400, "bad_request")
    assert sentence == "messages[3].parts[1] is a damaged image, or only a part of one."


@pytest.mark.parametrize("method", ["DELETE", "POST"])
def test_a_stop_stops_the_newest_stream_and_says_how_it_ended(client, nonce, method):
    """It can be repeated, has no body or JSON, and stops only the stream that it names, if any."""
    path = "/api/chat/chat/" + ("stream" if method == "DELETE" else "stop")
    older = client.post("/api/chat", json=body(f"fault pace texts=1 {nonce}"))
    older_id = chunks(older)[0]["messageId"]
    running = client.post("/api/chat", json=body(f"fault pace texts=9000 {nonce}"))
    begun(running)
    for named in (older_id, str(uuid.uuid4()), "", "x/../y"):
        response = client.open(path, method=method, json={"activeStreamId": named})
        assert (response.status_code, response.json) == (200, {"ended": True})
    newest = client.get("/api/chat/chat/stream")
    newest_id = json.loads(next(newest.response).split(b"\n")[1].removeprefix(b"data: "))[
        "messageId"
    ]
    stopped = client.open(path, method=method, json={"activeStreamId": newest_id.upper()})
    assert (stopped.json["ended"], stopped.json["stop_reason"]) == (True, "stopped")
    assert end(running) == "stopped"
    for more in (
        {},
        {"json": {}},
        {"json": {"activeStreamId": None}},
        {"data": b"", "headers": JSON},
    ):
        assert client.open(path, method=method, **more).json == stopped.json


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"data": b"{", "headers": JSON}, 400, "bad_request"),
        ({"data": b"[]", "headers": JSON}, 400, "bad_request"),
        ({"json": {"activeStreamId": 7}}, 400, "bad_request"),
        (
            {"data": b"a=b", "headers": {"Content-Type": "text/plain"}},
            415,
            "unsupported_media_type",
        ),
        ({"headers": {"Origin": "https://evil.example"}}, 403, "cross_site"),
    ],
)
def test_a_stop_that_cannot_be_read_is_refused(client, more, status, code):
    """A body is JSON; another site's page stops nothing."""
    is_sentence(client.post("/api/chat/chat/stop", **more), status, code)


def test_another_owners_chat_is_unknown(make_app, nonce):
    """Two people may use the same id; neither sees, stops or ends the other's answer."""
    app = make_app(auth="proxy", secret_key=SECRET, trusted_proxies=0)
    ada, bob = (
        {"X-Proxy-Secret": SECRET, "X-Forwarded-User": name, "Origin": "http://localhost"}
        for name in ("ada", "bob")
    )
    client = app.test_client()
    running = client.post(
        "/api/chat", json=body(f"fault pace texts=30 gap_ms=10 {nonce}"), headers=ada
    )
    assert client.get("/api/chat/chat/stream", headers=bob).status_code == 204
    assert client.delete("/api/chat/chat/stream", headers=bob).json == {"ended": True}
    his = client.post("/api/chat", json=body(f"fault pace texts=1 {nonce}"), headers=bob)
    assert (end(his), end(running)) == ("end_turn", "end_turn")
    hers = client.get("/api/chat/chat/stream", headers=ada)
    assert chunks(hers) == chunks(running)


def test_the_id_of_a_chat_is_any_text(client, nonce):
    """It is found again by its path, percent-encoded as newer clients send it."""
    ids = [
        "a/b",
        "/",
        "//a//",
        "stream",
        "a/stream",
        ".",
        "é 日本",
        "a\nb",
        "?#%",
        "%2F",
        " ",
        "\\",
    ]
    for chat in ids:
        asked = client.post("/api/chat", json=body(f"fault pace texts=1 {nonce}", chat=chat)).text
        again = client.get(f"/api/chat/{quote(chat, safe='')}/stream")
        assert (again.status_code, again.text) == (200, asked), chat


def test_another_id_is_refused(client):
    """An id is a string of 1 to 200 characters."""
    for chat in ("", "x" * 201, 7, None, ["a"], {"id": "a"}):
        refused = client.post("/api/chat", json=body("Hello", chat=chat))
        assert "1 to 200 characters" in is_sentence(refused, 400, "bad_request")
    assert client.post("/api/chat", json={"messages": [message("Hello")]}).status_code == 400
    for path in ("stream", "stop"):
        call = client.get if path == "stream" else client.post
        assert "1 to 200" in is_sentence(call(f"/api/chat/{'x' * 201}/{path}"), 400, "bad_request")


def test_a_last_message_alone_is_refused(client):
    """This server keeps no conversation that the message could belong to."""
    refused = client.post("/api/chat", json={"id": "chat", "message": message("Hello")})
    assert "keeps no conversations" in is_sentence(refused, 400, "bad_request")


def test_a_file_reaches_claude(client, nonce, asked):
    """A file of a UI message is a block of the question."""
    part = {"type": "file", "mediaType": "text/plain", "url": "data:,Hello", "filename": "a.txt"}
    question = message(f"fault pace texts=1 {nonce}")
    question["parts"].insert(0, part)
    assert text(client.post("/api/chat", json=body("") | {"messages": [question]})) == "word0 "
    [request] = asked()
    document = {"type": "text", "media_type": "text/plain", "data": "Hello"}
    assert request.body["messages"][0]["content"][0] == {
        **{"type": "document", "source": document, "title": "a.txt"}
    }


def test_a_conversations_files_are_sent_with_each_question(client, nonce):
    """The limit of the body is that of whole conversations."""
    url = "data:text/plain;base64," + "QUFB" * 500_000
    question = message(f"fault pace texts=1 {nonce}")
    question["parts"].append({"type": "file", "mediaType": "text/plain", "url": url})
    assert text(client.post("/api/chat", json=body("") | {"messages": [question]})) == "word0 "


def test_an_answer_that_no_client_reads_goes_on_for_a_grace(make_app, nonce, asked):
    """A reload finds the rest; without one the answer ends, long before one of our own page."""
    app = make_app(chat_grace_seconds=0.4)
    client = app.test_client()
    gone = begun(client.post("/api/chat", json=body(f"fault pace texts=20 gap_ms=10 {nonce}")))
    gone.close()
    back = client.get("/api/chat/chat/stream")
    assert (end(back), text(back).count("word")) == ("end_turn", 20)
    begun(client.post("/api/chat", json=body(f"fault pace texts=9000 gap_ms=10 {nonce}"))).close()
    eventually(lambda: asked()[-1].closed_at)
    assert chunks(client.get("/api/chat/chat/stream"))[-2]["data"]["code"] == "interrupted"


def test_a_completion_is_the_answer_to_a_prompt(client, nonce, asked):
    """It takes our own keys, and belongs to no chat."""
    prompt = f"fault pace texts=3 {nonce}"
    response = client.post("/api/completion", json={"prompt": prompt, "max_tokens": 99, "x": 1})
    assert (response.status_code, text(response)) == (200, "word0 word1 word2 ")
    assert response.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert asked()[0].body["max_tokens"] == 99


def test_leaving_a_completion_is_stopping_it(client, nonce, asked):
    """Its client has no way back."""
    response = client.post("/api/completion", json={"prompt": f"fault pace texts=9000 {nonce}"})
    begun(response).close()
    eventually(lambda: asked()[0].closed_at)


def test_a_client_that_leaves_before_the_first_text_is_noticed(client, nonce, asked):
    """While Claude thinks nothing is written that could fail; its completion is stopped all the
    same."""
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        response = client.post(
            "/api/completion?protocol=text",
            json={"prompt": f"fault pace texts=5 {nonce}"},
            environ_overrides={"gunicorn.socket": ours},
        )
        assert response.data == b""
        response.close()
    assert not asked() or "word4" not in asked()[0].sent


@pytest.mark.parametrize("fields", [{}, {"prompt": ""}, {"prompt": 7}, {"messages": []}])
def test_a_completion_without_a_prompt_is_refused(client, fields):
    """The sentence names the field."""
    refused = client.post("/api/completion", json=fields)
    assert "prompt" in is_sentence(refused, 400, "bad_request")


def test_the_text_protocol_is_text(client, nonce):
    """All three routes speak it, with nothing but the answer's text."""
    order = f"fault pace texts=3 {nonce}"
    responses = [
        client.post("/api/chat?protocol=text", json=body(order)),
        client.get("/api/chat/chat/stream?protocol=text"),
        client.post("/api/completion?protocol=text", json={"prompt": order}),
    ]
    for response in responses:
        assert (response.status_code, response.text) == (200, "word0 word1 word2 ")
        assert response.headers["Content-Type"] == SENTENCE
        assert "x-vercel-ai-ui-message-stream" not in response.headers
        assert response.headers["Cache-Control"] == "no-store, no-transform"


def test_a_text_that_fails_before_it_begins_has_a_status(client, nonce):
    """The headers wait for the first text, so a failure is a sentence with the right status."""
    for fault, status, code in [
        ("too_large", 502, "too_long"),
        ("overloaded", 503, "overloaded"),
        ("cut after=0", 503, "interrupted"),
    ]:
        refused = client.post("/api/chat?protocol=text", json=body(f"fault {fault} {nonce}"))
        is_sentence(refused, status, code)
    slots = client.application.extensions["claude_sse"]
    assert (slots.reader_slots.taken, slots.writer_slots.taken) == (0, 0)


@pytest.mark.parametrize("path", ["/api/chat", "/api/completion", "/api/chat?protocol=text"])
def test_every_refusal_is_one_sentence(make_app, path):
    """The client shows the whole body: so a refusal is never JSON."""
    client = make_app(api_key="").test_client()
    ask = body(question := "fault pace texts=1") | {"prompt": question}
    assert "API key" in is_sentence(client.post(path, json=ask), 503, "no_key")
    is_sentence(client.post(path, data="Hello"), 415, "unsupported_media_type")
    is_sentence(client.post(path, data="{", headers=JSON), 400, "bad_request")
    is_sentence(
        client.post(path, json=ask, headers={"Host": "evil.example"}), 400, "host_not_allowed"
    )
    is_sentence(
        client.post(path, json=ask, headers={"Origin": "https://evil.example"}), 403, "cross_site"
    )
    limited = make_app(rate_limit=1).test_client()
    assert limited.post(path, json=ask).data
    refused = limited.post(path, json=ask)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "a minute" in is_sentence(refused, 429, refused.headers["X-Error-Code"])


def test_a_chat_that_may_search_shows_its_sources(make_app, nonce):
    """``web_search`` in the body's own fields asks for it; what is found and cited are sources."""
    client = make_app(web_search_max_uses=2).test_client()
    client.get("/models")  # a question waits for the list for a moment only
    asked = body(f"fault search uses=2 pauses=1 {nonce}", web_search=True)
    found = chunks(client.post("/api/chat", json=asked))
    sources = [chunk["url"] for chunk in found if chunk["type"] == "source-url"]
    assert len(sources) == len(set(sources)) == 3
    assert (
        "".join(c["delta"] for c in found if c["type"] == "text-delta") == "It says this and that"
    )
    assert [chunk["type"] for chunk in found].count("start") == 1
    refused = make_app().test_client().post("/api/chat", json=asked)
    assert refused.status_code == 400 and "WEB_SEARCH_MAX_USES" in refused.text


def test_a_chat_can_have_its_documents_cited(client, nonce):
    """The documents that an answer cites are sources, each place once."""
    found = chunks(client.post("/api/chat", json=body(f"fault cite kind=page {nonce}")))
    cited = [chunk for chunk in found if chunk["type"] == "source-document"]
    assert [chunk["title"] for chunk in cited] == ["Document 1", "Document 2"]
    assert all(chunk["mediaType"] == "application/pdf" for chunk in cited)
