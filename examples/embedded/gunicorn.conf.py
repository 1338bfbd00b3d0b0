"""gunicorn's own threaded worker; any WSGI server with threads will do."""

worker_class = "gthread"
threads = 32
worker_connections = threads  # no more connections than can be answered
keepalive = 0  # an idle connection would hold a thread
graceful_timeout = 30  # longer than DRAIN_SECONDS
