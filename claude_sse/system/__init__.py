"""The operating system: calls, locks, log lines."""
