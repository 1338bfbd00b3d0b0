"""The command ``password``: give a name a password, or a token, or remove it."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from ..config import installation
from ..config.settings import ConfigError
from .names import is_name, normal
from .passwords import LONGEST, SHORTEST, Passwords

_DESCRIPTION = (
    "Set the password of a name (typed twice), make its token, or remove it (AUTH=password)."
)


def main(arguments: Sequence[str], default_file: Path) -> None:
    """Run the command line; without ``--file`` the names are those of ``default_file``."""
    command = installation.command("password")
    parser = argparse.ArgumentParser(command, description=_DESCRIPTION)
    parser.add_argument("name", metavar="NAME")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--token", action="store_true", help="make a token for API clients")
    what.add_argument("--delete", action="store_true", help="remove the name and its token")
    parser.add_argument("--file", type=Path, default=default_file, help="default: %(default)s")
    options = parser.parse_args(arguments)
    options.name = normal(options.name)  # and is printed in this form
    if not is_name(options.name):
        sys.exit(
            "A name is 1 to 64 letters, digits and . _ @ + - and begins with a letter or digit."
        )
    passwords = Passwords(options.file)
    try:
        if options.delete:
            if not passwords.delete(options.name):
                sys.exit(f"There is no {options.name} in {options.file}.")
            print(f"{options.name} is removed; its sessions end within seconds.")
        elif options.token:
            print(passwords.new_token(options.name))
            print("This is shown once. Send it as: Authorization: Bearer <token>", file=sys.stderr)
        else:
            passwords.set_password(options.name, _read_password())
            print(f"{options.name} can sign in with it now; its older sessions end.")
    except (OSError, ConfigError) as exc:
        sys.exit(f"{command}: {exc}")


def _read_password() -> str:
    """Return the password, typed twice without echo, or read from two lines of a pipe."""
    ask = getpass.getpass if sys.stdin.isatty() else lambda _: sys.stdin.readline().rstrip("\r\n")
    password = ask("Password: ")
    if not SHORTEST <= len(password) <= LONGEST:
        sys.exit(f"A password has {SHORTEST} to {LONGEST} characters.")
    if not password.isprintable():  # it could not be typed in a browser, or was not UTF-8
        sys.exit("A password contains letters, digits, signs and spaces only.")
    if ask("Once more: ") != password:
        sys.exit("The two passwords differ; nothing is changed.")
    return password
