"""A Chat Completions body becomes our own question, or is refused by one sentence."""

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.protocol import blocks
from claude_sse.protocol.errors import BadRequest
from claude_sse.web import openai_question
from tests.files import png

PNG = base64.b64encode(png(5)).decode()
HELLO = {"role": "user", "content": "Hello"}


def parse(*messages, **fields):
    """Return what is asked for by these messages and fields."""
    body = {"model": "claude-x", "messages": list(messages), **fields}
    return openai_question.parse(json.dumps(body).encode(), max_tokens=1000)


def conversation(*messages):
    """Return the roles and texts of the question that these messages become."""
    return list(parse(*messages).question.messages)


def refusal(*messages, **fields):
    """Return the sentence by which these are refused."""
    with pytest.raises(BadRequest) as raised:
        parse(*messages, **fields)
    return str(raised.value)


def user(*parts):
    """Return a message of the user with these parts."""
    return {"role": "user", "content": list(parts)}


def test_what_the_system_and_the_developer_say_is_one_text():
    """It is collected wherever it stands; without any the server's own applies."""
    question = parse(
        {"role": "system", "content": "One."},
        HELLO,
        {"role": "developer", "content": [{"type": "text", "text": "Two."}]},
        {"role": "assistant", "content": "Hi"},
        HELLO,
        {"role": "system", "content": ""},
    ).question
    assert question.system == "One.\n\nTwo."
    assert question.messages == (("user", "Hello"), ("assistant", "Hi"), ("user", "Hello"))
    assert parse(HELLO).question.system is None


def test_an_answer_may_come_back_as_the_clients_give_it():
    """The openai client's own message object may be appended to the conversation."""
    answer = {
        **{"role": "assistant", "content": "Hi", "refusal": None, "annotations": []},
        **{"audio": None, "function_call": None, "tool_calls": None, "reasoning_content": "Hm"},
    }
    assert conversation(HELLO, answer, HELLO)[1] == ("assistant", "Hi")


@pytest.mark.parametrize("content", [None, "", " \n", [], [{"type": "text", "text": ""}]])
def test_an_answer_without_text_is_dropped(content):
    """One that failed before its first text is in the history of many front ends."""
    empty = {"role": "assistant", "content": content}
    assert conversation(HELLO, empty, HELLO) == [("user", "Hello")] * 2


@pytest.mark.parametrize("content", [None, "", " \n", [], [{"type": "text", "text": ""}]])
def test_an_earlier_question_without_text_is_dropped(content):
    """It was refused, and stays in the history of a front end: the next question is answered."""
    blank = {"role": "user", "content": content}
    assert conversation(blank, HELLO) == [("user", "Hello")]
    assert conversation(HELLO, blank, HELLO) == [("user", "Hello")] * 2
    assert "messages[1].content" in refusal(HELLO, blank)


def test_a_conversation_that_begins_or_ends_with_the_assistant_is_asked():
    """Claude's begin and end with the user: a line goes before, a request to continue after."""
    (first, _), greeting, _ = conversation({"role": "assistant", "content": "Welcome!"}, HELLO)
    assert (first, greeting) == ("user", ("assistant", "Welcome!"))
    *_, half, last = conversation(HELLO, {"role": "assistant", "content": "Half of"})
    assert half == ("assistant", "Half of")
    assert last[0] == "user" and last[1].startswith("Continue exactly where")


@pytest.mark.parametrize(
    "url",
    [
        f"data:image/png;base64,{PNG}",
        f"DATA:image/jpeg;name=a.png;charset=x;BASE64,{PNG.replace('=', '%3D')}",
        f"data:;base64,{PNG}",
        f"data:image/png;base64,{PNG.rstrip('=')}",
        f"data:image/png;base64,{PNG[:76]}\n{PNG[76:]}\n",
        f"data:image/png;base64,{PNG.replace('+', '-').replace('/', '_')}",
    ],
)
@pytest.mark.parametrize("is_object", [True, False])
def test_an_image_in_a_data_url_is_an_image(url, is_object):
    """Whatever its type is said to be, and whatever else stands in its URL."""
    value = {"url": url, "detail": "high"} if is_object else url
    parts = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": value}]
    [(_, (text, image))] = conversation(user(*parts))
    assert text == blocks.Text("What?")
    assert image.param()["source"] == {"type": "base64", "media_type": "image/png", "data": PNG}


@pytest.mark.parametrize(
    "data",
    [
        "data:text/csv;base64,YSxi",
        "data:text/csv,a%2Cb",
        "data:,a,b",
        "YSxi",
        "YS\nxi\n",
        "YSxi%0A",
    ],
)
def test_a_file_is_a_document_with_its_name(data):
    """Its data may be a data: URL in any form, or base64 alone."""
    [(_, [document])] = conversation(
        user({"type": "file", "file": {"file_data": data, "filename": "t.csv"}})
    )
    assert (document.data, document.title) == ("a,b", "t.csv")


def test_a_file_that_claude_does_not_take_is_named():
    """The sentence has the file's name, or its place among the parts that were sent."""
    data = "data:application/zip;base64," + base64.b64encode(b"PK\x03\x04\x00\xff").decode()
    system = {"role": "system", "content": "x"}
    file = {"type": "file", "file": {"file_data": data, "filename": "a.zip"}}
    assert "a.zip" in refusal(system, user(file))
    del file["file"]["filename"]
    blank = {"type": "text", "text": " "}
    assert "messages[1].content[1]" in refusal(system, user(blank, file))


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("Hello", "messages[1] must be an object"),
        ({"role": "tool", "content": "x"}, "messages[1].role must be"),
        ({"role": ["user"], "content": "x"}, "messages[1].role must be"),
        ({"role": "user", "content": 7}, "messages[1].content must be a string or a list"),
        (user({"type": "input_audio", "input_audio": {}}), "messages[1].content[0] must be a part"),
        (user("Hello"), "messages[1].content[0] must be a part"),
        (user({"type": "text"}), "messages[1].content[0].text must be a string"),
        (user({"type": "file", "file": {"file_id": "f"}}), "content[0].file must have file_data"),
        (
            user({"type": "file", "file": {"file_data": "https://a.example/b"}}),
            "content[0].file.file_data must be a data: URL",
        ),
        (
            user({"type": "image_url", "image_url": {"url": "http://127.0.0.1/b.png"}}),
            "content[0].image_url.url must be a data: URL",
        ),
        (
            {"role": "assistant", "content": [{"type": "image_url", "image_url": "data:,x"}]},
            "messages[1].content must be text",
        ),
        (
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]},
            "messages[1].tool_calls must be left out",
        ),
        ({"role": "user", "content": "\ud800"}, "messages[1].content contains an unpaired"),
    ],
)
def test_a_message_that_cannot_be_asked_is_refused_by_its_place(message, sentence):
    """The place is the client's own, though what stands before it is not a message of ours."""
    assert sentence in refusal({"role": "system", "content": "x"}, message, HELLO)


@pytest.mark.parametrize(
    ("name", "harmless", "refused"),
    [
        ("tools", [], [{"type": "function"}]),
        ("functions", [], [{"name": "f"}]),
        ("tool_choice", "auto", "required"),
        ("function_call", "none", {"name": "f"}),
        ("response_format", {"type": "text"}, {"type": "json_schema", "json_schema": {}}),
        ("n", 1, 2),
        ("stop", [], "\n"),
        ("logprobs", False, True),
        ("top_logprobs", 0, 3),
        ("logit_bias", {}, {"50256": -100}),
        ("modalities", ["text"], ["text", "audio"]),
        ("audio", None, {"voice": "alloy"}),
    ],
)
def test_what_would_change_the_answer_is_refused_by_name(name, harmless, refused):
    """Its value that changes nothing passes, as null does."""
    for value in (harmless, None):
        assert parse(HELLO, **{name: value}).question.messages == (("user", "Hello"),)
    assert refusal(HELLO, **{name: refused}).startswith(f"{name} must be left out")


def test_fields_of_ours_have_the_names_of_that_api():
    """Both limits, of which the newer one counts; efforts that Claude lacks are its lowest."""
    assert parse(HELLO, max_tokens=5).question.max_tokens == 5
    assert parse(HELLO, max_tokens=5, max_completion_tokens=7).question.max_tokens == 7
    assert refusal(HELLO, max_tokens=0).startswith("max_tokens must be a whole number")
    assert refusal(HELLO, max_completion_tokens=1001).startswith("max_completion_tokens must be")
    for effort, ours in {"high": "high", "max": "max", "minimal": "low", "none": "low"}.items():
        assert parse(HELLO, reasoning_effort=effort).question.effort == ours
    assert refusal(HELLO, reasoning_effort=3).startswith("reasoning_effort must be one of")


@pytest.mark.parametrize("name", ["messages[99].content[7] x", "messages[0]", "a messages[9]"])
def test_a_file_may_be_called_like_a_place(name):
    """Its name stays as it is in the sentence that refuses it."""
    part = {
        "type": "file",
        "file": {"filename": name, "file_data": "data:;base64,iVBORw0KGgpiYWQ="},
    }
    assert refusal(HELLO, user(part)).startswith(f'"{name}" is a damaged image')


def test_how_the_answer_is_wanted_is_read():
    """``stream`` and ``include_usage`` are true or false; other options are ignored."""
    plain = parse(HELLO, stream_options={"include_usage": None, "include_obfuscation": False})
    assert (plain.is_stream, plain.with_usage) == (False, False)
    streamed = parse(HELLO, stream=True, stream_options={"include_usage": True})
    assert (streamed.is_stream, streamed.with_usage) == (True, True)
    assert refusal(HELLO, stream="yes") == "stream must be true or false."
    assert refusal(HELLO, stream_options=[1]) == "stream_options must be an object."


@pytest.mark.parametrize("messages", [None, [], {}, "Hello"])
def test_without_a_message_there_is_no_question(messages):
    """A list with a message of the user is the least."""
    with pytest.raises(BadRequest, match="messages must be a list"):
        openai_question.parse(json.dumps({"messages": messages}).encode(), max_tokens=9)
    assert "a message of the user" in refusal({"role": "system", "content": "x"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["system", "user", "assistant", "text", "image_url", "file", "data:,x", "data:;base64,%", ""]
)
NAMES = st.sampled_from(
    ["role", "content", "type", "text", "image_url", "file", "url", "file_data", "filename",
     "messages", "model", "stream", "stream_options", "max_tokens", "reasoning_effort", "n",
     "tool_calls", "max_completion_tokens", "response_format", "stop"]
)  # fmt: skip
NEAR = st.recursive(
    JSON | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=10,
)


@given(st.dictionaries(NAMES, NEAR), st.lists(st.dictionaries(NAMES, NEAR) | NEAR, max_size=4))
def test_any_body_is_a_question_or_refused(fields, messages):
    """Nothing that a client may send raises anything else."""
    body = json.dumps({**fields, "messages": messages}).encode()
    try:
        assert openai_question.parse(body, max_tokens=9).question.messages
    except BadRequest as exc:
        assert str(exc).endswith(".")


@pytest.mark.parametrize(
    "url", ["data:" + " " * 10**6, "data:" + ";" * 10**6, "data:;" + "%" * 10**6, "data:" * 10**6]
)
def test_a_hostile_url_costs_no_more_than_its_length(url):
    """It is split once, whatever it is made of."""
    begun = time.process_time()
    refusal(user({"type": "image_url", "image_url": {"url": url}}))
    assert time.process_time() - begun < 2
