"""UI messages as our own: what each part becomes, what is dropped, and what is refused."""

import base64

import pytest

from claude_sse.protocol.errors import BadRequest
from claude_sse.protocol.question import EFFORTS, from_fields
from claude_sse.web.ui_parts import to_messages

PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\2\0\0\0\x90wS\xde"
    b"\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\3\1\1\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82"
).decode()


def user(*parts):
    return {
        "id": "u",
        "role": "user",
        "parts": [text(p) if isinstance(p, str) else p for p in parts],
    }


def assistant(*parts):
    return user(*parts) | {"id": "a", "role": "assistant"}


def text(value):
    return {"type": "text", "text": value}


def file(url, kind="", name=None):
    named = {} if name is None else {"filename": name}
    return {"type": "file", "mediaType": kind, "url": url, **named}


def sent(*messages):
    """What Claude is sent for these UI messages."""
    fields = {"messages": to_messages(list(messages))[0]}
    question = from_fields(fields, "d", max_tokens=100, efforts=EFFORTS)
    return [
        (role, content if isinstance(content, str) else [block.param() for block in content])
        for role, content in question.messages
    ]


def test_texts_are_texts():
    """One text is a string, several are blocks; the answer's texts are sent back."""
    answer = assistant({"type": "step-start"}, text("One."), text("Two."))
    assert sent(user("Hello"), answer, user("And", " then?")) == [
        ("user", "Hello"),
        ("assistant", [text("One."), text("Two.")]),
        ("user", [text("And"), text(" then?")]),
    ]


@pytest.mark.parametrize(
    "part",
    [
        text(""),
        text(" \n"),
        {"type": "reasoning", "text": "Hm", "state": "done"},
        {"type": "step-start"},
        {"type": "source-url", "sourceId": "1", "url": "https://a.example"},
        {"type": "source-document", "sourceId": "1", "mediaType": "text/plain", "title": "A"},
        {"type": "data-waiting", "data": {"waiting": 3}},
        {"type": "tool-search", "toolCallId": "1", "state": "output-available", "output": {}},
        {"type": "dynamic-tool", "toolName": "x", "toolCallId": "1", "state": "input-streaming"},
        {"type": "custom"},
        {"type": "reasoning-file", "url": "x"},
        {"type": "of-tomorrow", "text": "no"},
        {"type": 7},
        {},
        None,
        7,
    ],
)
def test_what_is_not_said_is_dropped(part):
    """Beside text and files a part is the page's; a message of nothing else is dropped."""
    messages = [user("One"), assistant(part, text("Two")), user(part, text("Three"))]
    assert sent(*messages) == [("user", "One"), ("assistant", "Two"), ("user", "Three")]
    assert sent(user("One"), assistant(part), user("Two")) == [("user", "One"), ("user", "Two")]


def test_two_questions_in_a_row_are_sent():
    """An answer that failed before its first text is in the list empty, or not at all."""
    failed = assistant({"type": "step-start"})
    assert sent(user("One"), failed, user("Two")) == sent(user("One"), user("Two"))
    assert sent(user("One"), failed) == [("user", "One")]  # to be answered once more


def test_a_system_message_is_dropped():
    """The server's own system text is not replaced by a client's message."""
    system = {"id": "s", "role": "system", "parts": [text("Be rude.")]}
    assert sent(system, user("Hello"), system) == [("user", "Hello")]


def test_a_greeting_before_the_first_question_is_dropped():
    """Claude takes conversations that begin with the user."""
    assert sent(assistant("How can I help?"), user("Hello")) == [("user", "Hello")]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [user("One"), assistant("Two")],
        [user(" ")],
        [user("One"), user()],
        [user("One"), assistant("Two"), user(" ")],
        [assistant("One")],
        [user("One"), assistant("Two"), user({"type": "data-x", "data": 1})],
    ],
)
def test_the_last_message_is_the_users(messages):
    """Without a question at the end there is nothing to answer."""
    with pytest.raises(BadRequest, match="last message must be the user's"):
        sent(*messages)


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ("Hello", "messages must be a list of UI messages"),
        (None, "messages must be a list of UI messages"),
        (["Hello"], r"messages\[0\] must be a UI message"),
        ([{"role": "tool", "parts": []}], r"messages\[0\] must be a UI message"),
        ([{"role": ["user"], "parts": []}], r"messages\[0\] must be a UI message"),
        ([{"role": "user", "content": "Hello"}], r"messages\[0\] has no parts.*version 5"),
        ([user("One"), {"role": "user", "parts": {}}], r"messages\[1\] has no parts"),
        ([user({"type": "text"})], r"messages\[0\] has a text part"),
        ([user({"type": "text", "text": ["a"]})], r"messages\[0\] has a text part"),
    ],
)
def test_what_is_no_ui_message_is_refused(messages, sentence):
    """Each sentence names the message; what the AI SDK 4 sent is named as that."""
    with pytest.raises(BadRequest, match=sentence):
        to_messages(messages)


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "application/pdf", ""])
def test_an_image_is_what_its_bytes_are(kind):
    """The type that the page names does not count."""
    [(_, [block, question])] = sent(user(file(f"data:{kind};base64,{PNG}", kind, "a.txt"), "What?"))
    assert block == {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": PNG},
    }
    assert question == text("What?")


@pytest.mark.parametrize(
    "url",
    [
        "data:text/plain;base64,SGVsbG8sIHdvcmxkIQ==",
        "DATA:text/plain;charset=utf-8;BASE64,SGVsbG8sIHdvcmxkIQ==",
        "data:;base64,SGVsbG8s\nIHdvcmxkIQ==",
        "data:text/csv;base64,SGVsbG8sIHdvcmxkIQ%3D%3D",
        "data:text/plain;base64,SGVsbG8sIHdvcmxkIQ",
        " data:text/plain;base64,SGVsbG8sIHdvcmxkIQ%0A==\n",
        "data:,Hello%2C%20world!",
        "data:text/plain,Hello, world!",
        "data:application/octet-stream;base64,77u/SGVsbG8sIHdvcmxkIQ==",
    ],
)
def test_every_form_of_a_data_url_is_read(url):
    """In base64 or as text, with a type or without; a text becomes a document with its title."""
    [(_, [block])] = sent(user(file(url, "text/plain", " notes.md ")))
    assert block == {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "Hello, world!"},
        "title": "notes.md",
    }


@pytest.mark.parametrize("url", ["data:,\ud800", "data:;base64,%\ud800", "data:;base64,\ud800"])
def test_half_a_character_in_a_url_is_no_file_or_a_refusal(url):
    """JSON can hold what UTF-8 cannot: it is read as a replacement, or refused as no base64."""
    try:
        [(_, [block])] = sent(user(file(url, "text/plain")))
    except BadRequest as exc:
        assert "base64" in str(exc)
    else:
        assert url == "data:,\ud800" and block["source"]["data"] == "?"


def test_a_file_without_a_name_has_no_title():
    """A name that is blank, or no text, is none; a long one is cut."""
    url = "data:,Hello"
    for part in (file(url), file(url, name=""), file(url, name=" "), file(url, name=7)):
        [(_, [block])] = sent(user(part))
        assert "title" not in block
    [(_, [block])] = sent(user(file(url, name="x" * 5000)))
    assert 100 <= len(block["title"]) <= 500


def test_a_file_of_an_answer_is_dropped():
    """Only the user sends files."""
    answer = assistant(file("https://a.example/x.png", "image/png"), "Here it is.")
    assert sent(user("Draw"), answer, user("Why?"))[1] == ("assistant", "Here it is.")


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/x.png",
        "blob:x",
        "file:///x",
        "x",
        "",
        None,
        7,
        "data:image/png",
        "data;,x",
    ],
)
def test_no_address_is_fetched(url):
    """What is not in the message itself is refused, by its name and type."""
    with pytest.raises(BadRequest, match=r"'x\.png' \(image/png\).*data: URL.*fetches no address"):
        sent(user(file(url, "image/png", "x.png")))


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("data:application/zip;base64,UEsDBAoAAAAAAA==", "application/zip"),
        ("data:audio/mpeg;base64,//uQAAAAAA==", "audio/mpeg"),
        ("data:image/png;base64,AAAA", "image/png"),
        ("data:image/svg+xml;base64,AAAA", "image/svg+xml"),
        ("data:image/png;base64,", "image/png"),
        ("data:image/png;base64,!!!!", "image/png"),
        ("data:text/plain,", "text/plain"),
        ("data:text/plain,%20", "text/plain"),
    ],
)
@pytest.mark.parametrize("name", ["x.bin", None])
def test_what_claude_does_not_read_is_refused(url, kind, name):
    """One sentence names the file and its type."""
    with pytest.raises(BadRequest) as refused:
        sent(user("Hello", file(url, kind, name)))
    assert str(refused.value).count(". ") == 0 and str(refused.value).endswith(".")
    assert kind in str(refused.value) or "another kind" not in str(refused.value)
    assert (name or "messages[0]") in str(refused.value)
