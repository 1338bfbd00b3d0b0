"""All errors of this program as one tree; callers treat each leaf differently.

::

    ClaudeSSEError
    ├── Refused                   the request never became a stream
    │   ├── BadRequest            400  a field is wrong; the sentence names it and its limit
    │   ├── SignInNeeded          401  the request has no valid credential
    │   ├── Forbidden             403  the origin or client is not allowed
    │   ├── NotFound              404  no such stream for this owner
    │   ├── Conflict              409  this id belongs to another question
    │   ├── Gone                  410  this answer cannot be continued or repeated
    │   ├── TooLarge              413  the body is over the limit
    │   ├── UnsupportedMedia      415  the body is not announced as plain JSON
    │   ├── OverLimit             429  this server's own limits: questions, answers, tokens
    │   └── Unavailable           503  not now: no free slot, draining, no log, no key
    └── AnswerFailed              the stream ends with this instead of [DONE]
        ├── Unreachable           no connection to Claude
        ├── Rejected              Claude refused the request: key, model, billing, content
        ├── Overloaded            Claude is busy, or the rate limit is used up
        ├── Protocol              the response is not the Messages API's
        └── Interrupted           the answer broke off; what was received is kept

``str(error)`` is a sentence that may be shown to the user: it never contains a key, a header, a
path or a stack trace. ``to_dict()`` is the object that travels, as an ``error`` frame or
as JSON.
"""

from __future__ import annotations

from typing import Any


class ClaudeSSEError(Exception):
    """The base of every error that this program raises on purpose."""

    #: The machine-readable name, on which clients switch.
    code = "error"
    #: The HTTP status where the error is a response of its own.
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
        #: The seconds after which a retry may succeed.
        self.retry_after = retry_after
        #: Claude's ``request-id``, which Anthropic's support asks for.
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
    """The request was refused before a stream existed; nothing was sent to Claude."""


class BadRequest(Refused):
    """The body, a header or an id does not match the API."""

    code = "bad_request"
    status = 400


class SignInNeeded(Refused):
    """The request has no credential, or one that is not valid (any more)."""

    code = "sign_in"
    status = 401


class Forbidden(Refused):
    """The server does not answer this origin or client."""

    code = "forbidden"
    status = 403


class NotFound(Refused):
    """There is no such stream: unknown, expired and another owner's look the same."""

    code = "not_found"
    status = 404


class Conflict(Refused):
    """The id is taken by a stream that was started with another body."""

    code = "conflict"
    status = 409


class Gone(Refused):
    """The rest of the answer is not stored; the request does not start another one."""

    code = "gone"
    status = 410


class TooLarge(Refused):
    """The body is larger than the limit."""

    code = "too_large"
    status = 413


class UnsupportedMedia(Refused):
    """The body is not announced as ``application/json``, or as compressed."""

    code = "unsupported_media_type"
    status = 415


class OverLimit(Refused):
    """One of this server's own limits is reached; ``retry_after`` says when it ends."""

    code = "over_limit"
    status = 429
    retryable = True


class Unavailable(Refused):
    """The server cannot accept this now; ``retry_after`` says when to retry, if known."""

    code = "busy"
    status = 503
    retryable = True


class AnswerFailed(ClaudeSSEError):
    """The answer ended without Claude saying that it was complete."""

    status = 503

    #: Claude's count so far, completed by estimates; None where the answer never began.
    usage: dict[str, Any] | None = None
    #: Whether the one automatic retry is allowed: no content was received, and it may succeed soon.
    may_retry = False
    #: Whether nothing was billed for certain: Claude was not reached, or refused immediately.
    is_free = False
    #: Whether Claude would refuse every question with this key in the same way.
    is_about_the_key = False

    def to_dict(self) -> dict[str, Any]:
        """Return the error frame's object, with the usage so far where there is any."""
        fields = super().to_dict()
        if self.usage is not None:
            fields["usage"] = self.usage
        return fields


class Unreachable(AnswerFailed):
    """No answer began; without a connection nothing was billed."""

    code = "unreachable"
    retryable = True


class Rejected(AnswerFailed):
    """Claude refused the request; the same request would be refused again."""

    code = "rejected"


class Overloaded(AnswerFailed):
    """Claude cannot answer now: overloaded, failing inside, or the rate limit is used up."""

    code = "overloaded"
    retryable = True


class Protocol(AnswerFailed):
    """The response is not in the Messages API's streaming format."""

    code = "protocol"


class Interrupted(AnswerFailed):
    """The answer broke off; everything received so far is kept."""

    code = "interrupted"
    retryable = True
