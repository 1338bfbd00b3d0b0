"""docs/protocol.md names what the code can send: codes and fields, none more and none less."""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import claude_sse
from claude_sse.config.settings import Settings
from claude_sse.protocol import block_limits, errors, question, sse
from claude_sse.streaming import lifetime
from claude_sse.web import body
from tests.clients import documented_protocol as document

_PACKAGE = Path(claude_sse.__file__).parent
_ERRORS = {
    name: cls
    for name, cls in vars(errors).items()
    if inspect.isclass(cls) and issubclass(cls, errors.ClaudeSSEError)
}
#: Responses whose status is Flask's, not the class's.
_STATUSES = {"method_not_allowed": "405", "http_error": "any 4xx"}


class Sent(NamedTuple):
    """One place in the code that makes an error."""

    cls: type[errors.ClaudeSSEError]
    code: str
    retryable: bool


def _functions(*folders: str) -> Iterator[ast.AST]:
    """Yield each module of the product and its functions, in these folders; the stand-in aside."""
    for path in _PACKAGE.rglob("*.py"):
        folder = path.relative_to(_PACKAGE).parts[0]
        if folder != "standin" and (not folders or folder in folders):
            tree = ast.parse(path.read_text("utf-8"))
            yield tree
            yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _value(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _made(call: ast.AST) -> Sent | None:
    """Return the error that this expression makes, if it does."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return None
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if call.func.id == "Sentence" and isinstance(call.args[0], ast.Name):
        cls = _ERRORS[call.args[0].id]
        return Sent(cls, str(_value(call.args[1])), cls.retryable)
    if call.func.id not in _ERRORS:
        return None
    cls = _ERRORS[call.func.id]
    if "code" in given and _value(given["code"]) is None:
        return None  # it passes on the code of another error
    code = _value(given["code"]) if "code" in given else cls.code
    retryable = _value(given["retryable"]) if "retryable" in given else cls.retryable
    return Sent(cls, str(code), bool(retryable))


def _renamed(function: ast.AST) -> Iterator[Sent]:
    """Yield the errors that a function makes and then gives another code."""
    made: dict[str, Sent] = {}
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        [target] = node.targets if len(node.targets) == 1 else [None]
        if isinstance(target, ast.Name) and (sent := _made(node.value)):
            made[target.id] = sent
        if isinstance(target, ast.Attribute) and target.attr == "code" and _value(node.value):
            assert isinstance(target.value, ast.Name)
            yield made[target.value.id]._replace(code=str(_value(node.value)))


def _sent() -> Iterator[Sent]:
    for function in _functions():
        if isinstance(function, ast.Module):
            yield from filter(None, map(_made, ast.walk(function)))
        else:
            yield from _renamed(function)


def _rows(base: type[errors.ClaudeSSEError]) -> dict[str, document.Row]:
    """Return the rows that the document should have for errors of this class."""
    statuses, retryable = defaultdict(set), defaultdict(set)
    for cls, code, is_retryable in _sent():
        is_failure = issubclass(cls, errors.AnswerFailed)
        if is_failure == (base is errors.AnswerFailed):
            statuses[code].add("" if is_failure else _STATUSES.get(code, str(cls.status)))
            retryable[code].add("yes" if is_retryable else "no")
    return {
        code: document.Row(
            " or ".join(sorted(statuses[code])),
            retryable[code].pop() if len(retryable[code]) == 1 else "see the field",
        )
        for code in statuses
    }


def test_every_refusal_is_documented_and_none_besides():
    """Section 9 has each code of a refusal that the code can make, its status and retryable."""
    assert document.refusals() == _rows(errors.Refused)


def test_every_failure_is_documented_and_none_besides():
    """Section 10 has each code of a failed answer that the code can make, and its retryable."""
    assert document.failures() == _rows(errors.AnswerFailed)


def test_every_field_of_a_frame_is_documented():
    """Section 4 has each field of each object that the code writes into a frame of ours."""
    for function in _functions("claude", "streaming", "protocol"):
        for node in ast.walk(function):
            if isinstance(node, ast.Dict):
                keys = {_value(key) for key in node.keys if key is not None}
                if keys & {"text", "error"} and "type" not in keys:
                    assert keys - {None} <= set(document.fields()), ast.unparse(node)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        (f"`MAX_BODY_MB` ({Settings().max_body_mb}) MiB; {body.SMALL_BYTES >> 10} KiB", 13),
        (f"an image | {block_limits.IMAGE_CHARACTERS >> 20} MiB in base64", 13),
        (f"{block_limits.SIDE_PIXELS:,} pixels a side, {block_limits.SIDE_PIXELS_OF_MANY:,}", 13),
        (
            f"| {block_limits.FILES} each in a question, {block_limits.FILES_OF_SMALL_MODELS} for",
            13,
        ),
        (f"{question.LEVELS} levels", 13),
        (f"{question.MODEL_CHARACTERS} printable characters", 13),
        (f"{lifetime.LIFE_SECONDS / 60:.0f} min; {lifetime.NO_CONTENT_SECONDS:.0f} s", 13),
        (f"1 to {question.MESSAGES:,} objects", 2),
        (sse.PREAMBLE.decode(), 3),
    ],
)
def test_the_numbers_are_those_of_the_code(said, number):
    """The limits in the document are those of the code."""
    assert said in document.section(number)


def test_the_example_is_a_stream():
    """The example of section 3 is a whole stream, as the decoder reads it."""
    example = document.section(3).split("```\n")[1].encode()
    decoder = sse.Decoder(errors="strict")
    assert list(decoder.feed(example))[-1] == "[DONE]"
    assert (decoder.retry_ms, decoder.last_event_id) == (1000, "5")
    assert example.startswith(sse.PREAMBLE) and sse.HEARTBEAT in example
    assert sse.is_last(example) and sse.last_id(example) == 5
