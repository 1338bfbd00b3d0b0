"""Bounds for the tokens of a text, and for the tokens that Claude can write in a time.

Only Claude knows the count. A token is at least one byte of UTF-8, so the number of bytes is an
upper bound for every text: base64, digits, Chinese, emoji. Lower-case words, real or invented, take
at least 2 bytes a token with the last tokenizer that Anthropic published. Newer tokenizers make up
to 1.35 times as many tokens of a text (Anthropic's migration guide), so the bound is 1.5 bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from ..config.settings import Settings
from ..protocol.blocks import Block, Document, Image, Text
from ..protocol.images import Format
from ..protocol.question import Question
from ..protocol.thoughts import Thinking

#: The fastest Claude models write about 200 tokens a second; twice that leaves room for new ones.
WRITTEN_A_SECOND = 400
#: The tokens of the roles and separators around each text, and before the first one.
_AROUND_EACH, _AROUND_ALL = 10, 50
#: The most that any model reads.
LONGEST_CONTEXT = 1_000_000
#: From this many bytes on, the bound of any text is at least the longest context.
_CERTAINLY_LONGEST = LONGEST_CONTEXT * 3 // 2
#: Claude scales larger images down (platform.claude.com, Vision).
_MOST_OF_AN_IMAGE = 4784
#: A page of a PDF is read as an image and as its text, of up to 3,000 tokens (PDF support).
_MOST_OF_A_PAGE = _MOST_OF_AN_IMAGE + 3000
#: The pages that a PDF is taken to have where they cannot be counted.
_MOST_PAGES_UNKNOWN = 100
#: Tens of milliseconds of work.
_PIECE_BYTES = 1 << 16
#: No token holds more bytes than this; a token of spaces alone holds about 950.
_MOST_BYTES = 1024
#: A word in lower case except for its first letter, with vowels between its consonants. The
#: possessive quantifiers keep the time linear.
_WORD = re.compile(
    rb" ?\b(?:[AEIOUY][aeiouy]{0,2}+|[B-Z]?[b-df-hj-np-tv-xz]{0,3}+[aeiouy]{1,3}+)"
    rb"(?:[b-df-hj-np-tv-xz]{1,3}+[aeiouy]{1,3}+)*+[b-df-hj-np-tv-xz]{0,3}+\b"
)


def most(text: bytes) -> int:
    """Return an upper bound of the tokens of a text in UTF-8."""
    words = sum(sum(map(len, _WORD.findall(piece))) for piece in _pieces(text))
    return len(text) - words // 3


def _pieces(text: bytes) -> Iterator[bytes]:
    """Yield a long text in pieces that begin at a space: a search holds up all other threads."""
    at = 0
    while at < len(text):
        end = text.find(b" ", at + _PIECE_BYTES) if len(text) - at > _PIECE_BYTES else -1
        end = len(text) if end < 0 else end
        yield text[at:end]
        at = end


def least(size: int) -> int:
    """Return a lower bound of the tokens of a text of ``size`` bytes; 0 only for no text."""
    return max(min(size, 1), size // _MOST_BYTES)


def most_written(seconds: float) -> int:
    """Return an upper bound of the tokens that Claude can write in this time."""
    return math.ceil(max(0.0, seconds) * WRITTEN_A_SECOND)


def most_seen(image: Format) -> int:
    """Return an upper bound of the tokens of an image, which Claude scales down to its largest.

    A token is a patch of 28 x 28 pixels; earlier models had one for 750 pixels.
    """
    patches = -(-image.width // 28) * -(-image.height // 28)
    return min(max(patches, -(-image.width * image.height // 750)), _MOST_OF_AN_IMAGE)


def most_read(question: Question, settings: Settings) -> int:
    """Return an upper bound of the input tokens of a question; Claude refuses more, for free."""
    texts, files = _texts(question, settings), _files(question)
    if sum(map(len, texts)) >= _CERTAINLY_LONGEST:
        return LONGEST_CONTEXT
    read = sum(map(most, texts)) + sum(map(_most_of_file, files))
    return min(_AROUND_ALL + _AROUND_EACH * (len(texts) + len(files)) + read, LONGEST_CONTEXT)


def least_read(question: Question, settings: Settings) -> int:
    """Return a lower bound of the input tokens of a question."""
    return least(sum(map(len, _texts(question, settings)))) + len(_files(question))


def _texts(question: Question, settings: Settings) -> list[bytes]:
    system = settings.system_prompt if question.system is None else question.system
    texts = [system]
    for _, content in question.messages:
        if isinstance(content, str):
            texts.append(content)
        else:
            texts += filter(None, map(_text_of, content))
    return [text.encode("utf-8", "surrogatepass") for text in texts]


def _text_of(block: Block) -> str:
    if isinstance(block, Text | Thinking):
        return block.text
    if isinstance(block, Document) and block.pages is None:
        return f"{block.title or ''}\n{block.data}"
    return ""


def _files(question: Question) -> list[Image | Document]:
    return [
        block
        for _, content in question.messages
        if not isinstance(content, str)
        for block in content
        if isinstance(block, Image) or isinstance(block, Document) and block.pages is not None
    ]


def _most_of_file(file: Image | Document) -> int:
    if isinstance(file, Image):
        return most_seen(file.format)
    pages = file.pages or _MOST_PAGES_UNKNOWN
    return pages * _MOST_OF_A_PAGE + len((file.title or "").encode())
