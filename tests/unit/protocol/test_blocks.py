"""The blocks of a message: files are what their bytes are, and Claude's limits hold before it."""

import base64
import json
import string
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.protocol import block_limits
from claude_sse.protocol.blocks import Document, Image, Text, param
from claude_sse.protocol.errors import BadRequest
from claude_sse.protocol.images import BrokenOff, format_of
from claude_sse.protocol.pdf import pdf_of
from claude_sse.protocol.question import EFFORTS, from_fields, parse
from tests import files
from tests.files import block, encoded, question, text

IMAGES = {
    "image/png": files.png(3, 2),
    "image/jpeg": files.jpeg(8, 8),
    "image/gif": files.gif(1, 1),
    "image/webp": files.webp(),
}
FILES = {
    **IMAGES,
    "lossy": files.webp("lossy"),
    "extended": files.webp("extended"),
    "application/pdf": files.pdf(),
    "text/plain": "Grüße".encode(),
}


def content(*blocks, role="user"):
    return ask(question(*blocks)).messages[0][1]


def ask(body):
    return parse(json.dumps(body).encode(), max_tokens=1000, efforts=EFFORTS, allow_prompt=False)


def refusal(*blocks):
    with pytest.raises(BadRequest) as raised:
        content(*blocks)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 300
    return str(raised.value)


@pytest.mark.parametrize("media_type", IMAGES)
@pytest.mark.parametrize("kind", ["image", "document"])
@pytest.mark.parametrize("declared", ["image/jpeg", "application/pdf", "nonsense", None, 7])
def test_an_image_is_what_its_bytes_are(media_type, kind, declared):
    """An image of any declared type, in a block of any kind, is sent as the image that it is."""
    given = block(IMAGES[media_type], kind, declared)
    [sent] = param(content(given))
    source = {"type": "base64", "media_type": media_type, "data": given["source"]["data"]}
    assert sent == {"type": "image", "source": source}


@pytest.mark.parametrize("kind", ["image", "document"])
def test_a_pdf_is_a_document(kind):
    """A PDF is sent as a document with its title, whatever kind of block it arrived in."""
    [sent] = param(content(block(files.pdf(), kind, "image/png", title="plan.txt")))
    source = {"type": "base64", "media_type": "application/pdf", "data": encoded(files.pdf())}
    assert sent == {"type": "document", "source": source, "title": "plan.txt"}


@pytest.mark.parametrize("given", [
    block("\ufeffGrüße\n".encode(), "document", "application/pdf"),
    block("Grüße\n".encode(), "image", "image/png"),
    {"type": "document", "source": {"type": "text", "media_type": "text/x", "data": "Grüße\n"}},
])  # fmt: skip
def test_text_is_a_document_of_plain_text(given):
    """Text in UTF-8, encoded or not, is sent as plain text, without a byte order mark."""
    source = {"type": "text", "media_type": "text/plain", "data": "Grüße\n"}
    assert param(content(given)) == [{"type": "document", "source": source}]


@pytest.mark.parametrize("said", [
    "if data.startswith(b'%PDF-1'): ...  # until startxref",
    "| `%PDF-1.7` | the header |",
    "The first line:\n%PDF-1.4\nand so on",
])  # fmt: skip
def test_a_text_about_pdf_is_a_text(said):
    """What only names the header of a PDF, or quotes it, is read as the text that it is."""
    [given] = content(block(said.encode()))
    assert given == Document("messages[0].content[0]", said, None)


def test_a_linearized_pdf_is_whole_with_its_end():
    """The end of its first part, which has no address, is not taken for that of the file."""
    assert pdf_of(files.first_part_of_pdf() + b">>\nendobj\nstartxref\n216\n%%EOF\n").is_whole


def test_blocks_keep_their_order():
    """Texts and files are sent in the order of the question, in every message."""
    body = question(text("one"), block(files.png()), text("two"), block(files.pdf(), "document"))
    body["messages"] += [
        {"role": "assistant", "content": [text("Yes?")]},
        {"role": "user", "content": "three"},
    ]
    asked = ask(body)
    first, second, third = (given for _, given in asked.messages)
    assert [type(each) for each in first] == [Text, Image, Text, Document]
    assert param(second) == [text("Yes?")] and param(third) == "three"


def test_foreign_fields_are_validated_alike():
    """A dict of fields is a question as a body is, and its digest is the one given."""
    asked = from_fields(question(text("Hi")), "d", max_tokens=1000, efforts=EFFORTS)
    assert asked.messages == (("user", (Text("Hi"),)),) and asked.digest == "d"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("title", [None, "a.bin"])
def test_a_file_that_ends_early_is_no_whole_one(name, title):
    """A file cut at any byte is refused by its name, or is text; nothing else is raised."""
    whole = FILES[name]
    shown = "messages[0].content[0]" if title is None else '"a.bin"'
    for size in range(1, len(whole)):
        try:
            [given] = content(block(whole[:size], title=title))
        except BadRequest as exc:
            assert str(exc).startswith(shown)
        else:
            plain = isinstance(given, Document) and given.pages is None
            assert plain or whole[size:] == b"\x3b" or b"startxref" in whole[:size]


@pytest.mark.parametrize(("data", "says"), [
    (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "a damaged image"),
    (files.png()[:-8], "a damaged image"),
    (files.png(0, 5), "a damaged image"),
    (files.jpeg()[:-2], "a damaged image"),
    (files.jpeg(thumbnail=files.jpeg())[:-2], "a damaged image"),
    (files.gif()[:-4], "a damaged image"),
    (files.webp()[:-4], "a damaged image"),
    (files.pdf()[:60], "a damaged PDF"),
    (files.first_part_of_pdf(), "a damaged PDF"),
    (files.pdf(locked=True), "an encrypted PDF"),
    (b"PK\x03\x04\x14\0\x06\0", "of another kind"),
    (b"BM\x36\0\0\0\0\0", "of another kind"),
    ("Grüße".encode("utf-16"), "of another kind"),
    (b"caf\xe9", "of another kind"),
    (b"text\0text", "of another kind"),
    (b" \n", "must hold text"),
])  # fmt: skip
def test_what_claude_cannot_read_is_refused_by_name(data, says):
    """Damaged, locked, foreign and blank files are refused in one sentence with their name."""
    said = refusal(text("See:"), block(data, "document", "application/pdf", title="Plan\n7.doc"))
    assert says in said and said.startswith('"Plan?7.doc"')
    assert refusal(block(data)).startswith("messages[0].content[0]")


@pytest.mark.parametrize(("make", "media_type"), [
    (files.png, "image/png"),
    (files.jpeg, "image/jpeg"),
    (files.gif, "image/gif"),
    (lambda w, h: files.webp("lossless", w, h), "image/webp"),
    (lambda w, h: files.webp("lossy", w, h), "image/webp"),
    (lambda w, h: files.webp("extended", w, h), "image/webp"),
])  # fmt: skip
def test_the_pixels_of_an_image_are_read(make, media_type):
    """Width and height are those of the format; a small file that claims too many is refused."""
    found = format_of(make(801, 75))
    assert (found.media_type, found.width, found.height) == (media_type, 801, 75)
    assert content(block(make(8000, 1)))
    for size in ((8001, 1), (1, 8001)):
        said = refusal(block(make(*size), title="wide"))
        assert said.startswith('"wide" has') and "8,001" in said and "at most 8,000" in said


def test_many_images_have_to_be_smaller():
    """More than 20 images of a question, in all messages together, may have 2,000 pixels a side."""
    large, small = block(files.png(2001, 10)), block(files.png())
    assert content(large, *[small] * 19)
    assert "at most 2,000" in refusal(large, *[small] * 20)
    body = question(large)
    body["messages"] += [{"role": "user", "content": [small] * 20}]
    with pytest.raises(BadRequest, match=r"messages\[0\].content\[0\] has 2,001 x 10 pixels"):
        ask(body)


def test_the_counts_of_files():
    """600 images and 600 pages are taken, one more is not; a small model takes 100."""
    image, pages = block(files.png()), block(files.pdf(300), "document", title="300.pdf")
    assert content(*[image] * 600) and content(pages, pages)
    assert "601 images" in refusal(*[image] * 601)
    assert '"300.pdf" brings the question to 900 pages' in refusal(pages, pages, pages)
    few = block_limits.FILES_OF_SMALL_MODELS
    block_limits.check([content(*[image] * 100)], few)
    with pytest.raises(BadRequest, match="the limit is 100"):
        block_limits.check([content(*[image] * 101)], few)


def test_the_size_of_an_image():
    """An image of 10 MiB in base64 is taken, a larger one is refused with both numbers."""
    most = 10 * 1024 * 1024 // 4 * 3
    ballast = most - len(files.png(more=256)) + 256
    assert content(block(files.png(more=ballast - 256)))
    assert "10,485,760" in refusal(block(files.png(more=ballast + 256), title="big.png"))


@pytest.mark.parametrize("pages", [1, 2, 99])
@pytest.mark.parametrize("packed", [False, True])
def test_the_pages_of_a_pdf_are_counted(pages, packed):
    """Pages are counted, also in compressed object streams and beside those of older versions."""
    whole = files.pdf(pages, packed=packed)
    assert pdf_of(whole).pages == pages
    assert pdf_of(whole + whole[9:]).pages == pages  # as an editor appends a new version
    assert pdf_of(b"junk\n" + whole).pages == pages


def test_a_pdf_that_inflates_without_end_is_cheap():
    """A stream that claims gigabytes is inflated to a bound only."""
    bomb = zlib.compress(b"\0" * (64 << 20), 1)
    raw = b"%PDF-1.5\n1 0 obj << /Type /ObjStm >> stream\n" + bomb + b"endstream startxref"
    began = time.process_time()
    assert pdf_of(raw).pages == 0
    assert time.process_time() - began < 2


ODD = {
    "none": "",
    "a data url": "data:image/png;base64," + encoded(files.png()),
    "line breaks": encoded(files.png())[:40] + "\n" + encoded(files.png())[40:],
    "without padding": encoded(b"GIF8").rstrip("="),
    "too much padding": encoded(b"GIF") + "====",
    "padding inside": encoded(b"G") + encoded(b"IF8"),
    "unused bits": "R0lGOB==",
    "unused bits of two": "R0lGODl=",
    "url-safe": base64.urlsafe_b64encode(b"\xff\xfe\xfd\xfb").decode(),
    "spaces": " " + encoded(files.png()),
    "not ascii": "é" + encoded(files.png()),
    "a surrogate": "\ud800AAA",
    "digits of others": "١٢٣٤",
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_base64_is_canonical(data):
    """Only one spelling of a file is accepted, as Claude's API has it."""
    given = block(b"", title="a.png")
    given["source"]["data"] = data
    said = refusal(given)
    assert said.startswith('"a.png"') and ("is not base64" in said or "is empty" in said)


@given(st.binary(min_size=1, max_size=60))
def test_every_file_has_one_spelling(data):
    """What standard base64 makes of any bytes is never refused as base64."""
    try:
        content(block(data))
    except BadRequest as exc:
        assert "base64" not in str(exc)


@given(st.text(alphabet=string.ascii_letters + string.digits + "+/=", min_size=1, max_size=12))
def test_no_other_spelling_is_accepted(data):
    """Base64 is accepted only if encoding what it says gives it back."""
    given = block(b"")
    given["source"]["data"] = data
    try:
        content(given)
    except BadRequest as exc:
        if "is not base64" in str(exc):
            return
    assert encoded(base64.b64decode(data)) == data


@pytest.mark.parametrize(("given", "says"), [
    ({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}, "type url"),
    ({"type": "document", "source": {"type": "url", "url": "http://[::1]/"}}, "type url"),
    ({"type": "image", "source": {"type": "file", "file_id": "file_1"}}, "type file"),
    ({"type": "document", "source": {"type": "content", "content": []}}, "type content"),
    ({"type": "image", "source": "https://example.com/a.png"}, "source must hold"),
    ({"type": "image", "source": {"type": "base64", "data": "AAAA", "url": "x"}}, "source must"),
    ({"type": "image", "source": {"type": ["base64"]}}, "source must hold"),
    ({"type": "image"}, "source must hold"),
    ({"type": "document", "source": {"type": "text", "data": 7}}, "must be a string"),
    ({"type": "document", "source": {"type": "text", "data": "\0"}}, "another kind"),
    ({"type": "document", "source": {"type": "text", "data": "\ud800"}}, "unpaired surrogate"),
    ({"type": "document", "source": {"type": "text", "data": "x"}, "title": ""}, "title must"),
    ({"type": "document", "source": {"type": "text", "data": "x"}, "title": "x" * 501}, "longer"),
    ({"type": "document", "source": {"type": "text", "data": "x"}, "context": "x"}, "'context'"),
    ({"type": "text", "text": ""}, "must hold text"),
    ({"type": "text", "text": " \n"}, "must hold text"),
    ({"type": "text", "text": ["x"]}, "must be a string"),
    ({"type": "text"}, "must be a string"),
    ({"type": "text", "text": "x", "cache_control": {}}, "unknown field 'cache_control'"),
    ({"type": "tool_use", "id": "x"}, "must be an object whose type is text, image or document"),
    ({"type": {}}, "must be an object"),
    ("text", "must be an object"),
    (None, "must be an object"),
    ([], "must be an object"),
])  # fmt: skip
def test_a_block_outside_the_schema_is_refused(given, says):
    """Addresses, ids of files, unknown kinds and fields are refused; nothing is fetched."""
    said = refusal(text("See:"), given)
    assert says in said and said.startswith("messages[0].content[1]")


def test_the_assistant_holds_no_files():
    """An image in a message of the assistant is refused by its place; an empty list, too."""
    body = question(text("Hi"))
    for wrong, says in (
        ([block(files.png())], "holds text and thinking only"),
        ([], "is an empty list"),
    ):
        messages = [*body["messages"], {"role": "assistant", "content": wrong}, *body["messages"]]
        with pytest.raises(BadRequest, match=says):
            ask({"messages": messages})
    assert refusal() == "messages[0].content is an empty list: it must hold at least one block."


blocks_like = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "image", "document", "x"])},
    optional={
        "text": st.text(max_size=5),
        "title": st.none() | st.text(max_size=5),
        "source": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["base64", "text", "url"]),
                "media_type": st.none() | st.text(max_size=5),
                "data": st.text(max_size=8)
                | st.binary(max_size=40).map(encoded)
                | st.tuples(st.sampled_from(list(FILES.values())), st.binary(max_size=30)).map(
                    lambda pair: encoded(pair[0][: len(pair[1]) * 4] + pair[1])
                ),
            },
        ),
    },
)


@given(st.lists(blocks_like | st.text(max_size=3) | st.none(), max_size=4))
def test_no_block_is_more_than_a_bad_request(blocks):
    """Any blocks are a question, whose blocks JSON can hold, or a BadRequest."""
    try:
        json.dumps(param(content(*blocks)))
    except BadRequest:
        pass


@given(st.sampled_from(sorted(FILES)), st.data())
def test_no_damage_is_more_than_broken_off(name, data):
    """A file with any of its bytes changed has a format, or none, or is broken off."""
    raw = bytearray(FILES[name])
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=8)):
        raw[at] = data.draw(st.integers(0, 255))
    try:
        format_of(bytes(raw))
    except BrokenOff:
        pass
    pdf_of(bytes(raw))


HOSTILE = {
    "jpeg of padding": b"\xff\xd8" + b"\xff" * (7 << 20),
    "jpeg of segments": b"\xff\xd8" + b"\xff\xe0\0\2" * (7 << 18),
    "gif of blocks": files.gif()[:29] + b"\1\0" * (3 << 20),
    "pdf of pages": b"%PDF-1.4\n" + b"/Type/Page/Count 1" * (7 << 16) + b"startxref",
    "pdf of streams": b"%PDF-1.4\n" + b"/Type/ObjStm stream\nxendstream" * (1 << 17) + b"startxref",
    "pdf of dictionaries": b"%PDF-1.4\n" + b"/Type/ObjStm" * (1 << 19) + b"startxref",
    "pdf of keys": b"%PDF-1.4\n" + b"/Encrypt 1 1 " * (1 << 19) + b"startxref",
    "pdf of blanks": b"%PDF-1.4\n/Count" + b" " * (7 << 20) + b"startxref",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_takes_no_longer_than_a_large_one(data):
    """Seven megabytes of what a parser likes least are read in linear time."""
    began = time.process_time()
    try:
        format_of(data)
    except BrokenOff:
        pass
    pdf_of(data)
    assert time.process_time() - began < 4
