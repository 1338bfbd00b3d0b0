"""Stream logs on file systems that lack a feature, and on disks that fill up."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claude_sse.protocol.errors import Unavailable
from claude_sse.stream_log.file import FileStreamLog

from . import failing_calls

ROOT = Path(__file__).parents[3]
DIGEST = "d" * 64
TTL_SECONDS = 24 * 3600.0
USE_LOG = """
import sys
from pathlib import Path
from claude_sse.config.settings import ConfigError
from claude_sse.protocol import sse
from claude_sse.stream_log import StreamExists, open_log
try:
    log = open_log(Path(sys.argv[1]), 3600.0)
except ConfigError as exc:
    sys.exit(str(exc))
log.check()
writer = log.create("local/1", "d" * 64)
try:
    log.create("local/1", "d" * 64)
except StreamExists:
    print("once")
reader = log.open("local/1")
writer.append(sse.encode(1, sse.DONE))
writer.close()
print(reader.read(1.0).decode(), len(list(__import__("os").scandir(sys.argv[1] + "/log"))))
"""
needs_seccomp = pytest.mark.skipif(
    not failing_calls.IS_POSSIBLE, reason="system calls can be made to fail on Linux only"
)


def use_log(folder, failures):
    """Use a log in a process whose system calls fail like this; return the ended process."""
    command = [sys.executable, "-m", failing_calls.__name__, failures]
    return subprocess.run(
        [*command, sys.executable, "-c", USE_LOG, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


@needs_seccomp
@pytest.mark.parametrize("error", ["EPERM", "EOPNOTSUPP", "EMLINK", "ENOSYS"])
def test_no_hard_links_are_needed(tmp_path, error):
    """Without hard links, as on FAT and many mounts, a stream is created once, and read."""
    ended = use_log(tmp_path, f"link={error}")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split() == ["once", "id:", "1", "data:", "[DONE]", "1"]


@needs_seccomp
@pytest.mark.parametrize(
    ("failures", "reason"),
    [
        ("flock=ENOLCK", "No locks available"),
        ("flock=EOPNOTSUPP", "Operation not supported"),
        ("flock=ENOSYS", "Function not implemented"),
        ("flock=0", "keeps no locks"),
        ("rename=EPERM", "Operation not permitted"),
    ],
)
def test_a_missing_feature_is_detected_at_the_start(tmp_path, failures, reason):
    """One sentence names the folder and the reason; nothing is left in the folder."""
    ended = use_log(tmp_path, failures)
    assert ended.returncode == 1
    [said] = ended.stderr.splitlines()
    assert str(tmp_path) in said and reason in said and "STREAM_LOG=" in said
    assert os.listdir(tmp_path / "log") == []


@pytest.fixture
def disk(tmp_path, require):
    """Return a function that gives ``tmp_path`` a small disk of its own, or changes it."""
    mount = require("mount")

    def remount(options):
        command = [mount, "-t", "tmpfs", "-o", options, "claude-sse-test", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode and os.geteuid():
            pytest.skip(f"only root can mount: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        return tmp_path

    yield remount
    subprocess.run(["umount", "-l", str(tmp_path)], capture_output=True)


def test_a_disk_without_inodes_refuses_streams(disk):
    """Without a free inode the log opens, refuses streams, and recovers once there are some."""
    folder = disk("size=100m,nr_inodes=5")  # the root and four folders
    log = FileStreamLog(folder, TTL_SECONDS)
    with pytest.raises(Unavailable, match="disk is full"):
        log.check()
    disk("remount,size=100m,nr_inodes=99")
    log.check()
    log.create("local/1", DIGEST).close()


def store(log, folder, key, megabytes, hours_ago):
    """Store a stream of this size that ended ``hours_ago``; return its file."""
    before = set((folder / "log").iterdir())
    writer = log.create(key, DIGEST)
    writer.append(b"x" * (megabytes << 20))
    writer.close()
    [path] = set((folder / "log").iterdir()) - before
    os.utime(path, (time.time() - hours_ago * 3600,) * 2)
    return path


def test_stored_streams_take_no_more_than_they_leave_free(disk):
    """The oldest ended streams are removed early, as many as needed; a running one stays."""
    log = FileStreamLog(folder := disk("size=180m,nr_inodes=99"), TTL_SECONDS)
    running = log.create("local/running", DIGEST)
    running.append(b"x" * (8 << 20))
    (first,) = (folder / "log").iterdir()
    os.utime(first, (0, time.time() - 20 * 3600))
    ended = [store(log, folder, f"local/{n}", 16, hours_ago=10 - n) for n in range(7)]
    log.sweep()
    assert [os.path.exists(path) for path in ended] == [False, False] + [True] * 5
    assert os.path.exists(first)
    running.close()
    log.sweep()
    assert all(map(os.path.exists, ended[2:]))


def test_the_last_hour_is_kept_whatever_its_size(disk):
    """A reconnecting client finds its answer; beyond the reserve new streams are refused."""
    log = FileStreamLog(folder := disk("size=140m,nr_inodes=99"), TTL_SECONDS)
    young = [store(log, folder, f"local/{n}", 20, hours_ago=0.5) for n in range(4)]
    log.sweep()
    assert all(map(os.path.exists, young))
    with pytest.raises(Unavailable):
        log.check()


def test_a_full_disk_makes_room_for_the_next_stream(disk):
    """Old streams are removed when a new one needs the room, not at the next sweep."""
    log = FileStreamLog(folder := disk("size=140m,nr_inodes=99"), TTL_SECONDS)
    old = [store(log, folder, f"local/{n}", 20, hours_ago=5 - n) for n in range(4)]
    log.check()
    assert [os.path.exists(path) for path in old] == [False, True, True, True]
