"""Raw responses that carry more than text: citations, searches with their sources, signatures."""

import json

from .raw_answers import (
    CLOSE,
    ONE,
    OPENING,
    STOP,
    TWO,
    Case,
    block,
    delta,
    end,
    event,
    start,
    thought,
)
from .raw_upstream import chunked

PAGE = {
    "type": "web_search_result_location",
    "url": "https://example.org/a?b=1#c",
    "title": "A page",
    "cited_text": "What it says.",
    "encrypted_index": "Eo8",
}
CHARS = {
    "type": "char_location",
    "cited_text": "x",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 9,
    "file_id": None,
}
PAGES = {
    "type": "page_location",
    "cited_text": "x",
    "document_index": 1,
    "document_title": "A paper",
    "start_page_number": 3,
    "end_page_number": 4,
}
BLOCKS = {
    "type": "content_block_location",
    "cited_text": "x",
    "document_index": 0,
    "document_title": "Notes",
    "start_block_index": 0,
    "end_block_index": 2,
}
FOUND = {
    "type": "web_search_result",
    "url": "https://example.org/a?b=1#c",
    "title": "A page",
    "encrypted_content": "Eo8",
    "page_age": "3 days ago",
}


def cited(citation, index=0):
    return delta(citation, index, "citations_delta", "citation")


def typed(json_text, index):
    return delta(json_text, index, "input_json_delta", "partial_json")


def stop(index):
    return event("content_block_stop", index=index)


def use(index, name="web_search", **fields):
    return block("server_tool_use", index, id=f"s{index}", name=name, input={}, **fields)


def result(index, content):
    return block("web_search_tool_result", index, tool_use_id="s0", content=content) + stop(index)


def failed(code):
    return {"type": "web_search_tool_result_error", "error_code": code}


def answer(*events, reason="end_turn"):
    return chunked(start() + b"".join(events) + end(reason) + STOP)


def query(text, index=0):
    whole = json.dumps({"query": text})
    return use(index) + typed("", index) + typed(whole[:5], index) + typed(whole[5:], index)


def carried():
    for citation in (PAGE, CHARS, PAGES, BLOCKS):
        kind = citation["type"]
        yield Case(f"{kind} behind its text", chunked(OPENING + ONE + cited(citation) + CLOSE))
        yield Case(f"{kind} before it", chunked(OPENING + cited(citation) + ONE + TWO + CLOSE))
        yield Case(f"{kind} in it", chunked(OPENING + ONE + cited(citation) + TWO + CLOSE))
        opened = block(text="Hello", citations=[citation])
        yield Case(f"{kind} in the start of its block", answer(opened, TWO, stop(0)))
        yield Case(
            f"{kind} in chunks of 7", chunked(OPENING + ONE + cited(citation) + CLOSE, size=7)
        )
    yield Case(
        "some of two blocks",
        answer(
            block(), ONE, cited(PAGE), cited(CHARS), stop(0), block(index=1), delta("!", 1), stop(1)
        ),
    )
    yield Case(
        "blocks that do not end",
        answer(block(), cited(PAGE), ONE, block(index=1), cited(CHARS, 1), delta("!", 1)),
    )
    for name, odd in {
        "a script": PAGE | {"url": "javascript:alert(1)"},
        "data": PAGE | {"url": "data:text/html,x"},
        "a file": PAGE | {"url": "file:///etc/passwd"},
        "a password": PAGE | {"url": "https://bank.example@evil.example/"},
        "a line end": PAGE | {"url": "https://example.org/\nx"},
        "a space": PAGE | {"url": "https://example.org/ x"},
        "a backslash": PAGE | {"url": "https://example.org\\@evil.example/"},
        "no host": PAGE | {"url": "https:///x"},
        "a broken host": PAGE | {"url": "https://[::1/x"},
        "a port of letters": PAGE | {"url": "https://example.org:http/x"},
        "an address too long": PAGE | {"url": "https://example.org/" + "x" * 2048},
        "no address": {"type": "web_search_result_location", "cited_text": "x"},
        "a relative address": PAGE | {"url": "/x"},
        "a negative place": CHARS | {"start_char_index": -1},
        "an end before its start": CHARS | {"start_char_index": 9, "end_char_index": 8},
        "no document": CHARS | {"document_index": None},
        "an unknown type": PAGE | {"type": "hologram_location"},
        "no type": {"cited_text": "x"},
        "a result of the question": {
            "type": "search_result_location",
            "source": "x",
            "search_result_index": 0,
            "start_block_index": 0,
            "end_block_index": 1,
            "cited_text": "x",
        },
    }.items():
        yield Case(f"a citation of {name}", chunked(OPENING + ONE + cited(odd) + TWO + CLOSE))
        yield Case(
            f"a source of {name}", answer(result(0, [FOUND | {"url": odd.get("url")}, FOUND]))
        )
    yield Case("a long citation", answer(block(), ONE, cited(PAGE | {"cited_text": "y" * 9999})))
    yield Case(
        "a search",
        answer(
            block("thinking", thinking="", signature=""),
            thought("Hm"),
            delta("sig", 0, "signature_delta", "signature"),
            stop(0),
            query("what is new?", 1),
            stop(1),
            result(2, [FOUND, FOUND | {"url": "https://example.org/b", "page_age": None}]),
            block(index=3),
            delta("It says", 3),
            cited(PAGE, 3),
            stop(3),
        ),
    )
    for reason in ("pause_turn", "end_turn", "max_tokens"):
        yield Case(f"a search and {reason}", answer(query("x"), stop(0), reason=reason))
    for code in ("max_uses_exceeded", "too_many_requests", "unavailable"):
        yield Case(
            f"a search that fails: {code}", answer(query("x"), stop(0), result(1, failed(code)))
        )
    yield Case("a search without results", answer(query("x"), stop(0), result(1, [])))
    yield Case("a search whose query is whole", answer(use(0), stop(0)))
    yield Case("another tool", answer(use(0, name="code_execution"), typed('{"code":"1"}', 0)))
