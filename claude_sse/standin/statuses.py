"""The faults that are a whole HTTP response instead of a stream, by name."""

from collections.abc import Callable

from .api import error, whole
from .orders import Order
from .wire import EVENT_STREAM, Reply


def status(code: int, kind: str, text: str) -> Callable[[Order], Reply]:
    """Return the fault that answers with an error of this kind."""

    def refuse(order: Order) -> Reply:
        wait = order.options.get("retry_after", "3" if code == 429 else "0")
        if wait == "0":
            return error(code, kind, text)
        return error(code, kind, text, retry_after=wait)

    return refuse


def spend_limit(order: Order) -> Reply:
    details = {"error_code": "enforced_spend_limit_reached"}
    return error(
        429, "rate_limit_error", "Your organization's spend limit is reached.", details=details
    )


def html(order: Order) -> Reply:
    page = b"<!doctype html><title>Welcome</title><h1>It works!</h1>\n"
    return whole(page, kind="text/html; charset=utf-8")


def redirect(order: Order) -> Reply:
    return whole(b"", 302, location=order.options.get("to", "/elsewhere"))


STATUSES: dict[str, Callable[[Order], Reply]] = {
    "unauthorized": status(401, "authentication_error", "invalid x-api-key"),
    "billing": status(402, "billing_error", "Your credit balance is too low."),
    "forbidden": status(403, "permission_error", "Your API key may not use this resource."),
    "model_not_found": status(404, "not_found_error", "model: claude-unknown"),
    "bad_request": status(400, "invalid_request_error", "messages: this is not accepted"),
    "too_large": status(413, "request_too_large", "Request exceeds the maximum size"),
    "rate_limited": status(429, "rate_limit_error", "Number of requests exceeds your rate limit."),
    "spend_limit": spend_limit,
    "spend_limit_400": status(
        400, "invalid_request_error", "You have reached your specified API usage limits."
    ),
    "server_error": status(500, "api_error", "Internal server error"),
    "overloaded": status(529, "overloaded_error", "Overloaded"),
    "html": html,
    "redirect": redirect,
    "empty": lambda order: whole(b"", kind=EVENT_STREAM["content-type"]),
}
