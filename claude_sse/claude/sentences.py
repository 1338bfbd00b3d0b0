"""One sentence for each type of error, which says what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from ..protocol.errors import AnswerFailed, Overloaded, Protocol, Rejected


class Sentence(NamedTuple):
    """A class of failure, its code, and the sentence that is shown."""

    cls: type[AnswerFailed]
    code: str
    text: str

    def failure(self, *, retry_after: float | None, request_id: str | None) -> AnswerFailed:
        """Return the exception with this sentence."""
        return self.cls(self.text, code=self.code, retry_after=retry_after, request_id=request_id)


#: By the error type of the API, or the narrower type that ``error_words`` finds.
BY_TYPE = {
    "authentication_error": Sentence(
        Rejected,
        "authentication",
        "Claude did not accept the API key: check ANTHROPIC_API_KEY in .env and restart.",
    ),
    "permission_error": Sentence(
        Rejected,
        "permission",
        "This API key lacks permission: check its workspace's access in the Anthropic console.",
    ),
    "forbidden": Sentence(
        Rejected,
        "rejected",
        "Claude's address refused this question (HTTP 403), as a filter, a firewall or a block of "
        "this region does: the server's log has the response.",
    ),
    "disabled": Sentence(
        Rejected,
        "permission",
        "The organization or account behind this key is disabled: ask Anthropic's support, or set "
        "another ANTHROPIC_API_KEY in .env and restart.",
    ),
    "billing_error": Sentence(
        Rejected,
        "billing",
        "The Anthropic account behind this key cannot pay: check Billing in the Anthropic console.",
    ),
    "spend_limit": Sentence(
        Rejected,
        "budget",
        "The spend limit of this key's workspace is reached: raise it in the "
        "Anthropic console, or wait until it resets.",
    ),
    "not_found_error": Sentence(
        Rejected,
        "model_not_found",
        "Claude does not offer this model to this key: choose another (GET /models lists them), "
        "or set MODEL in .env.",
    ),
    "no_such_address": Sentence(
        Protocol,
        "protocol",
        "There is no Messages API at this server's ANTHROPIC_BASE_URL: check ANTHROPIC_BASE_URL in "
        ".env, which stands without /v1.",
    ),
    "invalid_request_error": Sentence(
        Rejected,
        "rejected",
        "Claude did not accept the question: shorten the conversation or change it; "
        "the server's log has the reason.",
    ),
    "content": Sentence(
        Rejected,
        "rejected",
        "A content filter refused this question or its answer: change the question.",
    ),
    "file": Sentence(
        Rejected,
        "rejected",
        "Claude did not accept an image or a document of the conversation: remove it, or send "
        "another one; the server's log has the reason.",
    ),
    "max_tokens": Sentence(
        Rejected,
        "setting",
        "This model does not write answers as long as MAX_TOKENS: set a smaller MAX_TOKENS in .env "
        "and restart, or ask with a smaller max_tokens.",
    ),
    "returned": Sentence(
        Rejected,
        "rejected",
        "Claude did not take the thinking in the conversation: send it as the answer had it, with "
        "the same model and system text, or leave it out.",
    ),
    "cache_control": Sentence(
        Rejected,
        "setting",
        "What answers at ANTHROPIC_BASE_URL does not cache conversations: set PROMPT_CACHING=off "
        "in .env and restart.",
    ),
    "web_search": Sentence(
        Rejected,
        "setting",
        "Claude cannot search the web with this key or model: allow it in the Anthropic console, "
        "set WEB_SEARCH_MAX_USES=0 in .env and restart, or ask without web_search.",
    ),
    "citations": Sentence(
        Rejected,
        "rejected",
        "Claude cannot cite these documents: ask without citations.",
    ),
    "thinking": Sentence(
        Rejected,
        "setting",
        "This model does not take the server's THINKING: set THINKING=off in .env and restart, or "
        "choose another model.",
    ),
    "effort": Sentence(
        Rejected,
        "setting",
        "This model does not take this effort: set another EFFORT in .env, or none, and restart, "
        "or ask with another effort.",
    ),
    "system": Sentence(
        Rejected,
        "setting",
        "Claude did not accept the system text: change SYSTEM_PROMPT in .env and restart, or ask "
        "with another system text.",
    ),
    "request_too_large": Sentence(
        Rejected,
        "too_long",
        "The conversation is too long for Claude: start a new one or shorten it.",
    ),
    "rate_limit_error": Sentence(
        Overloaded,
        "rate_limited",
        "The key's rate limit is used up: wait a moment and try again.",
    ),
    "overloaded_error": Sentence(
        Overloaded,
        "overloaded",
        "Claude is overloaded right now: try again in a moment.",
    ),
    "api_error": Sentence(
        Overloaded,
        "upstream_error",
        "Something failed inside Claude: try again in a moment.",
    ),
    "timeout_error": Sentence(
        Overloaded,
        "upstream_timeout",
        "Claude took too long to answer: try again in a moment.",
    ),
}
