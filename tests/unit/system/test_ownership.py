"""Root in another user's folder: who owns the files, and the errors about foreign files."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from claude_sse import create_app
from claude_sse.accounts import Passwords
from claude_sse.config.settings import from_environ
from claude_sse.stream_log import file
from claude_sse.system import ownership

ROOT = Path(__file__).parents[3]
NOBODY = 65534
SECRET = "0123456789abcdefghijklmnopqrstuv"


@pytest.fixture
def theirs():
    """A folder that belongs to another user, who can reach it."""
    if os.geteuid():
        if os.environ.get("CLAUDE_SSE_TEST_ALL"):
            pytest.fail("only root can be root, and --all needs it")
        pytest.skip("only root can be root")
    with tempfile.TemporaryDirectory(prefix="claude-sse-") as name:
        folder = Path(name).resolve()
        os.chown(folder, NOBODY, NOBODY)
        folder.chmod(0o755)
        yield folder


def roots(folder):
    """Return what below this folder belongs to root."""
    found = [folder, *folder.rglob("*")]
    return [
        str(p.relative_to(folder)) for p in found if not p.is_symlink() and p.stat().st_uid == 0
    ]


def app_in(folder, standin):
    """The app with a sign-in and a ledger, its files in this folder."""
    environ = {"AUTH": "password", "SECRET_KEY": SECRET, "PASSWORDS": f"{folder}/passwords"}
    environ |= {"STREAM_LOG": f"file://{folder}/state/streams", "ANTHROPIC_API_KEY": "sk-test"}
    return create_app(from_environ({**environ, "ANTHROPIC_BASE_URL": standin.base_url}))


def test_a_password_keeps_owner_and_mode(theirs):
    """A name that root adds leaves the file whose it was; a new file is the folder's owner's."""
    passwords = Passwords(theirs / "made" / "passwords")
    passwords.set_password("ada", "the first engine")
    assert (passwords.path.stat().st_mode & 0o777, roots(theirs)) == (0o600, [])
    os.chown(passwords.path, 12345, 23456)
    passwords.path.chmod(0o400)
    passwords.new_token("ada")
    passwords.delete("nobody-of-this-name")
    status = passwords.path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (12345, 23456, 0o400)


def test_what_a_server_of_roots_makes_is_the_folders(theirs, standin, nonce):
    """A question answered as root leaves no file of root's: no stream, ledger, nor SQLite's own."""
    token = Passwords(theirs / "passwords").new_token("ada")
    client = app_in(theirs, standin).test_client()
    headers = {"Authorization": f"Bearer {token}"}
    body = {"messages": [{"role": "user", "content": f"fault pace texts=2 {nonce}"}]}
    reply = client.put("/streams/12345678-1234-4123-8123-123456789abc", json=body, headers=headers)
    assert b"[DONE]" in reply.data
    assert client.get("/readyz").status_code == 200
    names = {path.name for path in theirs.rglob("*")}
    assert {"sign-in.sqlite", "ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"} <= names
    assert roots(theirs) == []


def test_nothing_is_given_away_in_folders_of_everybody(tmp_path):
    """A file in /tmp stays its maker's: its owner there says nothing."""
    folder = tmp_path / "sticky"
    folder.mkdir()
    folder.chmod(0o1777)
    fd = ownership.create(folder / "mine")
    os.close(fd)
    assert (folder / "mine").stat().st_uid == os.geteuid()


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path):
    """A folder that is there is taken as it is; a file of its name raises FileExistsError."""
    ownership.make_folder(tmp_path / "a/b")
    ownership.make_folder(tmp_path / "a/b")
    assert (tmp_path / "a/b").stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        ownership.make_folder(tmp_path / "file")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("state/streams/log", "log_unavailable"),
        ("state/streams/readers", "log_unavailable"),
        ("state/streams/ledger/ledger.sqlite", "ledger_unavailable"),
        ("sign-in.sqlite", "sign_in_unavailable"),
        ("passwords", "sign_in_unavailable"),
    ],
)
def test_what_others_made_unreadable_is_named(theirs, standin, monkeypatch, name, code):
    """/readyz says which file it is by its name, and the log by its path and owner."""
    monkeypatch.setattr(file, "_FRESH_SECONDS", 0.0)  # the second request is not told of the first
    Passwords(theirs / "passwords").new_token("ada")
    app = app_in(theirs, standin)
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    [path] = [p for p in theirs.rglob("*") if str(p).endswith(name)]
    os.chown(path, 0, 0)
    path.chmod(0o700 if path.is_dir() else 0o600)
    app = app_in_fork(app)
    said, _, logged = app("/readyz").partition("LOG ")
    assert f"503 {code} " in said and path.name in said
    assert str(path) in logged


def app_in_fork(app):
    """Return a function that sends a request to the app in a child that runs as nobody."""

    def ask(path):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                os.write(writing, _asked_as_nobody(app, path).encode())
            os.kill(os.getpid(), signal.SIGKILL)  # nothing of the tests' own may run here
        os.close(writing)
        with open(reading, encoding="utf-8") as told:
            text = told.read()
        os.waitpid(child, 0)
        return text

    return ask


def _asked_as_nobody(app, path):
    import logging

    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logging.getLogger().addHandler(handler)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    for _ in range(100):  # what was found a moment before the change still holds
        reply = app.test_client().get(path)
        if reply.status_code != 200:
            break
    return f"{reply.status_code} {reply.json.get('code')} {reply.json.get('error')} LOG {lines}"


# The command lines -------------------------------------------------------------------------------


@pytest.fixture
def checkout(theirs):
    """A checkout of another user with everything installed, by links to ours."""
    for name in ("script", "claude_sse", "deploy"):
        shutil.copytree(ROOT / name, theirs / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "package.json", "package-lock.json", ".npmrc", "README.md"):
        shutil.copy(ROOT / name, theirs / name)
    (theirs / "static").mkdir()
    (theirs / "static/vendor").mkdir()
    listed = ["package.json", "package-lock.json", "script/vendor"]
    whole = b"".join((theirs / name).read_bytes() for name in listed)
    stamp = subprocess.run(["cksum"], input=whole, capture_output=True, check=True).stdout
    (theirs / "static/vendor/stamp").write_bytes(stamp)
    (theirs / ".venv").symlink_to(ROOT / ".venv")  # as script/setup has made it
    for path in theirs.rglob("*"):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    assert roots(theirs) == []
    return theirs


def run(checkout, *command, user=None, text=""):
    """Run a command of this checkout; return its exit code and output."""
    ended = subprocess.run(
        command,
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )
    return ended.returncode, ended.stdout


def test_script_password_as_root_leaves_nothing_of_roots(checkout):
    """In another user's checkout it makes the file for them, and no __pycache__."""
    typed = "the first engine\n" * 2
    code, said = run(checkout, "script/password", "ada", text=typed)
    assert code == 0 and "ada can sign in" in said, said
    assert roots(checkout) == []
    assert (checkout / "instance/passwords").stat().st_uid == NOBODY


@pytest.mark.parametrize("command", ["script/setup", "script/password", "script/vendor"])
def test_root_makes_nothing_in_the_checkout_of_another(checkout, command):
    """Where something has to be made, it says as whom to run it, and makes nothing."""
    missing = "static/vendor/stamp" if command == "script/vendor" else ".venv"
    (checkout / missing).unlink()
    code, said = run(checkout, command, *(["ada"] if command == "script/password" else []))
    assert "as nobody." in said and "Making" not in said, said
    assert code == (0 if command == "script/vendor" else 1)
    assert roots(checkout) == []


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_what_cannot_be_read_is_not_rebuilt(checkout, mode):
    """A .venv that belongs to another user and cannot be used is left as it is, and named."""
    venv = checkout / ".venv"
    venv.unlink()
    venv.mkdir()
    (venv / "installed-requirements.txt").touch()
    venv.chmod(mode)
    code, said = run(checkout, "script/setup", user=NOBODY)
    assert code == 1 and "up to root: run script/setup as root" in said, said
    assert [path.name for path in venv.iterdir()] == ["installed-requirements.txt"]


def test_the_query_in_the_readme_only_reads(theirs, standin, nonce, require):
    """The README's query of the ledger makes no file, before or after the first question."""
    readme = (ROOT / "README.md").read_text("utf-8")
    [line] = re.findall(r"`(sqlite3 [^`]+)`", readme.replace("\n", " "))
    [query] = re.findall(r"'(.*)'", line)
    command, *options = line.partition("'")[0].split()
    assert options[-1] == "instance/streams/ledger/ledger.sqlite"
    ledger = theirs / "state/streams/ledger/ledger.sqlite"
    asked = [require(command), *options[:-1], str(ledger), query]
    token = Passwords(theirs / "passwords").new_token("ada")
    client = app_in(theirs, standin).test_client()
    assert subprocess.run(asked, capture_output=True, timeout=60).returncode != 0
    assert not ledger.exists()
    body = {"prompt": f"fault pace texts=2 {nonce}"}
    client.post("/stream", json=body, headers={"Authorization": f"Bearer {token}"}).get_data()
    told = subprocess.run(asked, capture_output=True, timeout=60, text=True, check=True).stdout
    assert "user:ada" in told
    assert roots(theirs) == []
