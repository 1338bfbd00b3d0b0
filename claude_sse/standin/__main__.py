"""``python -m claude_sse.standin --port 9100`` runs the stand-in until TERM or INT."""

import argparse
import signal
import threading

from .server import StandIn


def main() -> None:
    """Print the base URL as soon as the server listens, then serve until a signal comes."""
    options = argparse.ArgumentParser(prog="claude_sse.standin", description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=9100, help="0 takes any free port")
    options.add_argument("--certfile", help="speak TLS with this certificate")
    options.add_argument("--keyfile")
    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    with StandIn(**vars(options.parse_args())) as standin:
        print(standin.base_url, flush=True)
        told_to_end.wait()


if __name__ == "__main__":
    main()
