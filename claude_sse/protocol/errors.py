"""Everything that can go wrong, as one tree: each leaf is something a caller treats differently.

::

    ClaudeSSEError
    ├── Refused                   the request never became a stream
    │   ├── BadRequest            400  a field is wrong; the sentence names it and its limit
    │   ├── SignInNeeded          401  nobody known is asking
    │   ├── Forbidden             403  not from here
    │   ├── NotFound              404  no such stream for this owner
    │   ├── Conflict              409  this id belongs to another question
    │   ├── Gone                  410  this answer cannot be continued, and is not given again
    │   ├── TooLarge              413  the body is over the limit
    │   ├── UnsupportedMedia      415  the body is not announced as JSON
    │   ├── OverLimit             429  this server's own limits: questions, answers, tokens
    │   └── Unavailable           503  not now: no free slot, draining, no log, no key
    └── AnswerFailed              the stream ends with this instead of [DONE]
        ├── Unreachable           no connection to Claude
        ├── Rejected              Claude refused the request: key, model, billing, content
        ├── Overloaded            Claude is busy, or the rate limit is used up
        ├── Protocol              what came was not the Messages API
        └── Interrupted           the answer broke off; what came before is kept

``str(error)`` is one sentence fit to be shown to the person who asked: it never holds a key, a
header, a path or a stack trace. ``to_dict()`` is the object that travels, as an ``error`` frame or
as JSON.
"""

from __future__ import annotations

from typing import Any


class ClaudeSSEError(Exception):
    """Base of every error that this program raises on purpose."""

    #: Machine-readable name; clients switch on it.
    code = "error"
    #: HTTP status where the error is a response of its own.
    status = 500
    #: Whether the same question may succeed when asked again.
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.retryable = self.retryable if retryable is None else retryable
        #: Seconds after which it makes sense to try again.
        self.retry_after = retry_after
        #: Claude's ``request-id``, to quote to Anthropic's support.
        self.request_id = request_id

    def to_dict(self) -> dict[str, Any]:
        """Return the error frame's object; its first key is ``error`` (see ``sse.is_last``)."""
        fields: dict[str, Any] = {
            "error": str(self),
            "code": self.code,
            "retryable": self.retryable,
        }
        if self.retry_after is not None:
            fields["retry_after"] = self.retry_after
        if self.request_id is not None:
            fields["request_id"] = self.request_id
        return fields


class Refused(ClaudeSSEError):
    """The request was turned away before a stream existed; nothing was sent to Claude."""


class BadRequest(Refused):
    """The body, a header or an id is not what the API takes."""

    code = "bad_request"
    status = 400


class SignInNeeded(Refused):
    """The request does not say who is asking, or not (any more) rightly so."""

    code = "sign_in"
    status = 401


class Forbidden(Refused):
    """The request comes from somewhere or someone that this server does not answer."""

    code = "forbidden"
    status = 403


class NotFound(Refused):
    """There is no such stream: unknown, expired or somebody else's, which all look the same."""

    code = "not_found"
    status = 404


class Conflict(Refused):
    """The id is taken by a stream that was started with another body."""

    code = "conflict"
    status = 409


class Gone(Refused):
    """The request asks for the rest of an answer that is kept nowhere; it starts no other."""

    code = "gone"
    status = 410


class TooLarge(Refused):
    """The body is longer than the server reads."""

    code = "too_large"
    status = 413


class UnsupportedMedia(Refused):
    """The body is not announced as ``application/json``."""

    code = "unsupported_media_type"
    status = 415


class OverLimit(Refused):
    """One of this server's own limits is reached; ``retry_after`` says when it ends."""

    code = "over_limit"
    status = 429
    retryable = True


class Unavailable(Refused):
    """The server cannot take this now; ``retry_after`` says when to come back, if known."""

    code = "busy"
    status = 503
    retryable = True


class AnswerFailed(ClaudeSSEError):
    """The answer ended without Claude saying that it was complete."""

    status = 503

    #: What Claude counted until then, completed by estimates; None where it never began.
    usage: dict[str, Any] | None = None
    #: Whether the one automatic retry is allowed: nothing of an answer came, and it may pass soon.
    may_retry = False
    #: Whether Claude certainly did nothing for it: it was never reached, or refused at once.
    is_free = False
    #: Whether every question of this key would be refused in the same way.
    is_about_the_key = False

    def to_dict(self) -> dict[str, Any]:
        """Return the error frame's object, with the usage so far where there is any."""
        fields = super().to_dict()
        if self.usage is not None:
            fields["usage"] = self.usage
        return fields


class Unreachable(AnswerFailed):
    """No answer began; where no connection was made, nothing was billed."""

    code = "unreachable"
    retryable = True


class Rejected(AnswerFailed):
    """Claude refused the request; asking again unchanged gives the same."""

    code = "rejected"


class Overloaded(AnswerFailed):
    """Claude cannot answer now: overloaded, failing inside, or the rate limit is used up."""

    code = "overloaded"
    retryable = True


class Protocol(AnswerFailed):
    """What came under Claude's address is not the Messages API's streaming format."""

    code = "protocol"


class Interrupted(AnswerFailed):
    """The answer broke off; everything received before is kept."""

    code = "interrupted"
    retryable = True
