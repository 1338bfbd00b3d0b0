"""The asynchronous way: FastAPI, sse-starlette and ``AsyncAnthropic``, under uvicorn."""

import json

import anthropic
from fastapi import FastAPI
from pydantic import BaseModel
from sse_starlette.sse import EventSourceResponse

app = FastAPI()
client = anthropic.AsyncAnthropic(max_retries=0)


class Question(BaseModel):
    """What the client asks."""

    prompt: str


@app.post("/stream")
async def stream(question: Question) -> EventSourceResponse:
    """Answer with a frame for each text."""

    async def frames():
        try:
            async with client.messages.stream(
                model="claude-sonnet-5-5",
                max_tokens=16_000,
                messages=[{"role": "user", "content": question.prompt}],
            ) as answer:
                async for text in answer.text_stream:
                    yield {"data": json.dumps({"text": text})}
            yield {"data": "[DONE]"}
        except anthropic.AnthropicError as exc:
            yield {"data": json.dumps({"error": str(exc)})}

    return EventSourceResponse(frames(), ping=10)
