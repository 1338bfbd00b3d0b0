"""What a browser may do with a response: the headers on all of them, defined once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: What a browser applies to documents only.
_DOCUMENT_HEADERS = ("Cross-Origin-Opener-Policy", "Permissions-Policy", "X-DNS-Prefetch-Control")
#: What a browser is told of a script or style: it does not apply their policy, which is long. A
#: Worker's script has the whole, because a Worker takes the policy that it was served with.
_FILE_POLICY = "default-src 'none'"
_WORKERS = "-worker.js"
#: What every response carries, the page's own files without those of documents. The page shows the
#: user's own files (``blob:``); an image of another address is never loaded.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types claude-sse-workers",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-DNS-Prefetch-Control": "off",
}


def with_headers(serve: WSGIApplication) -> WSGIApplication:
    """Add ``HEADERS`` to every response; Flask would copy each of its own headers three times."""
    every_header = tuple(HEADERS.items())
    worker_headers = tuple(item for item in every_header if item[0] not in _DOCUMENT_HEADERS)
    file_headers = (("Content-Security-Policy", _FILE_POLICY), *worker_headers[1:])

    def serve_with(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            ours = every_header
            if _is_file(environ) and status.startswith("2"):
                is_worker = environ["PATH_INFO"].endswith(_WORKERS)
                ours = worker_headers if is_worker else file_headers
            return start_response(status, [*headers, *ours], *exc_info)

        return serve(environ, start)

    return serve_with


def _is_file(environ: WSGIEnvironment) -> bool:
    """Return whether this asks for one of the page's scripts or styles, which are many."""
    path: str = environ.get("PATH_INFO", "")
    return path.startswith("/static/") and path.endswith((".js", ".css"))
