"""What is streamed: documents of each kind, and one answer whose every text carries its number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from claude_sse.standin import faults, options
from claude_sse.standin.answers import said
from claude_sse.standin.orders import Order
from claude_sse.standin.wire import Reply

WORDS = "Some **words** with `code`, a [link](https://example.com/a) and *emphasis*"
MIXED = f"""## Section {{n}}

{WORDS}, on one line
and on another, until the paragraph has about the length that paragraphs have.

- an item of a list
- another one
  - nested

| a | b |
|---|--:|
| 1 | 2 |

```python
def f{{n}}(x):
    return [g(x) for g in table]  # why not
```

"""
MATHEMATICS = rf"""## Section {{n}}

{WORDS}, for $x_{{n}} \in \mathbb{{R}}$ and \(\varepsilon > 0\), until the paragraph has about
the length that paragraphs have, with $\frac{{a^2 + b^2}}{{c_{{n}}}}$ in it.

$$
\int_0^{{\infty}} e^{{-x^2}} \, \mathrm{{d}}x = \frac{{\sqrt{{\pi}}}}{{2}} + O(n^{{-{{n}}}})
$$

- $f_{{n}}(x) = \sum_{{k=0}}^{{n}} \binom{{n}}{{k}} x^k$, and nothing else
- the rest

"""
#: How each kind of document begins and goes on.
KINDS = {
    "mixed": ("", MIXED),
    "mathematics": ("", MATHEMATICS),
    "list": ("Steps:\n", f"{{n}}. {WORDS}.\n"),
    "table": ("| n | words | more |\n|--:|---|---|\n", f"| {{n}} | {WORDS} | more |\n"),
    "paragraph": ("", f"{WORDS}, {{n}} times, and "),
    "lines": ("", f"{WORDS}, {{n}} times,\n"),
    "fence": ("```python\n", "x{n} = [g(x) for g in table]  # why not\n"),
    "javascript": (
        "```js\n",
        "export const f{n} = async (a) => `${a}: ${await g(/x+/)}`; // why\n",
    ),
    "markup": (
        "```html\n",
        '<p class="a{n}"><b>text</b> &amp; <i style="color: red">more</i></p>\n',
    ),
    "css": ("```css\n", "a:hover, .b{n} > c { color: rgb(1 2 3 / 50%); margin: 0 auto; }\n"),
    "json": ("```json\n", '{"n{n}": [1, 2.5, true, null, "text"]},\n'),
    "nested": ("", f"- {{n}}\n  - {WORDS}\n    > {WORDS}\n"),
    "quote": ("", f"> {WORDS}, {{n}} times\n"),
    "indented": ("", "    x{n} = [g(x) for g in table]\n"),
    "definitions": ("", "[a{n}]: https://example.com/{n}\n\n[a{n}] and [b{n}]\n\n"),
    "word": ("", "a"),
    "code-word": ("```js\n", "a"),
    "code-graphql": ("```graphql\n", "a"),
    "code-css": ("```css\n", "a: "),
    "emphasis": ("", "**a"),
    "brackets": ("", "[a]("),
    "defs": ("", "[a]: b\n"),
    "ticks": ("", "`a``"),
    "underscores": ("", "_a_b"),
    "tildes": ("", "~~a "),
    "angles": ("", "<a@b"),
    "short": ("", "a\n\n"),
    "cells": ("|a|b|\n|-|-|\n", "|" * 50 + "\n"),
    "columns": ("", "|a" * 20_000 + "|\n" + "|-" * 20_000 + "|\n"),
    "spaces": ("", " \n"),
}
#: A section of the numbered answer; a text ends after each ``@``, which its number follows: a word
#: that Markdown shows as it stands, and that no highlighter takes apart.
SECTION = """## How a queue behaves @

A **queue** takes what arrives @ and gives it back in the same order, @ which is all there is to it;
see [the notes](https://example.com/notes) @ for what happens when it is full. Then `put()` waits, @
*unless* it was told not to, @
and whoever reads is woken at once, one reader for @ each thing that was put. @

- the first item says what to look at @
- the second one is longer, and comes with `code` @ and with a remark at its end @
  - a nested one, about fairness @
1. measure before, @
2. change **one** thing, @ and measure again @

| size | texts | what was seen @ |
|-----:|------:|-----------------|
| 10 | 1,000 | nothing to speak of @ |
| 100 | 20,000 | `put()` waits now and then @ |

```python
# A queue with a limit, in a few lines. @
class Queue:
    def put(self, item):  # waits for room @
        with self.changed:  # @
            self.changed.wait_for(lambda: len(self.items) < self.limit)  # @
            self.items.append(item)
            self.changed.notify()  # one reader is enough @
        return f"{len(self.items)} of {self.limit} @"
```

> Whoever waits without a limit waits for ever. @ That is why `timeout` is there. @

"""
#: What a section with mathematics has, too.
FORMULAS = r"""The rate is $\lambda = \frac{1}{n} \sum_{k=1}^{n} x_k$, @ and the wait in the mean @

$$
W = \frac{\rho}{\mu (1 - \rho)} + \sqrt{\frac{\pi}{2}}
$$

for $\rho < 1$, @ which is where it ends. @

"""


@dataclass(frozen=True)
class Answer:
    """What each page beside others is answered: text of this size, with formulas or without."""

    size: int
    mathematics: bool = False

    def texts(self) -> int:
        """Return how many numbered texts it is."""
        return len(numbered(self.size, mathematics=self.mathematics))

    def prompt(self, gap_ms: int) -> str:
        """Return the question that the stand-in answers with it."""
        kind = "numbered-mathematics" if self.mathematics else "numbered"
        return f"fault pace kind={kind} size={self.size} gap_ms={gap_ms} thinking=0"


def document(kind: str, size: int) -> str:
    """Return a document of this kind and size."""
    start, more = KINDS[kind]
    parts, length, n = [start], len(start), 0
    while length < size:
        n += 1
        parts.append(more.replace("{n}", str(n)))
        length += len(parts[-1])
    return "".join(parts)[:size]


def numbered(size: int, *, mathematics: bool = False) -> list[str]:
    """Return the texts of a mixed answer of this size at most; the n-th ends with ``@n``."""
    section = SECTION + FORMULAS if mathematics else SECTION
    *texts, _ = (section * (size // len(section) + 1)).split("@")
    texts = [f"{text}@{n}" for n, text in enumerate(texts, 1)]
    length = accumulate(len(text) for text in texts)
    return [text for text, so_far in zip(texts, length, strict=True) if so_far <= size]


def teach_standin() -> None:
    """From now on ``fault pace kind=... size=...`` has the stand-in say such a document."""
    options.OPTIONS["pace"] = "kind size gap_ms first_ms thinking"
    faults.FAULTS["pace"] = lambda order: Reply(said(order, payloads(order)))


def payloads(order: Order) -> Iterator[tuple[str, float]]:
    """Yield the document that was ordered, as it arrives: ``gap_ms`` between its texts."""
    gap, size = order.number("gap_ms", 4) / 1000, order.count("size", 0)
    kind = order.options["kind"]
    if kind.startswith("numbered"):
        texts = numbered(size, mathematics=kind == "numbered-mathematics")
    else:
        whole = document(kind, size)
        texts = [whole[at : at + 80] for at in range(0, len(whole), 80)]
    for text in texts:
        yield text, gap
