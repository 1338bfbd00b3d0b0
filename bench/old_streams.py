"""A log folder with many ended streams in it, as a busy day leaves it."""

from __future__ import annotations

import uuid
from pathlib import Path

from claude_sse.stream_log import open_log

_FRAME = b'id: %d\ndata: {"text":"one of the words of an answer"}\n\n'
_FRAMES = b"".join(_FRAME % n for n in range(1, 20)) + b"id: 20\ndata: [DONE]\n\n"


def fill(folder: Path, count: int) -> Path:
    """Write ``count`` streams of 1 KB into the folder, through the log's own API; return it."""
    log = open_log(folder, 86_400.0)
    for _ in range(count):
        writer = log.create(f"owner/{uuid.uuid4()}", "0" * 64)
        writer.append(_FRAMES)
        writer.close()
    return folder
