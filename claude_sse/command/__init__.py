"""The command ``claude-sse``: the server, and what its operator needs beside it."""
