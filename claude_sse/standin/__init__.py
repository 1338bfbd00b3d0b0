"""A server of its own that speaks the Messages API's streaming format, for demo, tests and bench.

    python -m claude_sse.standin --port 9100        prints its base URL when it listens

    with StandIn() as standin:                      the same in a thread of this process
        client = anthropic.Anthropic(base_url=standin.base_url, api_key="test")
        ...
        standin.wait(lambda s: s.requests and s.requests[0].closed_at)

It answers ``POST /v1/messages`` and ``GET /v1/models`` as the SDK meets them: chunked HTTP/1.1 with
keep-alive, Bearer credentials, ``request-id``, thinking blocks first, pings, usage. ``GET /stats``
and ``GET /requests`` tell other processes what it has seen. The last user message is the script:

``bench n=50 gap_us=0 first_us=0 pad=4``
    n texts that open with the 16-digit microsecond clock at which each was written.
``fault NAME key=value ...``
    what the table says. ``times=N``: for the first N requests with this same prompt; then, and
    wherever nothing else is said, the answer is ``texts=10`` plain words "word0 word1 ...",
    ``gap_ms=10`` apart, the first after ``first_ms=0``; ``thinking=0`` leaves the thinking out.
    An option that would change nothing is refused, as a 400.
anything else
    a readable answer at the pace of a model, chosen by its words (see ``answers.CHOICES``).

================ ==================== ==============================================================
name             keys                 what happens
================ ==================== ==============================================================
unauthorized     retry_after          401 authentication_error; ``retry_after`` (seconds, 0: none)
                                      sets the header on every fault with a status
billing                               402 billing_error
forbidden                             403 permission_error
model_not_found                       404 not_found_error
bad_request                           400 invalid_request_error
too_large                             413 request_too_large
rate_limited     retry_after=3        429 rate_limit_error
spend_limit                           429, details enforced_spend_limit_reached, no retry-after
spend_limit_400                       400, the organisation's own limit
server_error                          500 api_error
overloaded                            529 overloaded_error
html                                  200 with a page of text/html
empty                                 200 without a body
redirect         to=/elsewhere        302; what then comes is recorded in ``others``
silent_headers                        no answer, not even a head
slow_headers     ms=1000              the head after that time, then the answer
silent                                the head, then nothing
pings            every_ms=200         message_start and an open block, then pings only
stall            after=3              silence after this many texts
reset            after=3              RST after this many texts
cut              after=3              last chunk and FIN after this many texts: no message_stop
cut_chunk        after=3              FIN after this many texts, without the last chunk
cut_at           byte=1000 clean=1    the body ends at this byte; clean=0 without the last chunk
error_event      after=3              an error event after this many texts, 0: as the first event;
                 type=...             default overloaded_error
bad_json         after=3              a delta cut off in its JSON, then the rest of the answer
bad_utf8         after=3              a delta with bytes that are no UTF-8, then the rest
bad_index        after=3              a text for a block that was never opened, then the rest
wrong_order                           a text before message_start, then the rest
huge             mb=20                one text delta of this size
after_stop                            events and a second message_stop after the first; then the
                                      socket stays open
unknown_events                        a right answer with BOM, CRLF, comments, ids, unknown events,
                                      blocks, deltas and fields
dribble          n=1 line_end=lf      texts of many scripts (``texts=3``), n bytes a write and chunk
slice            n=3 line_end=crlf    the same
imitate                               text that imitates SSE and HTML, NUL, U+2028, a surrogate pair
                                      in two deltas
stop_reason      reason=max_tokens    3 texts that end for this reason; refusal with stop_details
gzip                                  content-encoding gzip, flushed per event
http10                                HTTP/1.0, the body ends with the connection
slow_close       ms=500               the last chunk and FIN that time after message_stop
no_thinking                           no thinking block, whatever was asked
pace             texts gap_ms         the plain words, at the pace you say
                 first_ms
echo                                  the request body as a block of JSON
say              gap_ms=0             what stands in the question below its first line, a character
                                      at a time, after the same as a thought
search           uses=1 pauses=0      as many searches (where the request has the tool), then a text
                 pending=0 error=...  that cites them; paused after each of the first; pending=1:
                 stall=0              before the result; error: the code that each ends with;
                                      stall=1: silence before the text
cite             n=2 kind=char        n texts that cite a document: char, page, block; or kind=web;
                 early=0              early=1: the citation before its text
redacted                              a redacted thinking block, then a word
================ ==================== ==============================================================

A refused connection is a port without a stand-in; a TLS error one with a certificate (``certfile``)
that no client trusts.
"""

from .record import Exchange
from .server import StandIn

__all__ = ["Exchange", "StandIn"]
