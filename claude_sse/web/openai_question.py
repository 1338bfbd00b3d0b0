"""A Chat Completions body becomes the fields of our own question, which are checked there.

What would change the answer and is not offered is refused by its name. Sampling (``temperature``
and the like) is ignored, since front ends send it unasked and Claude's models refuse it; so is what
describes the request (``user``, ``metadata``, ``store``), and what other servers take.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..protocol.errors import BadRequest
from ..protocol.question import EFFORTS, Question, from_fields, load_object
from . import body_places, openai_parts
from .body_places import Place

Fields = Mapping[str, Any]

#: The fields that would change the answer, with the values that do not.
_NOT_OFFERED: dict[str, tuple[Any, ...]] = {
    "tools": ([],),
    "functions": ([],),
    "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "n": (1,),
    "stop": ([], ""),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "modalities": ([], ["text"]),
    "audio": (),
}
#: Those of a message.
_NOT_OFFERED_HERE: dict[str, tuple[Any, ...]] = {
    "tool_calls": ([],),
    "function_call": (),
    "audio": (),
}
_SWITCHES = {"web_search": "web_search_options"}
_EFFORTS = {"none": "low", "minimal": "low"}
#: What Claude's conversations, which begin and end with the user, lack in one of this API.
_BEGINNING = "(The conversation begins with your message.)"
_CONTINUE = "Continue exactly where your last message stopped, without repeating any of it."


class Names(NamedTuple):
    """What the fields of a question are called in the body that it comes from."""

    places: list[Place]
    limit: str

    def translated(self, error: BadRequest) -> BadRequest:
        """Return the error with the names of the body."""
        sentence = body_places.renamed(str(error), self.places, "content")
        name = {"max_tokens": self.limit, "effort": "reasoning_effort"} | _SWITCHES
        ours, space, rest = sentence.partition(" ")
        return BadRequest(f"{name.get(ours, ours)}{space}{rest}", code=error.code)


class Request(NamedTuple):
    """A question, and how its answer is wanted."""

    question: Question
    is_stream: bool
    with_usage: bool
    names: Names


def parse(body: bytes, *, max_tokens: int) -> Request:
    """Return what this body asks for; raises ``BadRequest``, with the names that it uses."""
    fields = load_object(body)
    _refuse(fields, _NOT_OFFERED)
    messages, found = _messages(fields.get("messages"))
    names = Names(found, _limit(fields))
    effort = fields.get("reasoning_effort")
    own = {
        "messages": messages,
        "system": _system(fields["messages"]) or None,
        "model": fields.get("model"),
        "max_tokens": fields.get(names.limit),
        "effort": _EFFORTS.get(effort, effort) if isinstance(effort, str) else effort,
        "web_search": fields.get("web_search_options") is not None,
    }
    digest = hashlib.sha256(body).hexdigest()
    with body_places.translating(names.translated):
        question = from_fields(own, digest, max_tokens=max_tokens, efforts=EFFORTS)
    return Request(question, _flag(fields, "stream"), _with_usage(fields), names)


def _refuse(fields: Fields, names: Mapping[str, tuple[Any, ...]], within: str = "") -> None:
    for name, harmless in names.items():
        if fields.get(name) is not None and fields[name] not in harmless:
            raise BadRequest(
                f"{within}{name} must be left out: this server does not offer it.",
                code="unsupported_parameter",
            )


def _messages(messages: Any) -> tuple[list[Fields], list[Place]]:
    """Return the messages of the conversation, and the place of each in ``messages``."""
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages must be a list of at least one message.")
    found: list[tuple[Place, Fields]] = []
    for n, message in enumerate(messages):
        name = f"messages[{n}].content"
        role = _role(f"messages[{n}]", message)
        if role == "user":
            found.append(_of_user(n, openai_parts.content(name, message.get("content"))))
        elif role == "assistant":
            text = openai_parts.text(name, message.get("content"))
            if text.strip():  # not an answer that failed before its first text
                found.append((Place(n), {"role": role, "content": text}))
    if not found:
        raise BadRequest("messages must hold a message of the user.")
    found = [*filter(_is_filled, found[:-1]), found[-1]]
    if found[0][1]["role"] == "assistant":
        found.insert(0, _of_user(0, _BEGINNING))
    if found[-1][1]["role"] == "assistant":
        found.append(_of_user(len(messages) - 1, _CONTINUE))
    return [message for _, message in found], [place for place, _ in found]


def _is_filled(found: tuple[Place, Fields]) -> bool:
    """Return whether a message says something: a question that was refused for that stays there."""
    content = found[1]["content"]
    return bool(content.strip() if isinstance(content, str) else content)


def _of_user(n: int, content: str | dict[int, openai_parts.Block]) -> tuple[Place, Fields]:
    if isinstance(content, str):
        return Place(n), {"role": "user", "content": content}
    return Place(n, tuple(content)), {"role": "user", "content": list(content.values())}


def _role(name: str, message: Any) -> str:
    if not isinstance(message, dict):
        raise BadRequest(f"{name} must be an object with role and content.")
    role = message.get("role")
    if role not in ("system", "developer", "user", "assistant"):
        raise BadRequest(f"{name}.role must be system, developer, user or assistant.")
    _refuse(message, _NOT_OFFERED_HERE, f"{name}.")
    return str(role)


def _system(messages: list[Fields]) -> str:
    """Return the text of the system's and the developer's messages, wherever they stand."""
    texts = [
        openai_parts.text(f"messages[{n}].content", message.get("content"))
        for n, message in enumerate(messages)
        if message["role"] in ("system", "developer")
    ]
    return "\n\n".join(text for text in texts if text.strip())


def _limit(fields: Fields) -> str:
    """Return the name of the field that limits the answer."""
    newer = "max_completion_tokens"
    return newer if fields.get(newer) is not None else "max_tokens"


def _flag(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadRequest(f"{name} must be true or false.")
    return bool(value)


def _with_usage(fields: Fields) -> bool:
    options = fields.get("stream_options") or {}
    if not isinstance(options, dict):
        raise BadRequest("stream_options must be an object.")
    return _flag(options, "include_usage")
