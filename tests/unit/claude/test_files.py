"""Files on their way to Claude: their bounds in tokens, what models take, what is kept of them."""

import gc
import json
import weakref
from types import SimpleNamespace

import anthropic
import pytest

from claude_sse.claude import CancelScope, Claude, tokens
from claude_sse.claude.models import Model
from claude_sse.config.settings import Settings
from claude_sse.protocol.blocks import param
from claude_sse.protocol.errors import BadRequest
from claude_sse.protocol.images import Format
from claude_sse.protocol.question import EFFORTS, from_fields
from tests import files
from tests.files import block, text


@pytest.fixture
def claude(standin):
    claude = Claude(Settings(api_key="sk-ant-test", base_url=standin.base_url))
    claude.models()
    return claude


def asked(*blocks, **fields):
    return from_fields(files.question(*blocks) | fields, "", max_tokens=1000, efforts=EFFORTS)


def bound(*blocks):
    return tokens.most_read(asked(*blocks), Settings())


#: Pixels, and the tokens that Claude's documentation gives for them at most.
DOCUMENTED = {
    (1, 1): 1,
    (200, 200): 64,
    (1000, 1000): 1334,
    (1092, 1092): 1590,
    (1920, 1080): 2691,
    (2000, 1500): 3888,
    (8000, 8000): 4784,
    (8000, 1): 286,
}


@pytest.mark.parametrize("size", DOCUMENTED)
def test_an_image_is_bounded_by_its_pixels(size):
    """An image is at most the tokens of its pixels, and never more than the largest one."""
    most = tokens.most_seen(Format("image/png", *size))
    assert DOCUMENTED[size] <= most <= max(1.1 * DOCUMENTED[size], 1)


def test_files_are_bounded_by_their_kind():
    """An image, each page of a PDF, and a text have bounds of their own; base64 is not text."""
    alone = bound(text("Hi"))
    image = bound(text("Hi"), block(files.png(28, 28, more=100_000))) - alone
    assert 1 <= image < 50
    page, pages = (bound(text("Hi"), block(files.pdf(n))) - alone for n in (1, 3))
    assert 4784 + 1500 < page < 10_000 and 2 * page < pages < 3.1 * page
    assert bound(text("Hi"), block(b"%PDF-1.4\nstartxref")) - alone > 50 * page  # cannot be counted
    plain = block(b"0123456789" * 100, "document", title="digits")
    assert 1000 <= bound(text("Hi"), plain) - alone < 1100


def test_a_file_is_at_least_a_token():
    """Claude's count of what it read is not believed below one token for each file and text."""
    images = [block(files.png(1, 1))] * 3
    assert tokens.least_read(asked(text("Hi"), *images), Settings(system_prompt="")) == 4
    assert tokens.least_read(asked(text("x" * 10_240)), Settings(system_prompt="")) == 10


def test_no_question_is_more_than_the_longest_context():
    """What no model can read is reserved as the longest context: Claude refuses it for free."""
    assert bound(*[block(files.pdf(300), "document")] * 2) == tokens.LONGEST_CONTEXT
    assert bound(text("日" * 2_000_000)) == tokens.LONGEST_CONTEXT
    assert bound(text("word " * 100_000)) < tokens.LONGEST_CONTEXT


def test_a_long_text_is_bounded_as_its_parts_are():
    """The bound of a long text is that of its words, wherever it is taken apart."""
    words = b"Some words and a few QZXV, digits 0123456789; " * 10_000
    in_words = sum(map(len, tokens._WORD.findall(words)))
    assert in_words > 250_000 and tokens.most(words) == len(words) - in_words // 3


def test_what_claude_counts_is_within_the_bounds(claude, standin, nonce):
    """The tokens that the stand-in counts of a question with files lie between our bounds."""
    question = asked(
        block(files.png(900, 500)),
        block(files.jpeg(3000, 2000)),
        block(files.pdf(4, packed=True), "document"),
        block("Grüße".encode(), "document", title="a.txt"),
        text(f"fault pace texts=1 {nonce}"),
    )
    for _ in claude.events(question, CancelScope()):
        pass
    [request] = [each for each in standin.requests if nonce in each.prompt]
    least, most = (read(question, Settings()) for read in (tokens.least_read, tokens.most_read))
    assert least <= request.counted["read"] <= most


def test_blocks_leave_as_the_sdk_sends_them(claude, standin, nonce):
    """The bypass sends a question with files as the SDK does."""
    question = asked(
        block(files.png(), title="a.png"),
        block(files.pdf(), "document", title="ü.pdf"),
        text(f"fault pace texts=1 {nonce}"),
    )
    for _ in claude.events(question, CancelScope()):
        pass
    own = anthropic.Anthropic(api_key="x", base_url=standin.base_url, max_retries=0)
    messages = [{"role": role, "content": param(content)} for role, content in question.messages]
    with (
        own,
        own.messages.stream(
            model="claude-sonnet-5-5",
            max_tokens=16_000,
            messages=messages,
            thinking={"type": "adaptive", "display": "summarized"},
        ) as stream,
    ):
        stream.until_done()
    ours, theirs = [each for each in standin.requests if nonce in each.prompt]
    assert ours.body == theirs.body and ours.status == 200


def test_files_are_sent_again_in_a_retry(claude, standin, nonce):
    """The one retry sends the files, too."""
    question = asked(block(files.png()), text(f"fault overloaded times=1 {nonce}"))
    shown = [payload for batch in claude.events(question, CancelScope()) for payload in batch]
    first, second = [each for each in standin.requests if nonce in each.prompt]
    assert first.body == second.body and {"text": "word0 "} in shown


def test_files_are_not_kept_while_the_answer_is_written(claude, nonce):
    """As soon as Claude has begun to answer, the memory of a question's files is free."""
    question = asked(block(files.png()), text(f"fault pace texts=50 gap_ms=20 {nonce}"))
    image = weakref.ref(question.messages[0][1][0])
    events = claude.events(question, CancelScope())
    del question
    for _ in range(200):
        if any(payload == b'"word1 "' for payload in next(events)):
            break
    gc.collect()
    assert image() is None
    events.close()


def model(**fields):
    absent = dict.fromkeys(("retires_at", "created_at", "max_tokens"))
    known = {"id": "m", "name": "Small", "lifecycle": "active", "efforts": (), "thinks": False}
    return Model(**known, **absent, **fields)


@pytest.mark.parametrize(("known", "says"), [
    (model(refuses=("images",)), "is not for Small, which takes no images"),
    (model(refuses=("PDF",)), "is not for Small, which takes no PDF"),
    (model(max_input_tokens=200_000), "the limit is 100"),
    (model(max_input_tokens=1_000_000), ""),
    (model(), ""),
])  # fmt: skip
def test_what_a_model_takes(claude, known, says):
    """What a model's capabilities exclude is refused; an absent hint proves nothing."""
    claude._models = SimpleNamespace(known=lambda: {"m": known})
    question = asked(block(files.png()), block(files.pdf(101), "document"), model="m")
    if says:
        with pytest.raises(BadRequest, match=says):
            claude.check_files(question)
    else:
        claude.check_files(question)
    claude.check_files(asked(text("Hi"), model="m"))
    claude.check_files(asked(*[block(files.png())] * 200, model="another"))


def test_capabilities_are_read_from_the_list(claude):
    """The context and the kinds of files of each model are those of Claude's list."""
    known = claude._models.known()
    assert known["claude-sonnet-4-5"].max_input_tokens == 200_000
    assert known["claude-sonnet-5-5"].max_input_tokens == 1_000_000
    assert all(each.refuses == () for each in known.values())


def refused_by_the_standin(standin, *blocks, model="claude-sonnet-5-5"):
    own = anthropic.Anthropic(api_key="x", base_url=standin.base_url, max_retries=0)
    messages = [{"role": "user", "content": list(blocks)}]
    with own, pytest.raises(anthropic.BadRequestError) as raised:
        own.messages.stream(model=model, max_tokens=9, messages=messages).__enter__()
    return json.loads(raised.value.response.text)["error"]["message"]


@pytest.mark.parametrize(("blocks", "says"), [
    ([block(files.png(), declared="image/jpeg")], "appears to be a image/png image"),
    ([block(b"GIF8")], "Could not process image"),
    ([block(files.png(8001, 1))], "8000 pixels"),
    ([block(files.png(2001, 1))] + [block(files.png())] * 20, "many-image requests: 2000"),
    ([block(files.png()) | {"title": "a"}], "title: Extra inputs"),
    ([block(b"%PDX", "document", "application/pdf")], "not valid"),
    ([block(files.pdf(locked=True), "document", "application/pdf")], "password protected"),
    ([block(files.pdf(601), "document", "application/pdf")], "600 PDF pages"),
    ([text(" ")], "non-whitespace"),
    ([{"type": "video"}], "does not match any"),
    ([block(files.png(more=8 << 20))], "10 MB maximum"),
])  # fmt: skip
def test_the_standin_refuses_what_the_api_refuses(standin, blocks, says):
    """The stand-in has the API's words for each file that the API does not take."""
    assert says in refused_by_the_standin(standin, *blocks)


def test_the_standin_forgets_files():
    """A record has the digest of a file in place of the file, and counts its pixels."""
    from claude_sse.standin import blocks, record

    body = files.question(block(files.png(280, 56)), text("x" * 40))
    kept = record._shortened(body)["messages"][0]["content"]
    assert kept[0]["source"]["data"].startswith("sha256:") and kept[1] == text("x" * 40)
    large = {"max_input_tokens": 1_000_000}
    assert blocks.tokens(body, large) == 10 * 2 + 5 + 10
    for make, size in (
        (files.png, (640, 480)), (files.gif, (640, 480)), (files.jpeg, (640, 480)),
        (lambda w, h: files.webp("lossy", w, h), (640, 480)),
        (lambda w, h: files.webp("extended", w, h), (640, 480)),
        (lambda w, h: files.webp("lossless", w, h), (640, 480)),
    ):  # fmt: skip
        seen = blocks.seen(block(make(*size)))
        assert blocks.seen(block(files.pdf(7, packed=True))).pages == 7
        assert (seen.width, seen.height) == size and seen.bytes == len(make(*size))
