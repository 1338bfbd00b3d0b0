"""Step 3: no proxy holds the answer back."""

import json

import anthropic
from flask import Flask, Response, request

app = Flask(__name__)
client = anthropic.Anthropic()
HEADERS = {
    "Content-Type": "text/event-stream",  # without a charset: some clients compare the whole
    "Cache-Control": "no-store, no-transform",  # no cache stores it, no proxy compresses it
    "X-Accel-Buffering": "no",  # passed on as it comes, by nginx and those that copied it
}


@app.post("/stream")
def stream():
    return Response(answer(request.json["prompt"]), headers=HEADERS)


def answer(prompt):
    """Yield the frames of an answer; the last one says how it ended."""
    messages = [{"role": "user", "content": prompt}]
    try:
        with client.messages.stream(
            model="claude-sonnet-5-5", max_tokens=16_000, messages=messages
        ) as stream:
            for text in stream.text_stream:
                yield frame({"text": text})
            if stream.current_message_snapshot.stop_reason is None:  # cut off: nothing was raised
                raise EOFError("no end of the message")
    except Exception as exc:  # not only anthropic's: in mid-answer its HTTP library's come through
        app.logger.warning("the answer failed: %r", exc)
        yield frame({"error": "The answer broke off; the text received so far is kept."})
    else:
        yield "data: [DONE]\n\n"


def frame(fields):
    return f"data: {json.dumps(fields)}\n\n"
