"""All that touches gunicorn: the worker, its threads and connections, its log."""
