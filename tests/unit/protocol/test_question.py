"""What a client may ask: every other body is a sentence that names the field."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.protocol.errors import BadRequest
from claude_sse.protocol.question import EFFORTS, parse


def ask(body, *, allow_prompt=True):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse(raw, max_tokens=1000, efforts=EFFORTS, allow_prompt=allow_prompt)


def user(content="Hi"):
    return {"role": "user", "content": content}


def test_a_prompt_is_a_conversation_of_one():
    """The tutorial's body is one question; the other fields have no value."""
    question = ask({"prompt": "Hello"})
    assert question.messages == (("user", "Hello"),)
    assert question.system is question.model is question.max_tokens is question.effort is None


def test_a_conversation_with_every_field():
    """Every field is parsed; null is the same as absent."""
    body = {
        "messages": [user(), {"role": "assistant", "content": "Yes?"}, user("Go on")],
        "system": "Be brief.",
        "model": "claude-opus-5-5",
        "max_tokens": 500,
        "effort": "low",
    }
    question = ask(body, allow_prompt=False)
    assert [role for role, _ in question.messages] == ["user", "assistant", "user"]
    assert (question.system, question.model) == ("Be brief.", "claude-opus-5-5")
    assert (question.max_tokens, question.effort) == (500, "low")
    assert ask({"prompt": "x", "system": None}).system is None


@pytest.mark.parametrize("number", ["500", "500.0", "5e2"])
def test_a_whole_number_is_one_however_it_is_written(number):
    """JSON has one kind of number: 5e2 tokens are 500."""
    question = ask(b'{"prompt":"x","max_tokens":%b}' % number.encode())
    assert (question.max_tokens, type(question.max_tokens)) == (500, int)


def test_what_an_answer_may_carry_is_off_unless_asked_for():
    """Searches, citations and signatures are switches; a prompt begins no conversation."""
    for body in ({"prompt": "x"}, {"prompt": "x", "web_search": None, "citations": False}):
        question = ask(body)
        assert not (question.web_search or question.citations or question.signatures)
        assert not question.is_conversation
    question = ask(
        {"messages": [user()], "web_search": True, "citations": True, "signatures": True}
    )
    assert question.web_search and question.citations and question.signatures
    assert question.is_conversation


def test_thinking_is_sent_back_in_a_message_of_the_assistant():
    """Its blocks are those of the frames, and are passed on as they are."""
    thought = {"type": "thinking", "thinking": "", "signature": "sig=="}
    hidden = {"type": "redacted_thinking", "data": "x"}
    answer = [thought, hidden, {"type": "text", "text": "Yes"}]
    messages = [user(), {"role": "assistant", "content": answer}, user()]
    (_, (role, content), _) = ask({"messages": messages}).messages
    assert role == "assistant" and [block.param() for block in content] == answer


@pytest.mark.parametrize("kind", [{}, [], None, 1, "audio"])
def test_a_block_of_any_other_type_is_refused(kind):
    """The type of a block is a word that is known, whatever JSON a client sends in its place."""
    with pytest.raises(
        BadRequest, match=r"messages\[0\].content\[0\] must be an object whose type"
    ):
        ask({"messages": [user([{"type": kind, "text": "x"}])]})


def test_the_digest_tells_bodies_apart():
    """The same bytes have the same digest, any other bytes another one."""
    assert ask(b'{"prompt":"a"}').digest == ask(b'{"prompt":"a"}').digest
    assert ask(b'{"prompt":"a"}').digest != ask(b'{"prompt": "a"}').digest


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not valid JSON"),
        (b"Hello", "not valid JSON: Expecting value at line 1, column 1"),
        (b"{'prompt': 'x'}", "not valid JSON"),
        (b"\xef\xbb\xbf{}", "not valid JSON: it begins with a byte order mark"),
        ('{"prompt":"x"}'.encode("utf-16"), "not UTF-8"),
        (b'{"prompt":"\xff"}', "not UTF-8"),
        (b'{"prompt":NaN}', "NaN is not a JSON number"),
        (b'{"prompt":"a","prompt":"b"}', "the key 'prompt' occurs twice"),
        (b'{"prompt":"x","max_tokens":' + b"9" * 5000 + b"}", "more than 4,300 digits"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * 33, "nested too deeply"),
        (b"[" * 32, "not valid JSON"),
        (b'{"prompt":"' + b"[{" * 40 + b'", "x": 1}', "Unknown field"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested too deeply"),
        (b"null", "must be a JSON object"),
        (b'["prompt"]', "must be a JSON object"),
        ({}, "prompt (or messages) is missing"),
        ({"prompt": 7}, "prompt must be a string"),
        ({"prompt": None}, "prompt must be a string"),
        ({"prompt": ""}, "prompt must hold text, and not only blanks"),
        ({"prompt": " \n\t"}, "not only blanks"),
        (b'{"prompt":"\\ud800"}', "unpaired surrogate"),
        ({"prompt": "x", "temperature": 1}, "Unknown field 'temperature'"),
        ({"prompt": "x", "web_search": 1}, "web_search must be true or false"),
        ({"prompt": "x", "citations": "yes"}, "citations must be true or false"),
        ({"prompt": "x", "signatures": []}, "signatures must be true or false"),
        *(
            ({"messages": [user(), {"role": "assistant", "content": [block]}, user()]}, says)
            for block, says in [
                ({"type": "thinking", "thinking": "x"}, "exactly type, thinking and signature"),
                ({"type": "thinking", "thinking": "x", "signature": ""}, "signature is empty"),
                ({"type": "thinking", "thinking": 5, "signature": "s"}, "must be a string"),
                ({"type": "redacted_thinking", "data": "x", "y": 1}, "exactly type, data"),
                ({"type": "redacted_thinking", "data": "x"}, "holds only thinking"),
                ({"type": "server_tool_use"}, "whose type is text, image or document"),
            ]
        ),
        (
            {"messages": [user([{"type": "thinking", "thinking": "x", "signature": "s"}])]},
            "only a message of the assistant holds thinking",
        ),
        ({"prompt": "x", "a\nb" * 30: 1}, "Unknown field 'a\\nb"),
        ({"prompt": "x", "y" * 50: 1}, f"Unknown field '{'y' * 40}';"),
        ({"prompt": "x", "messages": [user()]}, "not both"),
        ({"messages": []}, "messages must be a list of 1 to 100,000"),
        ({"messages": "Hi"}, "messages must be a list"),
        ({"messages": [user()] * 100_001}, "messages must be a list"),
        ({"messages": ["Hi"]}, "messages[0] must be an object"),
        ({"messages": [{"role": "user"}]}, "messages[0] must be an object"),
        ({"messages": [user() | {"name": "x"}]}, "messages[0] must be an object"),
        ({"messages": [user(), {"role": "system", "content": "x"}]}, "messages[1].role must be"),
        ({"messages": [user(7)]}, "messages[0].content must be a string or a list of blocks"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages[0].role must be user"),
        (
            {"messages": [user(), {"role": "assistant", "content": "x"}]},
            "messages[1].role must be user: the last",
        ),
        ({"prompt": "x", "system": 1}, "system must be a string"),
        ({"prompt": "x", "model": "a\nb"}, "model must be the id of a model"),
        ({"prompt": "x", "model": ["a"]}, "model must be the id of a model"),
        ({"prompt": "x", "max_tokens": 0}, "max_tokens must be a whole number from 1 to 1,000"),
        ({"prompt": "x", "max_tokens": 1001}, "max_tokens must be"),
        ({"prompt": "x", "max_tokens": True}, "max_tokens must be"),
        ({"prompt": "x", "max_tokens": 1.5}, "max_tokens must be"),
        ({"prompt": "x", "effort": "extreme"}, "effort must be one of low"),
        ({"prompt": "x", "effort": {}}, "effort must be one of low"),
    ],
)
def test_a_bad_body_is_named(body, says):
    """Every error is one line that names the field and its limit."""
    with pytest.raises(BadRequest) as raised:
        ask(body)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 300


def test_without_a_prompt_field():
    """Streams with an id take messages only."""
    with pytest.raises(BadRequest, match="Unknown field 'prompt'; the fields are messages"):
        ask({"prompt": "x"}, allow_prompt=False)
    with pytest.raises(BadRequest, match="The field messages is missing"):
        ask({}, allow_prompt=False)


def test_no_text_and_no_conversation_is_too_long():
    """A text of a million characters and a hundred thousand messages are for Claude to measure."""
    assert ask(json.dumps({"prompt": "é" * 1_000_000}, ensure_ascii=False).encode())
    messages = [user(), {"role": "assistant", "content": "Yes?"}] * 49_999 + [user()]
    assert len(ask({"messages": messages}).messages) == 99_999


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_a_bad_request(raw):
    """Any bytes are a question or a BadRequest, never another error."""
    try:
        ask(raw)
    except BadRequest:
        pass


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: json_values
            for name in ("prompt", "messages", "system", "model", "max_tokens", "effort", "x")
        },
    )
)
def test_no_value_is_more_than_a_bad_request(body):
    """Any JSON value at any field is a question or a BadRequest."""
    try:
        ask(json.dumps(body).encode())
    except BadRequest:
        pass
