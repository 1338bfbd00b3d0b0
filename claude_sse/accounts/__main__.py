"""``script/password``: give a name a password, or a token, or remove it."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from ..config.validators import ConfigError
from .names import is_name, normal
from .passwords import LONGEST, SHORTEST, Passwords


def main(default_file: Path) -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser("script/password", description=__doc__)
    parser.add_argument("name", metavar="NAME")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--token", action="store_true", help="make a token for API clients")
    what.add_argument("--delete", action="store_true", help="remove the name and its token")
    parser.add_argument("--file", type=Path, default=default_file, help="default: %(default)s")
    options = parser.parse_args()
    options.name = normal(options.name)  # as it is printed, too
    if not is_name(options.name):
        sys.exit("A name is 1 to 64 letters, digits and . _ @ + - and begins with no sign.")
    passwords = Passwords(options.file)
    try:
        if options.delete:
            if not passwords.delete(options.name):
                sys.exit(f"There is no {options.name} in {options.file}.")
            print(f"{options.name} is removed; running sessions end within seconds.")
        elif options.token:
            print(passwords.new_token(options.name))
            print("This is shown once. Send it as: Authorization: Bearer <token>", file=sys.stderr)
        else:
            passwords.set_password(options.name, _asked())
            print(f"{options.name} can sign in with it now; older sessions of that name end.")
    except (OSError, ConfigError) as exc:
        sys.exit(f"script/password: {exc}")


def _asked() -> str:
    """Return the password that is typed twice, unseen, or stands on the two lines of a pipe."""
    ask = getpass.getpass if sys.stdin.isatty() else lambda _: sys.stdin.readline().rstrip("\r\n")
    password = ask("Password: ")
    if not SHORTEST <= len(password) <= LONGEST:
        sys.exit(f"A password has {SHORTEST} to {LONGEST} characters.")
    if not password.isprintable():  # nobody could type it; or it was not UTF-8
        sys.exit("A password has letters, digits, signs and spaces only.")
    if ask("Once more: ") != password:
        sys.exit("The two are not the same; nothing is changed.")
    return password


if __name__ == "__main__":
    main(Path("instance/passwords"))
