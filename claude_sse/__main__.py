"""``python -m claude_sse`` is ``claude-sse``."""

from .command.main import main

main()
