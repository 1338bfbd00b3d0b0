"""The failure for an error: by its type, its status, its wording and its retry hints."""

import json
import logging
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from claude_sse.claude.error_mapping import from_event, translate
from claude_sse.claude.http.request import head_of
from claude_sse.claude.redaction import first_bytes, redact
from claude_sse.claude.retry_hints import limit_resets, retry_after
from claude_sse.protocol.errors import Interrupted, Overloaded, Protocol, Rejected, Unreachable


def refusal(status, body=b"", began=False, model="claude-x", **fields):
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = httpx2.Request("POST", "http://localhost/v1/messages")
    response = httpx2.Response(status, headers=headers, content=content, request=request)
    exc = httpx2.HTTPStatusError("refused", request=request, response=response)
    return translate(exc, began=began, model=model)


def said(message, kind="invalid_request_error", **details):
    error = {"type": kind, "message": message}
    if details:
        error["details"] = details
    return {"type": "error", "error": error}


WORDS = [
    (400, "Your credit balance is too low to access the Anthropic API.", "billing", "Billing"),
    (400, "You have reached your specified API usage limits.", "budget", "spend limit"),
    (400, "This organization has been disabled.", "permission", "disabled"),
    (400, "prompt is too long: 205351 tokens > 200000 maximum", "too_long", "too long"),
    (400, "input length and `max_tokens` exceed context limit: 9 + 8 > 10, decrease input length",
     "too_long", "too long"),
    (400, "max_tokens: 16000 > 8192, which is the maximum allowed number of output tokens for x",
     "setting", "MAX_TOKENS"),
    (400, "thinking: adaptive thinking is not supported on this model", "setting", "THINKING=off"),
    (400, "messages.1.content.0: Invalid `signature` in `thinking` block", "rejected", "or leave"),
    (
        400,
        "messages.1.content.0.type: `thinking` or `redacted_thinking` blocks cannot be modified",
        "rejected",
        "leave it out",
    ),
    (400, "cache_control: Extra inputs are not permitted", "setting", "PROMPT_CACHING=off"),
    (400, "Web search is not enabled for this organization.", "setting", "WEB_SEARCH_MAX_USES=0"),
    (400, "tools.0.max_uses: Input should be greater than 0", "setting", "without web_search"),
    (400, "messages.0.content.1: citations are not supported here", "rejected", "without cit"),
    (400, "thinking.budget_tokens: Field required", "setting", "THINKING=off"),
    (400, "This model does not support the effort parameter.", "setting", "EFFORT"),
    (400, "output_config.effort: Input should be 'low'", "setting", "EFFORT"),
    (400, "system: text content blocks must be non-empty", "setting", "SYSTEM_PROMPT"),
    (400, "model: String should have at most 256 characters", "model_not_found", "MODEL"),
    (400, "The provided model identifier is invalid.", "model_not_found", "MODEL"),
    (400, "Output blocked by content filtering policy", "rejected", "filter"),
    (400, "messages: at least one message is required", "rejected", "did not accept the question"),
    (400, "messages.0.content.1.image.source.base64: image exceeds 5 MB maximum: 6 bytes > 5 bytes",
     "rejected", "an image or a document"),
    (400, "messages.0.content.0.image.source.base64.data: Could not process image",
     "rejected", "an image or a document"),
    (400, "The PDF specified was not valid.", "rejected", "an image or a document"),
    (400, "A maximum of 100 PDF pages may be provided.", "rejected", "an image or a document"),
    (400, "unknown wording", "rejected", "did not accept the question"),
    (422, "prompt is too long", "too_long", "too long"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "message", "code", "says"), WORDS)
def test_a_refusal_is_known_by_its_words(status, message, code, says):
    """The type of a 400 is broad; its wording decides the sentence."""
    for body in (said(message), {"error": message}, {"error": {"message": message}},
                 {"message": message}, [said(message)], message.encode(),
                 {"error": {"message": f"Gateway: {json.dumps(said(message))}"}}):  # fmt: skip
        failure = refusal(status, body)
        assert (failure.code, says in str(failure)) == (code, True), body
        assert isinstance(failure, Rejected) and not failure.retryable and failure.is_free
        assert not failure.is_about_the_key and message not in str(failure)


@pytest.mark.parametrize(
    ("status", "body", "code", "lasts"),
    [
        (401, said("invalid x-api-key", "authentication_error"), "authentication", True),
        (401, b"<html>Sign in</html>", "authentication", False),
        (403, said("Your API key may not", "permission_error"), "permission", True),
        (403, said("Request not allowed", "forbidden"), "rejected", False),
        (403, {"error": {"type": "permission_error", "message": "x"}}, "rejected", False),
        (403, said("The content was flagged by moderation", "permission_error"), "rejected", False),
        (403, b"<html>Access denied (WAF)</html>", "rejected", False),
        (403, b"", "rejected", False),
        (403, {"error": "insufficient credits"}, "billing", False),
        (402, b"", "billing", False),
    ],
)
def test_only_a_state_of_the_key_lasts(status, body, code, lasts):
    """An error of one question concerns that question; one of the key, all questions."""
    failure = refusal(status, body)
    assert (failure.code, failure.is_about_the_key) == (code, lasts)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (said("model: claude-unknown", "not_found_error"), "model_not_found"),
        ({"error": "The deployment claude-x does not exist"}, "model_not_found"),
        ({"error": {"code": "model_not_found", "message": "no"}}, "model_not_found"),
        (said("Not found", "not_found_error"), "protocol"),
        ({"detail": "Not Found"}, "protocol"),
        (b"<html>the model of a page</html>", "protocol"),
        (b"", "protocol"),
    ],
)
def test_a_404_that_names_no_model_is_about_the_address(body, code):
    """A 404 that does not mention models is not from the Messages API."""
    failure = refusal(404, body)
    assert failure.code == code and not failure.retryable
    assert ("check ANTHROPIC_BASE_URL" in str(failure)) == (code == "protocol")


def ahead(seconds):
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_a_rate_limit_follows_its_hints():
    """A rate limit without a time is not retried; only the body can name a spend limit."""
    plain = refusal(429, said("Number of requests exceeds", "rate_limit_error"))
    assert (plain.code, plain.retryable, plain.retry_after, plain.may_retry) == (
        "rate_limited", True, None, False)  # fmt: skip
    reset = ahead(12).isoformat().replace("+00:00", "Z")
    timed = refusal(429, b"", x_should_retry="true", anthropic_ratelimit_requests_reset=reset)
    assert timed.code == "rate_limited" and 10 < timed.retry_after <= 12 and timed.may_retry
    for value in ("2s", "", "2, 2", "2026-11-26T15:00:00Z", "soon", "-1", "inf", "1e3", "1_0"):
        failure = refusal(429, b"", retry_after=value, anthropic_ratelimit_tokens_reset=reset)
        assert failure.code == "rate_limited" and 10 < failure.retry_after <= 12, value
    for body in (
        said("x", "rate_limit_error", error_code="enforced_spend_limit_reached"),
        said("Your organization's spend limit is reached.", "rate_limit_error"),
    ):
        failure = refusal(429, body, retry_after="3")
        assert (failure.code, failure.retryable, failure.may_retry) == ("budget", False, False)
    broke = {"error": {"type": "insufficient_quota", "message": "check your plan and billing"}}
    assert refusal(429, broke).code == "billing"
    assert not refusal(429, b"", retry_after="3", x_should_retry="false").may_retry


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"retry-after": "3"}, 3), ({"retry-after": "2.5"}, 2.5), ({"retry-after": "0"}, 0),
        ({"retry-after-ms": "1500"}, 1.5), ({"retry-after-ms": "x", "retry-after": "3"}, 3),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:00 GMT"}, 0),
        ({"retry-after": "Thu, 99 Foo 2026 00:00:00 GMT"}, None),
        ({"retry-after": "Thu"}, None), ({}, None), ({"retry-after": "nan"}, None),
    ],
)  # fmt: skip
def test_a_time_to_wait_is_read(fields, expected):
    """Milliseconds come before seconds or a date; a malformed field is ignored."""
    assert retry_after(httpx2.Headers(fields)) == expected


def test_a_date_to_wait_for_is_read():
    """A date is converted to the seconds until then."""
    seconds = retry_after(httpx2.Headers({"retry-after": format_datetime(ahead(9), usegmt=True)}))
    assert 7 < seconds <= 9


def test_the_limits_that_are_used_up_are_waited_for():
    """Of several limits the exhausted ones count, and of these the last reset."""
    reset = "anthropic-ratelimit-{}-{}".format
    fields = {reset("requests", "reset"): ahead(5).isoformat(), reset("tokens", "reset"): "50"}
    assert limit_resets(httpx2.Headers(fields)) == 50
    fields |= {reset("requests", "remaining"): "0", reset("tokens", "remaining"): "9"}
    assert 3 < limit_resets(httpx2.Headers(fields)) <= 5
    epoch = str(int(ahead(30).timestamp()))
    assert 28 < limit_resets(httpx2.Headers({reset("unified", "reset"): epoch})) <= 30
    for value in ("", "soon", "2026-11-26", "99999999-01-01T00:00:00Z"):
        assert limit_resets(httpx2.Headers({reset("tokens", "reset"): value})) is None


STATUSES = [
    (400, "rejected", False, True), (401, "authentication", False, True),
    (402, "billing", False, True), (403, "rejected", False, True), (404, "protocol", False, True),
    (405, "protocol", False, True), (408, "upstream_timeout", False, False),
    (409, "upstream_error", False, True), (410, "protocol", False, True),
    (413, "too_long", False, True), (522, "upstream_timeout", False, False),
    (418, "rejected", False, True), (429, "rate_limited", False, True),
    (500, "upstream_error", True, True), (502, "upstream_error", False, False),
    (503, "upstream_error", False, False), (504, "upstream_timeout", False, False),
    (520, "upstream_error", False, False), (524, "upstream_timeout", False, False),
    (529, "overloaded", True, True), (301, "protocol", False, True),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "passes", "is_free"), STATUSES)
def test_what_a_status_means(status, code, passes, is_free):
    """The status decides the code and the retry; after an answer began nothing is retried."""
    failure = refusal(status)
    assert (failure.code, failure.may_retry, failure.is_free) == (code, passes, is_free)
    began = refusal(status, began=True)
    assert not began.may_retry and began.code == code
    assert began.is_free == (status == 301)


EXCEPTIONS = [
    (httpx2.ConnectError("x"), False, Unreachable, "unreachable", True, True),
    (httpx2.ConnectTimeout("x"), False, Unreachable, "unreachable", False, True),
    (httpx2.RemoteProtocolError("x"), False, Unreachable, "unreachable", False, False),
    (httpx2.ReadError("x"), True, Interrupted, "interrupted", False, False),
    (httpx2.ReadTimeout("x"), False, Unreachable, "unreachable", False, False),
    (httpx2.ProxyError("x"), False, Unreachable, "unreachable", False, True),
    (httpx2.DecodingError("x"), True, Protocol, "protocol", False, False),
    (ValueError("x"), True, Protocol, "protocol", False, False),
]


@pytest.mark.parametrize(("exc", "began", "cls", "code", "passes", "is_free"), EXCEPTIONS)
def test_what_an_exception_means(exc, began, cls, code, passes, is_free):
    """Only a connection that was never made is retried, and is certainly free."""
    failure = translate(exc, began=began)
    assert type(failure) is cls and failure.code == code
    assert (failure.may_retry, failure.is_free) == (passes, is_free)


@pytest.mark.parametrize(
    ("event", "code", "passes"),
    [
        ({"type": "error", "error": {"type": "overloaded_error"}}, "overloaded", True),
        ({"type": "error", "error": {"type": "api_error"}}, "upstream_error", True),
        ({"type": "error", "error": {"type": "future_error"}}, "upstream_error", False),
        ({"error": "slow down", "status": 429}, "rate_limited", False),
        ({"error": "no", "status": "529"}, "overloaded", True),
        ({"error": "no", "status_code": 503}, "upstream_error", False),
        ({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, "rate_limited", False),
        ({"error": {"code": "429", "type": "invalid_request_error"}}, "rate_limited", False),
        ({"error": {"type": "invalid_request_error", "message": "prompt is too long"}},
         "too_long", False),
        ({"type": "overloaded_error", "message": "x"}, "overloaded", True),
        ({"error": "overloaded_error"}, "overloaded", False),
        ({"error": {"message": "Your credit balance is too low", "code": 400}}, "billing", False),
        ({"error": None}, "upstream_error", False), ({"error": ["x"]}, "upstream_error", False),
        ({"error": True, "code": True}, "upstream_error", False), ({}, "upstream_error", False),
        ({"error": {"type": ["x"], "message": 5, "code": {}}}, "upstream_error", False),
    ],
)  # fmt: skip
def test_an_error_of_any_shape_is_reported(event, code, passes):
    """The type or the status decides the code, by default a server error, and whether to retry."""
    failure = from_event(event, began=False)
    assert (failure.code, failure.may_retry) == (code, passes)
    assert failure.retryable == isinstance(failure, Overloaded)
    began = from_event(event, began=True)
    assert not began.may_retry and not began.is_free


@pytest.mark.parametrize(
    ("name", "value", "is_fine"),
    [
        (b"x", b"1", True), (b"x-api-key", b"\xc3\xbc", True), (b"x", b"", True),
        (b"x", b"1\r\ny: 2", False), (b"x", b"1\n", False), (b"x", b"\0", False),
        (b"x y", b"1", False), (b"x:", b"1", False), (b"", b"1", False), (b"x\r\ny", b"1", False),
    ],
)  # fmt: skip
def test_no_field_breaks_out_of_its_line(name, value, is_fine):
    """A head consists of exactly the fields it was made of, or it is not sent."""
    url = httpx2.URL("http://localhost/v1/messages?a=b")
    if is_fine:
        head = head_of("POST", url, [(name, value)])
        assert head == b"POST /v1/messages?a=b HTTP/1.1\r\n%b: %b\r\n" % (name, value)
    else:
        with pytest.raises(httpx2.LocalProtocolError):
            head_of("POST", url, [(name, value)])


def test_the_log_holds_no_key_and_no_answer(caplog):
    """An error is logged in one line: status, content type, first bytes; no keys, no texts."""
    body = {
        "error": {"message": "bad key sk-ant-abc123, Bearer xyz987"},
        "text": "a private answer",
    }
    with caplog.at_level(logging.WARNING):
        refusal(403, body, content_type="application/json", request_id="req_1")
    [line] = caplog.messages
    assert "HTTP 403" in line and "application/json" in line and "req_1" in line
    assert not re.search("abc123|xyz987|private", line) and "[key]" in line
    assert "\n" not in redact("a\nb") and len(first_bytes(b"x" * 9999)) < 250
