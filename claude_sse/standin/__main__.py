"""``python -m claude_sse.standin --port 9100`` runs the stand-in until TERM or INT."""

import argparse
import signal
import sys
import threading

from .server import StandIn


def main() -> None:
    """Print the base URL as soon as the server listens, then serve until a signal comes."""
    options = argparse.ArgumentParser(prog="claude_sse.standin", description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=9100, help="0 takes any free port")
    options.add_argument("--certfile", help="speak TLS with this certificate")
    options.add_argument("--keyfile")
    options.add_argument(
        "--end-with-stdin",
        action="store_true",
        help="end with the last process that holds the other end of standard input",
    )
    given = vars(options.parse_args())
    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    if given.pop("end_with_stdin"):

        def wait_for_the_end() -> None:
            sys.stdin.buffer.read()
            told_to_end.set()

        threading.Thread(target=wait_for_the_end, name="stdin", daemon=True).start()
    with StandIn(**given) as standin:
        print(standin.base_url, flush=True)
        told_to_end.wait()


if __name__ == "__main__":
    main()
