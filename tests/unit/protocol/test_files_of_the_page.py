"""The page finds out what a file is as the server does: the same files, and the same verdicts."""

from __future__ import annotations

import json
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from claude_sse.protocol.blocks import Document, Image
from claude_sse.protocol.errors import BadRequest
from tests import files
from tests.files import block, encoded, question

from .test_blocks import ask

SCRIPT = Path(__file__).resolve().parents[2] / "js/file-verdicts.js"
WHOLE = [
    *(make(w, h) for make in (files.png, files.jpeg, files.gif) for w, h in ((3, 2), (801, 75))),
    *(files.webp(kind, 801, 75) for kind in ("lossless", "lossy", "extended")),
    files.png(8001, 1),
    files.png(more=4096),
    files.gif(comment=b"hello, world"),
    files.jpeg(thumbnail=files.jpeg()),
    *(files.pdf(pages, packed=packed) for pages in (1, 2, 99) for packed in (False, True)),
    files.pdf(2) + files.pdf(2)[9:],
    b"junk\n" + files.pdf(3),
    b"\xef\xbb\xbf" + files.pdf(1),
    b"A PDF begins with `%PDF-1.7` and ends after startxref.\n",
    b"Its first line is\n%PDF-1.4\n",
    "Grüße, мир, 你好 😀\n".encode(),
    "\ufeffGrüße\n".encode(),
    b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    b"\x1b[31mred\x1b[0m\r\n\ttab\f",
]
STRANGE = [
    b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
    files.png()[:-8],
    files.png(0, 5),
    files.jpeg()[:-2],
    files.jpeg(thumbnail=files.jpeg())[:-2],
    b"\xff\xd8\xff" + b"\xff" * 300,
    files.gif()[:-4],
    files.webp()[:-4],
    files.pdf()[:60],
    files.first_part_of_pdf(),
    files.pdf(locked=True),
    b"PK\x03\x04\x14\0\x06\0",
    b"BM\x36\0\0\0\0\0",
    b"caf\xe9",
    b"text\0text",
    b"\x00",
    b" \n\t",
    b"a\x08b",
    b"\xed\xa0\x80",
    b"\x00\x00\x00\x18ftypheic" + b"\0" * 40,
]


def page_verdicts(node: str, given: list[bytes]) -> list[dict[str, Any]]:
    """Return what the page's code says of these files."""
    body = json.dumps([encoded(data) for data in given])
    run = subprocess.run([node, SCRIPT], input=body, capture_output=True, text=True, check=True)
    verdicts = json.loads(run.stdout)
    assert len(verdicts) == len(given)
    return list(verdicts)


def server_verdict(data: bytes) -> dict[str, Any]:
    """Return what the server makes of a file, in the page's words; without a reason if refused."""
    try:
        [(_, [given])] = ask(question(block(data))).messages
    except BadRequest as exc:
        if "pixels" not in str(exc):  # which the page scales down
            return {}
        given = None
    if isinstance(given, Document):
        pdf = given.pages is not None
        kind, text = ("pdf", None) if pdf else ("text", given.data)
        size = {"width": None, "height": None, "pages": given.pages, "text": text}
        return {"kind": kind, "type": "application/pdf" if pdf else "text/plain", **size}
    if isinstance(given, Image):
        found = given.format
        size = {"width": found.width, "height": found.height, "pages": None, "text": None}
        return {"kind": "image", "type": found.media_type, **size}
    return {"kind": "image", "type": "image/png", "width": 8001, "height": 1} | {
        "pages": None,
        "text": None,
    }


def test_the_page_and_the_server_agree_on_every_file(require: Callable[[str], str]) -> None:
    """Kind, pixels, pages and text are the same in both, and what one refuses the other does."""
    cut = [data[:size] for data in WHOLE[:9] for size in range(1, len(data), 3)]
    given = [*WHOLE, *STRANGE, *cut]
    for data, seen in zip(given, page_verdicts(require("node"), given), strict=True):
        wanted = server_verdict(data)
        if "\ufeff".encode() in data and wanted.get("text"):
            wanted["text"] = wanted["text"].lstrip("\ufeff")
        assert {**({} if "refused" in seen else seen)} == wanted, (data[:80], seen)
    assert all(server_verdict(data) for data in WHOLE)


def test_the_page_takes_texts_in_utf_16_too(require: Callable[[str], str]) -> None:
    """A text in UTF-16, with its mark or without, is a text to the page, which sends UTF-8."""
    text = "name;Größe\r\n1;2\r\n"
    given = [text.encode(name) for name in ("utf-16", "utf-16-le", "utf-16-be")]
    given.append(b"\xfe\xff" + text.encode("utf-16-be"))
    for verdict in page_verdicts(require("node"), given):
        assert (verdict["kind"], verdict["text"]) == ("text", text)


def test_a_pdf_that_inflates_without_end_is_bounded(require: Callable[[str], str]) -> None:
    """The page counts no pages beyond the bound of what it inflates, and says nothing wrong."""
    bomb = zlib.compress(b"\0" * (64 << 20), 1)
    raw = b"%PDF-1.5\n1 0 obj << /Type /ObjStm >> stream\n" + bomb + b"endstream startxref"
    [verdict] = page_verdicts(require("node"), [raw])
    assert (verdict["kind"], verdict["pages"]) == ("pdf", 0)
