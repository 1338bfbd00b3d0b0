"""What a page loads, answers not counted: bytes on the wire, and what they unfold to."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import CDPSession


class Weight:
    """Adds up from now on what the browser receives for a page; nothing comes from its cache."""

    def __init__(self, session: CDPSession) -> None:
        self._answers: set[str] = set()
        self._wire: dict[str, float] = {}
        self._unfolded: dict[str, float] = {}
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.dataReceived", self._received)
        session.on("Network.loadingFinished", self._finished)

    def sums(self) -> dict[str, float]:
        """Return the sums so far, in KB."""
        return {"wire_kb": self._sum(self._wire), "loaded_kb": self._sum(self._unfolded)}

    def _sum(self, sizes: dict[str, float]) -> float:
        return sum(size for key, size in sizes.items() if key not in self._answers) / 1000

    def _sent(self, event: dict[str, Any]) -> None:
        if event["request"]["method"] != "GET":
            self._answers.add(event["requestId"])

    def _received(self, event: dict[str, Any]) -> None:
        key = event["requestId"]
        self._unfolded[key] = self._unfolded.get(key, 0) + event["dataLength"]

    def _finished(self, event: dict[str, Any]) -> None:
        self._wire[event["requestId"]] = event["encodedDataLength"]
