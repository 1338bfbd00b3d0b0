"""What the process runs on: system calls, locks, owners of files, SQLite files, peers, Redis."""
