"""The repository contains no secrets, and the lists of packages pin hashes."""

import importlib.machinery
import importlib.util
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
#: Keys as their owners make them; written so that this file is not one of the finds.
KEYS = re.compile(
    rb"sk-ant-[a-z]+[0-9]+-[\w-]{20,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}"
    rb"|-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[\w+/]|xox[abpr]-[\w-]{10,}"
    rb"|eyJ[\w-]{15,}\.eyJ[\w-]{15,}"
)
LISTS = [*sorted(ROOT.glob("requirements*.txt")), ROOT / "bench/requirements.txt"]


@pytest.fixture(scope="module")
def files():
    """Everything that git has or is about to be given."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    return [path for name in listed.stdout.decode().split("\0") if (path := ROOT / name).is_file()]


def test_a_key_would_be_found():
    """The patterns match keys, and not texts about keys."""
    assert KEYS.search(b"ANTHROPIC_API_KEY=sk-ant-" + b"api03-" + b"Ab1_" * 20)
    assert KEYS.search(b"-----BEGIN EC PRIVATE" + b" KEY-----\nMHcCAQEE")
    assert not KEYS.search(b"a key begins with sk-ant-... and stays in .env")


def test_no_file_holds_a_key(files):
    """No file in the repository contains text in the form of a key."""
    assert len(files) > 100
    assert [str(path) for path in files if KEYS.search(path.read_bytes())] == []


def test_settings_with_secrets_stay_out(files):
    """Neither .env nor what the app writes is in the repository, and the example holds no value."""
    names = {str(path.relative_to(ROOT)) for path in files}
    assert not {name for name in names if name == ".env" or name.startswith("instance/")}
    example = (ROOT / ".env.example").read_text("utf-8")
    for secret in ("ANTHROPIC_API_KEY", "SECRET_KEY"):
        assert re.search(rf"(?m)^#? ?{secret}= *(#.*)?$", example), secret


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_every_package_is_pinned_by_hash(path):
    """Each list names exact versions with their hashes, and no registry."""
    text = path.read_text("utf-8")
    entries = re.sub(r" *\\\n +", " ", re.sub(r"(?m)^(#.*|-r .*|)\n", "", text)).splitlines()
    assert entries
    for entry in entries:
        marked = re.sub(r' ; python_full_version < "[\d.]+"', "", entry)
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[\w.]+( --hash=sha256:[0-9a-f]{64})+", marked)
    assert "://" not in text and "--index" not in text and "--find-links" not in text


def audit():
    """The program, as a module."""
    loader = importlib.machinery.SourceFileLoader("audit", str(ROOT / "script/audit"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("audit", loader))
    loader.exec_module(module)
    return module


def test_the_audit_distinguishes_unsafe_from_unknown():
    """An unsafe package is named; missing information is reported as such, not as safety."""
    look = audit()
    flaw = {"id": "GHSA-1", "fix_versions": ["2.1"]}
    packages = [{"name": "a", "version": "2", "vulns": [flaw]}, {"name": "b", "skip_reason": "x"}]
    answer = json.dumps({"dependencies": packages})
    assert look.pip_findings(answer) == (1, ["a 2: GHSA-1, fixed in 2.1"])
    unknown = json.dumps({"dependencies": packages[1:]})
    for nothing in ("", unknown):
        with pytest.raises(look.NotReached):
            look.pip_findings(nothing)
    flaws = {"c": {"name": "c", "range": "<2", "severity": "high"}}
    report = {"vulnerabilities": flaws, "metadata": {"dependencies": {"total": 7}}}
    assert look.npm_findings(json.dumps(report)) == (7, ["c <2: high"])
    for nothing in ("", '{"message": "405"}'):
        with pytest.raises(look.NotReached):
            look.npm_findings(nothing)
