"""The command line that script/check and script/diagnose have in common."""

from __future__ import annotations

import argparse
import os

from visitor import Site


def parser(
    document: str | None, name: str, patience: float, of_what: str
) -> argparse.ArgumentParser:
    """Return a parser that knows the address, and how to reach it and sign in there."""
    made = argparse.ArgumentParser(description=(document or "").partition("\n")[0], prog=name)
    made.add_argument("url")
    made.add_argument(
        "--header",
        action="append",
        default=[os.environ.get("CLAUDE_SSE_CHECK_HEADER", "")],
        help="a header that signs in, such as 'Authorization: Bearer …' or 'Cookie: …'; may be "
        "repeated, and may stand in CLAUDE_SSE_CHECK_HEADER, where no list of processes shows it",
    )
    made.add_argument("--ca", help="a file with the certificate to trust, for one of your own")
    made.add_argument("--at", help="connect to this address instead of looking the name up")
    made.add_argument("--patience", type=float, default=patience, help=of_what)
    return made


def site(made: argparse.ArgumentParser, chosen: argparse.Namespace) -> Site:
    """Return the site that was asked for; an invalid address ends the program."""
    pairs = (header.partition(":") for header in chosen.header if header)
    signed = {name.strip(): value.strip() for name, _, value in pairs}
    try:
        return Site(chosen.url, signed, at=chosen.at, ca=chosen.ca, patience=chosen.patience)
    except ValueError as exc:
        made.error(f"{chosen.url} is not an address: {exc}")
