"""Accounts: passwords and tokens in a file, sessions that can be ended, a throttle on guessing."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.accounts import (
    LIFE_SECONDS,
    Passwords,
    Sessions,
    Throttle,
    normal,
)
from claude_sse.accounts import redis as accounts_redis
from claude_sse.accounts.base import PER_ADDRESS, TOGETHER
from claude_sse.accounts.database import Database
from claude_sse.accounts.names import is_name
from claude_sse.accounts.sqlite import SQLiteSignIns, open_in_folder
from claude_sse.config.validators import ConfigError
from claude_sse.protocol.errors import OverLimit, Unavailable
from claude_sse.system import redis_address

SECRET = "0123456789abcdefghijklmnopqrstuv"


@pytest.fixture(params=["sqlite", "redis"])
def opened_again(request, tmp_path, nonce):
    """Open what is stored of sign-ins as one more worker does; of each kind."""
    if request.param == "sqlite":
        return lambda: on_disk(tmp_path)
    url = request.getfixturevalue("shared_redis").url
    address = redis_address.parse(url, nonce)
    return lambda: accounts_redis.RedisSignIns(address, SECRET)


def on_disk(folder):
    return SQLiteSignIns(Database(folder / "sign-in.sqlite"))


@pytest.fixture
def stored(opened_again):
    """What is stored of sign-ins; tests that name it run for each kind."""
    return opened_again()


@pytest.fixture
def passwords(tmp_path):
    passwords = Passwords(tmp_path / "passwords")
    passwords.set_password("ada", "the first engine")
    return passwords


@pytest.fixture
def sessions(stored, passwords):
    return Sessions(stored.sessions, SECRET, passwords.fingerprint_of)


@pytest.fixture
def sessions_on_disk(tmp_path, passwords):
    return Sessions(on_disk(tmp_path).sessions, SECRET, passwords.fingerprint_of)


def test_a_session_knows_its_name_on_every_worker(sessions, opened_again, passwords):
    """A cookie made by one worker is known to another, and each has a cookie of its own."""
    first, second = sessions.begin("ada"), sessions.begin("ada")
    assert first != second and len(first) >= 32
    elsewhere = Sessions(opened_again().sessions, SECRET, passwords.fingerprint_of)
    assert elsewhere.name_of(first) == elsewhere.name_of(second) == "ada"


@pytest.mark.parametrize("cookie", ["", "x", "\udcff", "a" * 5000, "' OR 1=1 --"])
def test_what_was_never_given_out_is_no_session(sessions, cookie):
    """A forged cookie belongs to no one."""
    sessions.begin("ada")
    assert sessions.name_of(cookie) is None


def test_the_end_of_a_session_is_the_end_everywhere(sessions):
    """Signing out ends one session immediately, and no other."""
    one, other = sessions.begin("ada"), sessions.begin("ada")
    sessions.end(one)
    sessions.end(one)
    assert sessions.name_of(one) is None
    assert sessions.name_of(other) == "ada"


def test_a_new_password_ends_the_sessions_of_the_old(sessions, passwords):
    """A changed password or a removed name ends its sessions; others keep theirs."""
    passwords.set_password("bob", "another password")
    ada, bob = sessions.begin("ada"), sessions.begin("bob")
    passwords.set_password("ada", "the second services")
    assert sessions.name_of(ada) is None
    assert sessions.name_of(bob) == "bob"
    assert passwords.delete("bob") and not passwords.delete("bob")
    assert sessions.name_of(bob) is None


def test_another_key_knows_no_session(stored, passwords, sessions):
    """A new SECRET_KEY ends every session."""
    cookie = sessions.begin("ada")
    assert Sessions(stored.sessions, SECRET[::-1], passwords.fingerprint_of).name_of(cookie) is None


def test_a_session_lasts_twelve_hours():
    """Its life is what README promises."""
    assert LIFE_SECONDS == 12 * 60 * 60


@pytest.mark.parametrize("ago", [LIFE_SECONDS + 1, -LIFE_SECONDS - 1])
def test_a_session_ends_by_the_clock(sessions, monkeypatch, ago):
    """Twelve hours after its beginning a session is over, also where the clock was set back."""
    cookie = sessions.begin("ada")
    now = time.time()
    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: now + ago)
        assert sessions.name_of(cookie) is None
    assert sessions.name_of(cookie) is None  # no return, whatever the clock says


def test_the_file_opens_nothing(sessions_on_disk, tmp_path, passwords):
    """The file contains neither cookies nor hashes of passwords, and only its owner reads it."""
    path = tmp_path / "sign-in.sqlite"
    cookie = sessions_on_disk.begin("ada")
    content = path.read_bytes()
    assert b"ada" in content
    assert (
        cookie.encode() not in content and passwords.fingerprint_of("ada").encode() not in content
    )
    for file in (path, passwords.path):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_lost_file_is_told(sessions_on_disk, tmp_path):
    """A broken file lets no one in; a removed file is replaced by an empty one."""
    sessions, path = sessions_on_disk, tmp_path / "sign-in.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(Unavailable):
        sessions.name_of("x")
    with pytest.raises(Unavailable):
        sessions.begin("ada")
    path.unlink()
    assert sessions.name_of("x") is None
    assert sessions.name_of(sessions.begin("ada")) == "ada"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_used_refuses_to_start(tmp_path):
    """A folder in which sessions cannot be stored is refused at the start."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        open_in_folder(tmp_path / "file/streams")
    open_in_folder(tmp_path / "state/streams")
    assert (tmp_path / "state/streams/sign-in.sqlite").exists()


def test_sign_ins_lie_in_the_folder_of_the_streams(tmp_path, passwords):
    """An older file beside that folder is moved into it, and its sessions stay valid."""
    (tmp_path / "streams").mkdir()
    old = on_disk(tmp_path)
    cookie = Sessions(old.sessions, SECRET, passwords.fingerprint_of).begin("ada")
    for _ in range(2):
        stored = open_in_folder(tmp_path / "streams")
        assert Sessions(stored.sessions, SECRET, passwords.fingerprint_of).name_of(cookie) == "ada"
    assert (tmp_path / "streams/sign-in.sqlite").exists()
    assert not (tmp_path / "sign-in.sqlite").exists()


def test_passwords_are_right_or_wrong(passwords):
    """The password signs in, whether composed or decomposed; nothing else does."""
    assert passwords.is_right("ada", "the first engine")
    passwords.set_password("zoe.b@x.org", "caf\u00e9 caf\u00e9")
    assert passwords.is_right("zoe.b@x.org", "cafe\u0301 cafe\u0301")
    for name, password in [("ada", "the first engine "), ("adа", "the first services"), ("", "")]:  # noqa: RUF001
        assert not passwords.is_right(name, password)
    assert "the first engine" not in passwords.path.read_text()


SAME = [
    ("à", "a\u0300"), ("Łukasz", "łUKASZ"), ("Иван", "ИВАН"), ("李雷", "李雷"), ("ada", "ＡＤＡ"),
    ("प्रिया", "प्रिया"), ("Kim", "\u212aim"), ("ﬁnn", "finn"), ("Åsa", "\u212bsa"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "other"), SAME)
def test_a_name_is_one_however_it_is_written(passwords, sessions, name, other):
    """Names of every script sign in; composition, case and width do not matter."""
    passwords.set_password(name, "a good password")
    assert passwords.is_right(other, "a good password")
    token = passwords.new_token(other)
    assert passwords.name_of_token(token) == normal(name)
    assert Passwords(passwords.path).is_right(name, "a good password")
    assert sessions.name_of(sessions.begin(normal(other))) == normal(name)
    assert passwords.delete(other) == (normal(name) != "") and not passwords.delete(name)


@given(st.text(max_size=20))
def test_the_normal_form_is_normal(name):
    """The normal form of a normal form is itself."""
    assert normal(normal(name)) == normal(name)


@pytest.mark.parametrize(
    "name", ["", "a b", "a\nb", "a,b", ".a", "a" * 65, "a\u202eb", "a\u200bb", "\u0300"]
)
def test_what_is_no_name(name):
    """A name has letters, marks, digits and a few signs, and begins with a letter or digit."""
    assert not is_name(normal(name))


def test_two_names_that_are_one_are_refused(passwords):
    """A file of an earlier version with both ADA and ada is refused with what to do."""
    with passwords.path.open("a") as file:
        file.write("password ADA scrypt:32768:8:1$x$y\n")
    with pytest.raises(ConfigError, match="line 2 repeats ada"):
        passwords.check_file()


def test_a_session_is_listed_and_all_end_together(sessions, passwords):
    """A user sees each of their sessions with its address, and can end all of them."""
    passwords.set_password("bob", "another password")
    mine = sessions.begin("ada", "192.0.2.1", "Firefox on Linux")
    other, bob = sessions.begin("ada", "2001:db8::1", "Chrome on Android"), sessions.begin("bob")
    listed = sessions.of("ada", mine)
    assert [(s.address, s.browser, s.is_this) for s in listed] == [
        ("2001:db8::1", "Chrome on Android", False), ("192.0.2.1", "Firefox on Linux", True),
    ]  # fmt: skip
    assert all(s.began == s.seen and abs(s.began - time.time()) < 60 for s in listed)
    assert sessions.end_all("ada") == 2 and sessions.of("ada") == []
    assert sessions.name_of(mine) is sessions.name_of(other) is None
    assert sessions.name_of(bob) == "bob"


def test_when_a_session_was_used_last_is_kept(sessions, monkeypatch):
    """The last use of a session is stored, to the minute."""
    cookie, now = sessions.begin("ada"), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 600)
    assert sessions.name_of(cookie) == "ada"
    [session] = sessions.of("ada")
    assert session.seen == now + 600 and session.began < session.seen


def test_an_installation_keeps_its_mark(tmp_path):
    """Workers and restarts of one installation share its id; another installation has its own."""
    first = Database(tmp_path / "a.sqlite")
    assert Database(tmp_path / "a.sqlite").id == first.id
    assert Database(tmp_path / "b.sqlite").id != first.id
    (tmp_path / "a.sqlite").unlink()
    with first.reading() as connection:
        assert connection.execute("SELECT id FROM installation").fetchall() == [(first.id,)]


def test_an_unknown_name_costs_as_much_as_a_known_one(passwords, monkeypatch):
    """The work does not reveal whether a name exists: one hash of the same kind is made."""
    checked = []
    import claude_sse.accounts.passwords as module

    original = module.check_password_hash

    def noting(known, password):
        checked.append(known.split("$")[0])
        return original(known, password)

    monkeypatch.setattr(module, "check_password_hash", noting)
    assert not passwords.is_right("ada", "wrong password")
    assert not passwords.is_right("nobody", "wrong password")
    assert checked[0] == checked[1] and checked[0].startswith("scrypt")


def test_tokens_are_kept_as_hashes(passwords):
    """A token is valid for its name until there is a new one, or the name is removed."""
    token = passwords.new_token("ada")
    assert passwords.name_of_token(token) == "ada"
    assert passwords.name_of_token(token[:-1]) is None and passwords.name_of_token("") is None
    assert token not in passwords.path.read_text()
    newer = passwords.new_token("ada")
    assert passwords.name_of_token(token) is None and passwords.name_of_token(newer) == "ada"
    assert passwords.is_right("ada", "the first engine")
    passwords.delete("ada")
    assert passwords.name_of_token(newer) is None


def test_a_broken_file_lets_no_one_in(passwords, caplog):
    """A malformed file of passwords is refused at the start, and later lets no one in."""
    passwords.check_file()
    with passwords.path.open("a") as file:
        file.write("password\n")
    with pytest.raises(ConfigError, match="line 2"):
        passwords.check_file()
    assert not passwords.is_right("ada", "the first engine")
    assert "no one can sign in" in caplog.text
    passwords.path.write_text("# nobody\n")
    with pytest.raises(ConfigError, match="script/password NAME"):
        passwords.check_file()
    passwords.path.unlink()
    with pytest.raises(ConfigError, match="script/password NAME"):
        passwords.check_file()
    assert passwords.fingerprint_of("ada") == ""


def test_others_must_not_read_the_hashes(passwords):
    """A file of passwords that other users can read is refused, with what to do."""
    passwords.path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        passwords.check_file()


def wrong(throttle, address):
    """Count an attempt that fails."""
    with throttle.count(address):
        pass


def right(throttle, address):
    """Count an attempt that succeeds."""
    with throttle.count(address) as succeed:
        succeed()


def refused(throttle, address):
    with pytest.raises(OverLimit) as raised:
        wrong(throttle, address)
    assert 0 < raised.value.retry_after <= 60 and raised.value.status == 429
    return True


def test_one_address_guesses_slowly(stored):
    """An address has five failed attempts a minute; a right one is reset."""
    throttle = Throttle(stored.attempts)
    for _ in range(PER_ADDRESS + 3):
        right(throttle, "192.0.2.1")
    for _ in range(PER_ADDRESS):
        wrong(throttle, "192.0.2.1")
    assert refused(throttle, "::ffff:192.0.2.1")
    wrong(throttle, "192.0.2.2")


def test_neighbours_in_ipv6_guess_together(stored):
    """A /64 counts as one address; a /56 has twice its attempts, a /48 four times."""
    throttle = Throttle(stored.attempts)
    for n in range(PER_ADDRESS):
        wrong(throttle, f"2001:db8:0:1::{n:x}")
    assert refused(throttle, "2001:db8:0:1:ffff::1")
    for n in range(PER_ADDRESS):
        wrong(throttle, f"2001:db8:0:{n + 2:x}::1")
    assert refused(throttle, "2001:db8:0:ff::1")
    for n in range(2 * PER_ADDRESS):
        wrong(throttle, f"2001:db8:0:{n + 1:x}00::1")
    assert refused(throttle, "2001:db8:0:ff00::1")
    wrong(throttle, "2001:db8:1::1")


@pytest.mark.parametrize("address", ["192.0.{}.{}", "2001:db8:{:x}:{:x}::1"])
def test_strangers_lock_nobody_out(stored, address):
    """While many guess, a known address is not affected, and a new one has one attempt."""
    throttle = Throttle(stored.attempts)
    right(throttle, "198.51.100.1")
    right(throttle, "2001:db8:ffff:1::1")
    for n in range(3 * TOGETHER):
        wrong(throttle, address.format(n, n))
    assert refused(throttle, address.format(TOGETHER, TOGETHER))
    for known in ("198.51.100.1", "2001:db8:ffff:1::2"):
        for _ in range(PER_ADDRESS):
            wrong(throttle, known)
        assert refused(throttle, known)
    for fresh in ("203.0.113.1", "2001:db8:eeee::1"):
        right(throttle, fresh)
        right(throttle, fresh)  # now known
        wrong(throttle, fresh)
        wrong(throttle, fresh)
    wrong(throttle, "203.0.113.2")
    assert refused(throttle, "203.0.113.2")


def test_strangers_are_looked_at_one_after_another(stored):
    """Beyond the common limit strangers wait for each other, and no one else does."""
    throttle = Throttle(stored.attempts)
    right(throttle, "198.51.100.1")
    for n in range(TOGETHER):
        wrong(throttle, f"192.0.2.{n}")
    with throttle.count("203.0.113.1"):
        wrong(throttle, "198.51.100.1")
        assert refused(throttle, "203.0.113.2")


def test_few_good_addresses_are_remembered(stored, monkeypatch):
    """The newest addresses that signed in are remembered for ninety days."""
    throttle = Throttle(stored.attempts)
    monkeypatch.setattr("claude_sse.accounts.base.KNOWN_ADDRESSES", 3)
    for n in range(5):
        right(throttle, f"192.0.2.{n}")
    monkeypatch.setattr("claude_sse.accounts.base.TOGETHER", 0)  # strangers have one attempt
    for n in range(5):
        for _ in range(PER_ADDRESS if n >= 2 else 1):
            wrong(throttle, f"192.0.2.{n}")
        assert refused(throttle, f"192.0.2.{n}")


def test_guesses_are_forgotten_after_a_minute(stored, monkeypatch):
    """An attempt counts for a minute."""
    throttle = Throttle(stored.attempts)
    for _ in range(PER_ADDRESS):
        wrong(throttle, "192.0.2.1")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    wrong(throttle, "192.0.2.1")


def test_tries_at_once_are_counted_one_by_one(opened_again):
    """Of thirty concurrent attempts, on several workers, five pass."""
    passed = []

    def guess():
        try:
            wrong(Throttle(opened_again().attempts), "192.0.2.1")
            passed.append(1)
        except OverLimit:
            pass

    threads = [threading.Thread(target=guess, daemon=True) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == PER_ADDRESS


def run(*arguments, typed=""):
    return subprocess.run(
        [sys.executable, "-m", "claude_sse", "password", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        env={"PATH": os.environ["PATH"]},
    )


def test_the_command_writes_what_the_server_reads(tmp_path):
    """The command password makes, changes and removes a name, and shows a token once."""
    path = tmp_path / "new/passwords"
    passwords = Passwords(path)
    told = run("ada", "--file", str(path), typed="a good password\na good password\n")
    assert told.returncode == 0 and "a good" not in told.stdout + told.stderr
    assert passwords.is_right("ada", "a good password")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = run("ada", "--token", "--file", str(path))
    assert passwords.name_of_token(told.stdout.strip()) == "ada"
    assert run("ada", "--delete", "--file", str(path)).returncode == 0
    assert passwords.fingerprint_of("ada") == ""


def test_commands_at_once_do_not_undo_each_other(tmp_path):
    """Each of several names that are given a token concurrently has one."""
    path = tmp_path / "passwords"
    names = [f"name{n}" for n in range(8)]
    tokens = {}
    start = threading.Barrier(len(names))

    def give(name):
        start.wait()
        tokens[name] = Passwords(path).new_token(name)

    threads = [threading.Thread(target=give, args=[name], daemon=True) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passwords = Passwords(path)
    assert [passwords.name_of_token(tokens[name]) for name in names] == names


@pytest.mark.parametrize(
    ("arguments", "typed", "sentence"),
    [
        (["ada"], "short\nshort\n", "10 to 1000 characters"),
        (["ada"], "a good password\nanother password\n", "differ"),
        (["ada"], "\x1b[A long enough\n", "letters, digits, signs"),
        (["ada"], "\udcff\udcfe long enough\n", "letters, digits, signs"),
        (["a b"], "", "A name is"),
        (["a\nb"], "", "A name is"),
        (["nobody", "--delete"], "", "There is no nobody"),
    ],
)
def test_the_command_refuses_in_a_sentence(tmp_path, arguments, typed, sentence):
    """An impossible command is refused in a sentence, and nothing is written."""
    told = run(*arguments, "--file", str(tmp_path / "passwords"), typed=typed)
    assert told.returncode != 0 and sentence in told.stderr and "Traceback" not in told.stderr
    assert not (tmp_path / "passwords").exists()


def test_a_locked_file_is_waited_for(sessions_on_disk, tmp_path):
    """A worker that reads while another one writes waits, and then sees the result."""
    cookie = sessions_on_disk.begin("ada")
    other = sqlite3.connect(tmp_path / "sign-in.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    found = []
    reader = threading.Thread(
        target=lambda: found.append(sessions_on_disk.name_of(cookie)), daemon=True
    )
    reader.start()
    other.execute("COMMIT")
    other.close()
    reader.join()
    assert found == ["ada"]
