"""Asks with the openai client or LiteLLM as it is told: a line of JSON in, a line of JSON out."""

import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it is fetched

import openai


def ask(base_url, create, order):
    """Return what this order leads to; what was received before an error is kept."""
    found = {"text": "", "thought": "", "finish": None, "usage": None}
    kind = order.pop("kind", "chat")
    leave_after = order.pop("leave_after", None)
    try:
        client = openai.OpenAI(base_url=base_url, api_key=order.pop("key", "any"))
        if kind == "models":
            return [model.to_dict() for model in client.models.list()]
        if kind == "model":
            return client.models.retrieve(order["id"]).to_dict()
        answer = create(client, order)
        if not order.get("stream"):
            take(found, answer, answer.choices[0].message)
            return found
        for count, chunk in enumerate(answer, 1):
            take(found, chunk, chunk.choices and chunk.choices[0].delta)
            if count == leave_after:
                getattr(answer, "completion_stream", answer).close()
                break
    except Exception as exc:  # whatever it is, it is what the client has of it
        found["error"] = {
            "class": [cls.__name__ for cls in type(exc).__mro__],
            "message": str(exc),
            **{name: getattr(exc, name, None) for name in ("status_code", "code", "type", "param")},
        }
    return found


def take(found, part, message):
    """Add what a chunk or a whole answer holds."""
    if message:
        found["text"] += message.content or ""
        found["thought"] += getattr(message, "reasoning_content", None) or ""
        found["finish"] = part.choices[0].finish_reason or found["finish"]
    if getattr(part, "usage", None):
        found["usage"] = json.loads(part.usage.model_dump_json())


def by_openai(client, order):
    """Create with the openai client."""
    options = {"timeout": order.pop("timeout", 60), "max_retries": order.pop("max_retries", 2)}
    return client.with_options(**options).chat.completions.create(**order)


def by_litellm(client, order):
    """Create with LiteLLM's openai-compatible provider."""
    import litellm

    litellm.suppress_debug_info = True
    order["model"] = f"openai/{order['model']}"
    url = str(client.base_url)
    return litellm.completion(**order, api_base=url, api_key=client.api_key)


if __name__ == "__main__":
    create = by_litellm if sys.argv[1:] == ["litellm"] else by_openai
    for line in sys.stdin:
        number, base_url, order = json.loads(line)
        print(json.dumps([number, ask(base_url, create, order)]), flush=True)
