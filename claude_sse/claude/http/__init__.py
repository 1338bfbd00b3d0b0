"""HTTP/1.1 to Claude's address; any thread can cancel a request at any time."""
