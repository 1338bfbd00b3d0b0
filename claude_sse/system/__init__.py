"""The operating system: system calls, locks, file ownership, SQLite files, peers and log lines."""
