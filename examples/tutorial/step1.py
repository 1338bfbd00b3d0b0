"""Step 1: the tutorial's route."""

import json

import anthropic
from flask import Flask, Response, request

app = Flask(__name__)
client = anthropic.Anthropic()


@app.post("/stream")
def stream():
    return Response(answer(request.json["prompt"]), mimetype="text/event-stream")


def answer(prompt):
    messages = [{"role": "user", "content": prompt}]
    with client.messages.stream(
        model="claude-sonnet-5-5", max_tokens=16_000, messages=messages
    ) as stream:
        for text in stream.text_stream:
            yield f"data: {json.dumps({'text': text})}\n\n"
    yield "data: [DONE]\n\n"
