"""The code of docs/clients.md, as it is written there and as a careless reader writes it."""

from __future__ import annotations

import re

from ..integration.running import ROOT

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
_STOP = re.compile(r"[\w.]+\(\)(; // stops it)$", re.M)
_EXAMPLE_ID = "3f2b8c1e-9d4a-4e6b-8a57-1c0d2e4f6a8b"


def code(client: str, number: int = 0) -> str:
    """Return a block of the section with this heading."""
    document = (ROOT / "docs" / "clients.md").read_text("utf-8")
    _, found, section = document.partition(f"\n## {client}\n")
    assert found, f"docs/clients.md has no section {client}"
    return _BLOCK.findall(section.partition("\n## ")[0])[number][1]


def asking(block: str, prompt: str, stream: str = "", port: int = 0) -> str:
    """Return the block with another question, another server and another id in it."""
    assert "Hello" in block
    block = block.replace("Hello", prompt).replace(_EXAMPLE_ID, stream)
    return block.replace("localhost:3000", f"localhost:{port}")


def left_alone(block: str) -> str:
    """Return the block without what stops the client."""
    careless, count = _STOP.subn(r"undefined\1", block)
    assert count, "nothing in it stops this client"
    return careless


def posting(block: str) -> str:
    """Return the block for ``POST /stream``, of which nothing is kept."""
    address, method = "`/streams/${crypto.randomUUID()}`", "method: 'PUT'"
    assert address in block and method in block
    return block.replace(address, "'/stream'").replace(method, "method: 'POST'")


def unaware(block: str) -> str:
    """Return the block of a reader that parses ``[DONE]`` as JSON, too, which throws."""
    lines = block.splitlines(keepends=True)
    assert sum("'[DONE]'" in line for line in lines) == 1
    return "".join(line for line in lines if "'[DONE]'" not in line)
