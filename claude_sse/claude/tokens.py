"""How many tokens a text can be, and how many Claude can write in a time: bounds, not guesses.

Only Claude knows the count. A token is at least one byte of UTF-8, so the bytes are a bound for any
text: base64, digits, Chinese, emoji. Ordinary lower-case words take more bytes a token, also words
that somebody made up: two at least with the last tokenizer that Anthropic published, and newer ones
make up to 1.35 times as many tokens of a text (their migration guide); so 1.5.
"""

from __future__ import annotations

import math
import re

from ..config.settings import Settings
from ..protocol.question import Question

#: The fastest Claude models write about 200 tokens a second; twice that for those to come.
WRITTEN_A_SECOND = 400
#: The roles and marks around a text, and what Claude is told before the first.
_AROUND_EACH, _AROUND_ALL = 10, 50
#: No text is fewer tokens than this many bytes each: of spaces alone a token holds about 950.
_MOST_BYTES = 1024
#: A word in lower case, but for its first letter, with vowels where a word has them; linear, since
#: the quantifiers give nothing back.
_WORD = re.compile(
    rb" ?\b(?:[AEIOUY][aeiouy]{0,2}+|[B-Z]?[b-df-hj-np-tv-xz]{0,3}+[aeiouy]{1,3}+)"
    rb"(?:[b-df-hj-np-tv-xz]{1,3}+[aeiouy]{1,3}+)*+[b-df-hj-np-tv-xz]{0,3}+\b"
)


def most(text: bytes) -> int:
    """Return the most tokens that a text in UTF-8 can be."""
    words = sum(map(len, _WORD.findall(text)))
    return len(text) - words // 3


def least(size: int) -> int:
    """Return the fewest tokens that this many bytes of text can be; something is one at least."""
    return max(min(size, 1), size // _MOST_BYTES)


def most_written(seconds: float) -> int:
    """Return the most tokens that Claude can write in this time, seen or unseen."""
    return math.ceil(max(0.0, seconds) * WRITTEN_A_SECOND)


def most_read(question: Question, settings: Settings) -> int:
    """Return the most tokens that Claude can read of a question."""
    texts = _texts(question, settings)
    return _AROUND_ALL + _AROUND_EACH * len(texts) + sum(map(most, texts))


def least_read(question: Question, settings: Settings) -> int:
    """Return the fewest tokens that Claude can read of a question."""
    return least(sum(map(len, _texts(question, settings))))


def _texts(question: Question, settings: Settings) -> list[bytes]:
    system = settings.system_prompt if question.system is None else question.system
    texts = [system, *(text for _, text in question.messages)]
    return [text.encode("utf-8", "surrogatepass") for text in texts]
