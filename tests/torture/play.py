"""One row being played: it asks, and everything that it asked is held against the invariants."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from claude_sse.standin import Exchange
from tests.integration.client import Answer, data, eventually, logged, text
from tests.integration.running import Server, new_id

from .ground import CANARY, KEY, Ground, new_word


@dataclass
class Asked:
    """A question, and the response that its first reader has."""

    stream: str
    word: str
    prompt: str
    answer: Answer
    body: dict[str, Any]


@dataclass
class Play:
    """What a row's function is given."""

    ground: Ground
    chance: random.Random
    #: How what was asked ended, by kind.
    outcomes: Counter[str] = field(default_factory=Counter)
    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    @property
    def server(self) -> Server:
        """The server under torture."""
        return self.ground.server

    def ask(
        self, order: str, *, via: str = "", verb: str = "PUT", model: str = "", **more: Any
    ) -> Asked:
        """Ask this of Claude; ``via`` is what befalls the connection to it."""
        word, stream = new_word(), new_id()
        prompt = f"{order} {word} {f'via {via}' if via else ''}"
        body: dict[str, Any] = {"messages": [{"role": "user", "content": prompt}]}
        body |= {"model": model} if model else {}
        path = f"/streams/{stream}" if verb == "PUT" else "/stream"
        answer = self.served(verb, path, body, **more)
        assert answer.status in (200, 201), (answer.status, answer.body)
        self.asked.append(Asked(stream, word, prompt, answer, body))
        return self.asked[-1]

    def keep(self, answer: Answer) -> Answer:
        """Remember a response, so that it is checked and closed."""
        self.answers.append(answer)
        return answer

    def get(self, stream: str, after: int | None = None) -> Answer:
        """Follow a stream, as soon as there is a reader_slot."""
        headers = {} if after is None else {"Last_Event_ID": str(after)}
        return self.served("GET", f"/streams/{stream}", **headers)

    def served(self, verb: str, path: str, body: object = None, **more: Any) -> Answer:
        """Ask the server as soon as it is not too busy."""
        while True:
            answer = self.keep(self.server.ask(verb, path, body, **more))
            if answer.status != 503 or not self._is_busy(answer):
                return answer
            time.sleep(self.chance.uniform(0.1, 0.5))

    def _is_busy(self, answer: Answer) -> bool:
        assert int(answer["Retry-After"]) > 0
        while answer.read():
            pass
        self.outcomes["busy"] += 1
        return b'"code":"busy"' in answer.body.replace(b" ", b"")

    def upstream(self, asked: Asked, count: int = 1) -> Exchange:
        """Wait for the request that Claude got for it; the newest of ``count``."""
        eventually(lambda: len(self.heard(asked)) >= count)
        return self.heard(asked)[-1]

    def heard(self, asked: Asked) -> list[Exchange]:
        """Return the requests that Claude got for it."""
        return list(self.ground.standin.heard.get(asked.word, ()))

    def ends(
        self,
        asked: Asked,
        how: str = "end_turn",
        *,
        requests: int | tuple[int, ...] = 1,
        whole: bool = True,
        reader: Answer | None = None,
    ) -> list[Any]:
        """Read to the end, check the invariants of a stream, and return the frames.

        ``how`` is the stop reason, or the code of the error. ``whole``: what Claude had written
        before the end is there, to the last event.
        """
        body = (reader or asked.answer).rest()
        frames = data(body)
        last = [fields for _, fields in frames if fields == "[DONE]" or "error" in fields]
        assert len(last) == 1 and frames[-1][1] == last[0], f"one terminal frame: {frames[-3:]}"
        end = last[0]["code"] if last[0] != "[DONE]" else frames[-2][1]["stop_reason"]
        assert end == how, f"{asked.prompt}: {frames[-3:]}"
        self.outcomes[end] += 1
        heard = self.heard(asked)
        allowed = requests if isinstance(requests, tuple) else (requests,)
        assert len(heard) in allowed, f"Claude was asked: {len(heard)} requests for {asked.prompt}"
        shown = joined(text(body))
        if heard:  # what was written is noted a moment after it is written
            eventually(lambda: len(heard[-1].sent) >= len(shown))
        sent = heard[-1].sent if heard else ""
        assert sent.startswith(shown), f"{shown[-80:]!r} was not sent: {sent[-80:]!r}"
        if how == "end_turn" or whole:
            assert shown == sent, f"text lost: {asked.prompt}: {shown[-80:]!r}, sent {sent[-80:]!r}"
        if asked.answer.status == 201:  # a PUT, so that it can be read again
            again = self.get(asked.stream)
            assert logged(again.rest()) == logged(body), "the log is not what was read"
            again.leave()
        return [fields for _, fields in frames]

    def closed(self, asked: Asked, since: float, name: str = "") -> float:
        """Wait until Claude sees the end of the connection; return how long that took."""
        exchange = self.upstream(asked)
        eventually(lambda: exchange.closed_at)
        assert exchange.closed_at is not None
        took = exchange.closed_at - since
        if name:
            self.ground.latencies.add(name, took)
        return took

    def over(self) -> None:
        """Close what is open, and check that the key and the canary are in no response."""
        for answer in self.answers:
            answer.leave()
            shown = answer.body + repr(answer.headers).encode()
            assert KEY.encode() not in shown and CANARY.encode() not in shown
            assert answer.status < 500 or answer.status == 503, answer.status
        for asked in self.asked:
            self.ground.standin.heard.pop(asked.word, None)


def joined(shown: str) -> str:
    """Return the text as a browser has it: two halves of a surrogate pair are one character."""
    return shown.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
