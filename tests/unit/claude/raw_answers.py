"""Raw responses, byte by byte, which are sent to the SDK and to our client.

A case is its name, its bytes, and the fields that we read differently from the SDK, with a reason.
A case without a reason is read the same.
"""

import gzip
import json
import zlib
from typing import NamedTuple

from .raw_upstream import chunked, whole


class Case(NamedTuple):
    name: str
    reply: object
    why: str = ""  # our result differs
    ours: dict = {}  # in these fields


def event(kind, **fields):
    data = json.dumps({"type": kind, **fields}, separators=(",", ":"), ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode("utf-8", "surrogatepass")


def start(**fields):
    usage = {"input_tokens": 25, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x"}
    message |= {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    return event("message_start", message={**message, **fields})


def block(kind="text", index=0, **fields):
    fields = fields or {kind: ""}
    return event("content_block_start", index=index, content_block={"type": kind, **fields})


def delta(text, index=0, kind="text_delta", field="text"):
    return event("content_block_delta", index=index, delta={"type": kind, field: text})


def thought(text, index=0):
    return delta(text, index, "thinking_delta", "thinking")


def end(reason="end_turn", **fields):
    stop = {"stop_reason": reason, "stop_sequence": None}
    return event("message_delta", delta=stop | fields, usage={"output_tokens": 12})


STOP = event("message_stop")
CLOSE = event("content_block_stop", index=0) + end() + STOP
ONE, TWO = delta("Hello"), delta(" world")
OPENING = start() + block()
GOOD = OPENING + ONE + TWO + CLOSE
ALL = {"text": "Hello world", "failed": False, "stop_reason": "end_turn", "input": 25, "output": 12}
SKIPS = "the SDK skips events without a name; Claude's own type is in the data"
PASSES = "events of unknown types are ignored"
LENIENT = "the SDK fails on a field that is not needed"
STRICT = "a text that belongs to no block fails the answer"
REPORTED = "an error is reported; the SDK ignores it"
LATE = "the answer ends with message_stop"
FEW = "12 tokens cannot be a text of 20,000 letters: an implausible count is ignored"
UNCOUNTED = "the count of message_start is of the first token; without message_delta there is none"
ESTIMATED = "estimated"


def mid(*events):
    """Return an answer with these events between its texts."""
    return chunked(OPENING + ONE + b"".join(events) + TWO + CLOSE)


def all_of(why, **ours):
    return {"why": why, "ours": {**ALL, **ours}}


def line_ends():
    for name, ending in [("lf", b"\n"), ("crlf", b"\r\n"), ("cr", b"\r")]:
        wire = GOOD.replace(b"\n", ending)
        yield Case(f"{name}", chunked(wire))
        for size in (1, 2, 7):
            yield Case(f"{name} in chunks of {size}", chunked(wire, size=size))
    yield Case("mixed line ends", chunked(GOOD.replace(b"\n\n", b"\n\r\n", 3)))
    yield Case("more empty lines", chunked(GOOD.replace(b"\n\n", b"\n\n\n\n")))
    yield Case("empty lines first", chunked(b"\n\n\n" + GOOD))
    yield Case("no space after a colon", chunked(GOOD.replace(b": ", b":")))
    yield Case("two spaces after a colon", chunked(GOOD.replace(b"data: ", b"data:  ")))
    yield Case("data before its name", chunked(swapped(GOOD)))
    yield Case("data in many lines", chunked(GOOD.replace(b',"', b',\ndata: "')))
    yield Case("a BOM", chunked(b"\xef\xbb\xbf" + GOOD), **all_of("the standard's BOM"))
    without = b"\n".join(line for line in GOOD.split(b"\n") if not line.startswith(b"event:"))
    yield Case("no names", chunked(without), **all_of(SKIPS))
    yield Case("another name", chunked(GOOD.replace(b"event: content", b"event: x_content")))
    yield Case(
        "names in upper case", chunked(GOOD.replace(b"event: ", b"EVENT: ")), **all_of(SKIPS)
    )
    for junk in (
        b": comment\n",
        b": comment\n\n",
        b"id: 7\n",
        b"retry: 5\n\n",
        b"id: 7\nretry: x\n",
        b"unknown: field\n",
        b"unknown\n\n",
        b"data\n\n",
        b"event: x\n\n",
        b"event\n\n",
        b":\n\n",
        b"id: \0\n\n",
    ):
        yield Case(f"with {junk!r}", mid(junk))
        yield Case(f"with {junk!r} first", chunked(junk + GOOD))
    yield Case(
        "no empty line at the end",
        chunked(GOOD[:-1]),
        **all_of("the whole of message_stop is there"),
    )
    yield Case(
        "no line end at the end", chunked(GOOD[:-2]), **all_of("the whole of message_stop is there")
    )


def swapped(wire):
    events = [part.split(b"\n") for part in wire.split(b"\n\n")]
    return b"\n\n".join(b"\n".join(reversed(lines)) for lines in events)


def texts():
    for text in (
        "ü",
        "日本語",
        "👩‍🔬",
        'quotes " and \\',
        "tab\tand\nnewline\r",
        "\0\x1b",
        "\u2028\x85",
        "data: [DONE]\n\nevent: error",
        "</script>",
        " " * 9,
        "x" * 20_000,
    ):
        differs = (FEW, {"output": ESTIMATED}) if len(text) > 12 * 1024 else ()
        yield Case(f"text {text[:12]!r}", mid(delta(text)), *differs)
        escaped = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "@"})
        escaped = escaped.replace(b'"@"', json.dumps(text).encode())
        yield Case(f"text {text[:12]!r} escaped", mid(escaped), *differs)
    yield Case("a lone surrogate", mid(ONE.replace(b"Hello", b"\\ud83d"), ONE))
    yield Case("spacious JSON", chunked(GOOD.replace(b":{", b" : { ").replace(b",", b" , ")))
    yield Case("not UTF-8", mid(ONE.replace(b"Hello", b"\xff\xc3(")))
    yield Case("an empty text", mid(delta("")))
    yield Case("a text in its block's start", chunked(start() + block(text="Well. ") + ONE + CLOSE))
    yield Case(
        "a text in the message's start",
        chunked(start(content=[{"type": "text", "text": "All. "}]) + end() + STOP),
    )
    yield Case(
        "a thought in the message's start",
        chunked(
            start(content=[{"type": "thinking", "thinking": "Hm", "signature": ""}]) + end() + STOP
        ),
    )


def http():
    length = b"Content-Length: %d\r\n" % len(GOOD)
    kind = b"Content-Type: text/event-stream\r\n"
    ok = b"HTTP/1.1 200 OK\r\n"
    yield Case("a length", ok + kind + length + b"\r\n" + GOOD)
    yield Case("until it closes", ok + kind + b"Connection: close\r\n\r\n" + GOOD)
    yield Case("HTTP/1.0", b"HTTP/1.0 200 OK\r\n" + kind + b"\r\n" + GOOD)
    yield Case("no reason", b"HTTP/1.1 200\r\n" + kind + length + b"\r\n" + GOOD)
    yield Case("an empty reason", b"HTTP/1.1 200 \r\n" + kind + length + b"\r\n" + GOOD)
    yield Case("status 201", b"HTTP/1.1 201 Created\r\n" + kind + length + b"\r\n" + GOOD)
    yield Case("a length twice", ok + length + length + b"\r\n" + GOOD)
    yield Case("two lengths", ok + length + b"Content-Length: 5\r\n\r\n" + GOOD)
    yield Case("a malformed length", ok + b"Content-Length: x\r\n\r\n" + GOOD)
    yield Case(
        "too long a length",
        ok + b"Content-Length: 99999\r\n\r\n" + GOOD,
        **all_of("message_stop had come"),
    )
    yield Case("more than the length", ok + length + b"\r\n" + GOOD + b"HTTP/1.1 junk")
    yield Case("an odd field", ok + b"X-Odd: \xff\xfe\r\n" + length + b"\r\n" + GOOD)
    yield Case("a field without a value", ok + b"X-Odd:\r\n" + length + b"\r\n" + GOOD)
    yield Case("a broken field", ok + b"X Odd: 1\r\n" + length + b"\r\n" + GOOD)
    yield Case("no content type", ok + length + b"\r\n" + GOOD)
    for kind in ("text/plain", "application/json", "text/html", "TEXT/EVENT-STREAM; charset=utf-8"):
        yield Case(f"content type {kind}", chunked(GOOD, kind=kind))
    for interim in (b"100 Continue", b"102 Processing", b"103 Early Hints\r\nLink: </a>"):
        yield Case(f"after {interim[:3]}", b"HTTP/1.1 " + interim + b"\r\n\r\n" + chunked(GOOD))
    yield Case("after three 1xx", b"HTTP/1.1 100 C\r\n\r\n" * 3 + chunked(GOOD))
    yield Case(
        "a head byte by byte", [b"%c" % c for c in chunked(GOOD)[:90]] + [chunked(GOOD)[90:]]
    )
    for size in (1, 3, 64, 1000):
        yield Case(f"chunks of {size}", chunked(GOOD, size=size))
    plain = chunked(GOOD)
    size = b"%x\r\n" % len(GOOD)
    for name, line in [
        ("an extension", size[:-2] + b";a=b\r\n"),
        ("zeros", b"000" + size),
        ("upper case", size.upper()),
        ("a space", size[:-2] + b" \r\n"),
    ]:
        yield Case(f"chunk size with {name}", plain.replace(size, line, 1))
    yield Case("a trailer", chunked(GOOD, end=b"0\r\nX-Sum: 1\r\n\r\n"))
    yield Case("a coding in capitals", plain.replace(b"chunked", b"Chunked"))
    yield Case("no last chunk", chunked(GOOD, end=b""), **all_of("message_stop had come"))
    yield Case(
        "no end of the last chunk", chunked(GOOD, end=b"0\r\n"), **all_of("message_stop had come")
    )
    yield Case("broken chunk sizes", plain.replace(size, b"xyz\r\n", 1))
    yield Case("no HTTP", b"SSH-2.0-OpenSSH\r\n")
    yield Case("nothing", b"")
    yield Case("half a head", b"HTTP/1.1 200 OK\r\nContent-")
    yield Case("204", b"HTTP/1.1 204 No Content\r\n\r\n")
    for size in (1, 17, 400):
        payloads = [plain[n : n + size] for n in range(0, len(plain), size)]
        yield Case(f"written {size} at a time", payloads[:60] + [b"".join(payloads[60:])])


def codings():
    def compressed(word, body, size=None):
        return chunked(body, f"Content-Encoding: {word}", size=size)

    raw = zlib.compressobj(wbits=-15)
    raw = raw.compress(GOOD) + raw.flush()
    for word in (
        "none",
        "",
        "identity",
        "IDENTITY",
        "br",
        "zstd",
        "made-up",
        "identity, none",
        "utf-8",
    ):
        if word != "zstd":
            yield Case(f"coding {word!r}, not compressed", compressed(word, GOOD))
    for word in ("gzip", "GZIP", "gzip, identity", "identity,gzip", "made-up, gzip"):
        yield Case(f"coding {word!r}", compressed(word, gzip.compress(GOOD)))
    yield Case("coding x-gzip", compressed("x-gzip", gzip.compress(GOOD)), **all_of("its old name"))
    yield Case("gzip twice", compressed("gzip, gzip", gzip.compress(gzip.compress(GOOD))))
    yield Case("deflate, gzip", compressed("deflate, gzip", gzip.compress(zlib.compress(GOOD))))
    for size in (None, 1, 5):
        yield Case(f"gzip in chunks of {size}", compressed("gzip", gzip.compress(GOOD), size))
        yield Case(f"deflate in chunks of {size}", compressed("deflate", zlib.compress(GOOD), size))
    yield Case("raw deflate", compressed("deflate", raw))
    yield Case("raw deflate in chunks of 5", compressed("deflate", raw, 5))
    yield Case(
        "raw deflate byte by byte",
        compressed("deflate", raw, 1),
        **all_of("the SDK decides too soon"),
    )
    flushed = zlib.compressobj(wbits=31)
    payloads = [
        flushed.compress(GOOD[n : n + 99]) + flushed.flush(zlib.Z_SYNC_FLUSH)
        for n in range(0, len(GOOD), 99)
    ]
    yield Case("gzip, flushed", compressed("gzip", b"".join(payloads) + flushed.flush()))
    yield Case("gzip without an end", compressed("gzip", b"".join(payloads)))
    yield Case("gzip, cut", compressed("gzip", b"".join(payloads[:4])))
    yield Case(
        "gzip that is not gzip", compressed("gzip", GOOD), **all_of("a proxy has decoded it")
    )
    yield Case(
        "gzip in two members",
        compressed("gzip", gzip.compress(OPENING + ONE) + gzip.compress(TWO + CLOSE)),
        **all_of("gzip is a list of members"),
    )
    yield Case("gzip, garbled", compressed("gzip", gzip.compress(GOOD)[:60] + b"\xff" * 60))
    yield Case("compressed, without the field", chunked(gzip.compress(GOOD)))


def strangers():
    datas = (
        "{}",
        "",
        "null",
        "5",
        "-1.5",
        "true",
        '"words"',
        "[]",
        "[1,2]",
        '[{"type":1}]',
        '{"type":null}',
        '{"type":5}',
        '{"type":["text"]}',
        '{"type":"future"}',
        '{"type":""}',
        '{"object":"chat.completion.chunk","choices":[{"delta":{"content":"x"}}]}',
        '{"usage":{"prompt_tokens":3,"completion_tokens":5}}',
        '{"error":null}',
        "[DONE]",
        "ok",
        "{",
        "NaN",
    )
    for data in datas:
        for name in ("", "ping", "future", "message"):
            line = (f"event: {name}\n" if name else "") + f"data: {data}\n\n"
            wire = line.encode()
            for place, body in [
                ("first", wire + GOOD),
                ("in mid-answer", OPENING + ONE + wire + TWO + CLOSE),
                ("before the end", GOOD.removesuffix(STOP) + wire + STOP),
            ]:
                if place == "in mid-answer" or name == "":
                    yield Case(f"{name}: {data} {place}", chunked(body), PASSES, ALL)
    for data in ("{}", "", "null", "5", "[]", '"x"'):
        for name in ("content_block_delta", "message_delta", "content_block_start"):
            yield Case(
                f"{name} without anything: {data}",
                mid(f"event: {name}\ndata: {data}\n\n".encode()),
                PASSES,
                ALL,
            )


def blocks():
    yield Case(
        "thinking",
        chunked(
            start()
            + block("thinking", thinking="", signature="")
            + thought("Hm")
            + delta("sig", 0, "signature_delta", "signature")
            + event("content_block_stop", index=0)
            + block(index=1)
            + delta("Yes", 1)
            + event("content_block_stop", index=1)
            + end()
            + STOP
        ),
    )
    yield Case(
        "redacted thinking",
        chunked(
            start()
            + block("redacted_thinking", data="x")
            + block(index=1)
            + delta("Yes", 1)
            + end()
            + STOP
        ),
    )
    yield Case(
        "a server's tool",
        chunked(
            start()
            + block("server_tool_use", id="s", name="web_search", input={})
            + delta('{"query":"x"}', 0, "input_json_delta", "partial_json")
            + block("web_search_tool_result", 1, tool_use_id="s", content=[])
            + block(index=2)
            + delta("Yes", 2)
            + end()
            + STOP
        ),
    )
    for kind in ("tool_use", "hologram", "image", "mcp_tool_use"):
        yield Case(
            f"a block {kind}",
            chunked(
                OPENING
                + ONE
                + block(kind, 1, id="t", name="n", input={})
                + event("content_block_stop", index=1)
                + TWO
                + CLOSE
            ),
        )
        yield Case(
            f"a text in a block {kind}",
            chunked(
                OPENING + block(kind, 1, id="t", name="n", input={}) + delta("no", 1) + ONE + CLOSE
            ),
        )
    citation = {"type": "char_location", "cited_text": "x", "document_index": 0}
    for kind, field, value in [
        ("sparkle_delta", "n", 1),
        ("citations_delta", "citation", citation),
        ("signature_delta", "signature", "x"),
        ("text_delta2", "text", "no"),
        ("input_json_delta", "partial_json", "{"),
    ]:
        yield Case(f"a {kind}", mid(delta(value, 0, kind, field)))
    yield Case("an unknown delta of no block", mid(delta(1, 9, "sparkle_delta", "n")), PASSES, ALL)
    yield Case("a thought in a text", mid(thought("no")))
    yield Case(
        "a text in a thought",
        chunked(
            start() + block("thinking", thinking="") + delta("no") + thought("Hm") + end() + STOP
        ),
    )
    for text in (None, 5, ["x"], {"a": 1}, True):
        yield Case(f"a text that is {text!r}", mid(delta(text)))
    for value in ({"type": "text_delta"}, {"text": "x"}, {}, None, 5, "x"):
        yield Case(
            f"a delta that is {value!r}", mid(event("content_block_delta", index=0, delta=value))
        )
    for index in (1, 42, -2, None, "x"):
        yield Case(f"a text of block {index!r}", mid(delta("x", index)))
    for index in ("0", 0.0, False, -1):
        yield Case(f"a text of block {index!r}", mid(delta(" x", index)))
    yield Case(
        "a delta without an index",
        mid(event("content_block_delta", delta={"type": "text_delta", "text": "x"})),
    )
    yield Case(
        "a block without an index",
        chunked(
            start()
            + event("content_block_start", content_block={"type": "text", "text": ""})
            + ONE
            + CLOSE
        ),
    )
    yield Case(
        "blocks that count from 5",
        chunked(start() + block(index=5) + delta("x", 5) + end() + STOP),
        "it numbers them as it likes",
        {**ALL, "text": "x"},
    )
    yield Case("deltas that count places", chunked(start() + block(index=5) + ONE + end() + STOP))
    yield Case(
        "two blocks in turn",
        chunked(
            start()
            + block()
            + block(index=1)
            + b"".join(delta(str(n), n % 2) for n in range(6))
            + end()
            + STOP
        ),
        "in the order in which they are written",
        {"text": "012345"},
    )
    yield Case("a stop of no block", mid(event("content_block_stop", index=9)), **all_of(LENIENT))
    for value in (None, {}, {"type": None}, {"type": 5}):
        wire = event("content_block_start", index=1, content_block=value)
        yield Case(f"a block that is {value!r}", mid(wire), LENIENT, ALL)
        yield Case(
            f"a text in a block that is {value!r}",
            mid(wire, delta("x", 1)),
            "the delta says what it is",
            {**ALL, "text": "Hellox world"},
        )
    yield Case(
        "a text before message_start",
        chunked(ONE + GOOD),
        STRICT,
        {"failed": True, "text": "", "stop_reason": None, "input": None, "output": None},
    )
    for name, wire in [
        ("a block", block()),
        ("an end", end()),
        ("a stop", STOP),
        ("a ping", event("ping")),
    ]:
        yield Case(f"{name} before message_start", chunked(wire + GOOD))
    yield Case("message_start twice", mid(start(id="other", model="other")))
    yield Case("a text after message_stop", chunked(GOOD + delta("LATE")), LATE, ALL)
    yield Case("an error after message_stop", chunked(GOOD + event("error", error={})), LATE, ALL)
    yield Case("message_stop twice", chunked(GOOD + STOP))
    nameless = [
        b"\n".join([*lines[:1], lines[1].replace(b'"type":"%b",' % lines[0][7:], b"")])
        for lines in (part.split(b"\n") for part in GOOD.split(b"\n\n")[:-1])
    ]
    nameless = b"\n\n".join(nameless).replace(b'{"type":"message_stop"}', b"{}") + b"\n\n"
    yield Case("types in the names alone", chunked(nameless), **all_of("the name is the type"))


def odd_fields():
    for name in ("id", "model", "role", "type", "stop_reason", "stop_sequence"):
        for value in (None, 5, ""):
            yield Case(
                f"{name} is {value!r}", chunked(start(**{name: value}) + GOOD[len(start()) :])
            )
        message = json.loads(start().partition(b"data: ")[2])["message"]
        del message[name]
        wire = event("message_start", message=message)
        yield Case(f"no {name}", chunked(wire + GOOD[len(start()) :]))
    for message in (None, {}, 5):
        wire = event("message_start", message=message)
        yield Case(
            f"message is {message!r}",
            chunked(wire + GOOD[len(start()) :]),
            **all_of(LENIENT, input=None),
        )
    yield Case(
        "no usage at the start",
        chunked(start(usage=None) + GOOD[len(start()) :]),
        **all_of(LENIENT, input=None),
    )
    for reason in (
        "end_turn",
        "max_tokens",
        "stop_sequence",
        "tool_use",
        "pause_turn",
        "refusal",
        "model_context_window_exceeded",
        "compaction",
        "future_reason",
        None,
    ):
        yield Case(f"stop reason {reason}", chunked(OPENING + ONE + end(reason) + STOP))
    for reason in (5, ["x"], {}):
        yield Case(
            f"stop reason {reason!r}",
            chunked(OPENING + ONE + end(reason) + STOP),
            "a reason is a word",
            {"stop_reason": None},
        )
    yield Case("no stop reason", chunked(OPENING + ONE + STOP), UNCOUNTED, {"output": ESTIMATED})
    yield Case(
        "a stop reason at the start",
        chunked(start(stop_reason="end_turn") + block() + ONE + STOP),
        UNCOUNTED,
        {"output": ESTIMATED},
    )
    yield Case("two ends", chunked(OPENING + ONE + end("tool_use") + end() + STOP))
    yield Case("a second end without a reason", chunked(OPENING + ONE + end() + end(None) + STOP))
    for details in (None, 5, {}, {"type": "refusal", "category": "cyber", "explanation": "No."}):
        yield Case(
            f"stop details {details!r}"[:40],
            chunked(OPENING + ONE + end("refusal", stop_details=details) + STOP),
        )
    for value in (None, 5):
        wire = event("message_delta", delta=value, usage={"output_tokens": 12})
        yield Case(
            f"an end that is {value!r}",
            chunked(OPENING + ONE + wire + STOP),
            LENIENT,
            {"failed": False, "input": 25, "output": 12},
        )
    more = {"output_tokens": 40, "input_tokens": 30, "cache_read_input_tokens": 7}
    yield Case(
        "usage that grows",
        chunked(
            OPENING
            + ONE
            + event("message_delta", delta={"stop_reason": "end_turn"}, usage=more)
            + STOP
        ),
    )


ERRORS = (
    '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    '{"type":"error","error":{"type":"future_error"}}',
    '{"error":"rate limited","status":429}',
    '{"error":{"message":"x","code":500}}',
    '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}',
    '{"type":"error","message":"x"}',
    '{"type":"error"}',
    '{"error":true}',
    '{"error":["x"]}',
)


def errors():
    for data in (*ERRORS, "{}", "null", "Overloaded", "[]", '{"type":"ping"}', '"x"', "{broken"):
        wire = f"event: error\ndata: {data}\n\n".encode()
        yield Case(f"an error event {data}", mid(wire))
        yield Case(f"an error event {data} first", chunked(wire + GOOD))
    for data in ERRORS:
        for name in (b"", b"event: message\n", b"event: future\n"):
            wire = name + b"data: " + data.encode() + b"\n\n"
            reported = {
                "failed": True,
                "text": "Hello",
                "stop_reason": None,
                "input": None,
                "output": None,
            }
            yield Case(f"{name.decode()}{data}", mid(wire), REPORTED, reported)
        yield Case(f"in plain JSON {data}", whole(data.encode()))
        yield Case(f"in a list {data}", whole(b"[%b]" % data.encode()))
        yield Case(f"as a stream {data}", chunked(data.encode()))
    yield Case("a ping with an error", mid(b'data: {"type":"ping","error":"x"}\n\n'))
    page = b"<!doctype html><h1>Forbidden</h1>"
    for status in (
        301,
        302,
        400,
        401,
        402,
        403,
        404,
        405,
        408,
        413,
        418,
        422,
        451,
        499,
        501,
        502,
        503,
        504,
    ):
        for name, body in [("page", page), ("nothing", b""), ("JSON", ERRORS[0].encode())]:
            yield Case(f"status {status} with {name}", whole(body, f"{status} No", "text/html"))
    yield Case("a page", whole(page, kind="text/html"))
    yield Case(
        "a whole message", whole(b'{"type":"message","content":[{"type":"text","text":"x"}]}')
    )
    yield Case(
        "another dialect",
        chunked(b'data: {"choices":[{"delta":{"content":"x"}}]}\n\ndata: [DONE]\n\n'),
    )
    yield Case(
        "401, in an unknown coding",
        whole(ERRORS[0].encode(), "401 No", "application/json", "Content-Encoding: none"),
    )
    yield Case("401 that breaks off", b"HTTP/1.1 401 No\r\nContent-Length: 999\r\n\r\n{")


def broken():
    for name, wire in [("cut JSON", b'{"type":"content_block_delta","ind'), ("no JSON", b"{'a'}")]:
        yield Case(
            f"{name} in a delta", mid(b"event: content_block_delta\ndata: " + wire + b"\n\n")
        )
    yield Case(
        "cut JSON without a name",
        mid(b'data: {"type":"content_block_delta","ind\n\n'),
        "a text may be in it",
        {"failed": True, "text": "Hello", "stop_reason": None, "input": None, "output": None},
    )
    yield Case(
        "deep JSON in a delta",
        mid(
            b'event: content_block_delta\ndata: {"type":"content_block_delta","x":'
            + b"[" * 100_000
            + b"\n\n"
        ),
    )


def truncations():
    boundaries = [n + 2 for n in range(len(GOOD)) if GOOD.startswith(b"\n\n", n)]
    for cut in sorted({*boundaries[:-1], *range(0, len(GOOD) - len(STOP), 23)}):
        yield Case(f"ended after {cut}", chunked(GOOD[:cut]))
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
        yield Case(f"closed after {cut}", head + GOOD[:cut])
    for cut in range(1, len(chunked(GOOD, size=50)) - 250, 97):
        yield Case(f"broken off after {cut}", chunked(GOOD, size=50)[:cut])
    yield Case("[DONE] for message_stop", chunked(GOOD.removesuffix(STOP) + b"data: [DONE]\n\n"))
    yield Case("[DONE] after message_stop", chunked(GOOD + b"data: [DONE]\n\n"))


FAMILIES = (
    line_ends,
    texts,
    http,
    codings,
    strangers,
    blocks,
    odd_fields,
    errors,
    broken,
    truncations,
)
CASES = {family.__name__: list(family()) for family in FAMILIES}
