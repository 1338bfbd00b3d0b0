"""What prompt caching saves in a conversation of ten turns, as the stand-in accounts for it.

    .venv/bin/python -m bench.caching

Each question and each answer has ``WORDS`` words. The price is in tokens read at the full price, as
the ledger counts them.
"""

from claude_sse.claude import CancelScope, Claude, charges
from claude_sse.claude.usage import READ
from claude_sse.config.settings import Settings
from claude_sse.protocol.question import Question
from claude_sse.standin import StandIn

TURNS = 10
WORDS = 300


def main() -> None:
    """Print the counts of both ways, turn by turn, and what they cost together."""
    with StandIn() as standin:
        ways = {caching: converse(standin.base_url, caching) for caching in ("off", "on")}
    print("turn  read in full | not cached  written  cached")
    for turn, (off, on) in enumerate(zip(*ways.values(), strict=True), 1):
        counts = [on[name] for name in READ]
        print(
            f"{turn:4}  {off['input_tokens']:12,} | {counts[0]:10,} {counts[1]:8,} {counts[2]:7,}"
        )
    cost = {way: sum(charges.read(usage) or 0 for usage in usages) for way, usages in ways.items()}
    print(f"price {cost['off']:12,} | {cost['on']:,}: {cost['on'] / cost['off']:.0%}")


def converse(base_url: str, caching: str) -> list[dict[str, int]]:
    """Return the usage of each turn of one conversation."""
    claude = Claude(Settings(api_key="k", base_url=base_url, prompt_caching=caching))
    messages: list[tuple[str, str]] = []
    usages = []
    answer = "word " * WORDS
    for turn in range(TURNS):
        messages.append(("user", f"{caching} {turn} {answer}\nfault pace texts=2 gap_ms=0"))
        question = Question(messages=tuple(messages), digest="")
        *_, last = (
            payload for batch in claude.events(question, CancelScope()) for payload in batch
        )
        usages.append(last["usage"])
        messages.append(("assistant", answer))
    return usages


if __name__ == "__main__":
    main()
