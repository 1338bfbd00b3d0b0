"""HTTP to Claude's address, cancelled at any time from any thread."""
