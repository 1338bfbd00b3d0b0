"""The obvious way in Flask: a generator over ``text_stream``, under gunicorn's gthread."""

import json

import anthropic
from flask import Flask, Response, request

app = Flask(__name__)
client = anthropic.Anthropic(max_retries=0)


@app.post("/stream")
def stream() -> Response:
    """Answer with a frame for each text."""
    prompt = request.get_json()["prompt"]

    def frames():
        try:
            with client.messages.stream(
                model="claude-sonnet-5-5",
                max_tokens=16_000,
                messages=[{"role": "user", "content": prompt}],
            ) as answer:
                for text in answer.text_stream:
                    yield f"data: {json.dumps({'text': text})}\n\n"
            yield "data: [DONE]\n\n"
        except anthropic.AnthropicError as exc:
            yield f"data: {json.dumps({'error': str(exc)})}\n\n"

    return Response(frames(), mimetype="text/event-stream", headers={"Cache-Control": "no-cache"})
