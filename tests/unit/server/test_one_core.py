"""A worker's core: when it keeps to one, and when it lets go of it."""

import errno
import os
import subprocess
import sys
import time

import pytest

from claude_sse.server import one_core
from claude_sse.server.one_core import Load, choose

QUIET = {0: 0.05, 1: 0.05}


def load(own, used, idle=None):
    """A load whose cores do nothing else."""
    return Load(own, used, idle or {core: 1 - share for core, share in used.items()})


@pytest.mark.parametrize(
    ("core", "seen", "chosen"),
    [
        (None, load(0.01, QUIET), None),  # it has little to do
        (None, load(0.5, {0: 0.5, 1: 0.1}), 1),  # the one with more room
        (None, load(0.5, {0: 0.4, 1: 0.2}), 0),  # its favourite, where that has nearly as much
        (None, load(0.9, {0: 1.0, 1: 0.6}), 1),  # with all of it on one, the rest fits on the other
        (None, load(0.5, {0: 1.0, 1: 1.0}), None),  # nowhere is room for what others do
        (1, load(0.9, {0: 0.3, 1: 1.0}), 1),  # full, of itself
        (1, load(0.5, {0: 0.3, 1: 0.8}), 1),  # shared, with something left
        (1, load(0.6, {0: 0.3, 1: 1.0}), None),  # shared, and full
        (1, load(0.0, {0: 0.0, 1: 0.0}), 1),  # silence is no reason
    ],
)
def test_a_core_is_kept_while_it_is_not_wanted_elsewhere(core, seen, chosen):
    """What one look says, from what was used since the one before."""
    assert choose(core, seen, favourite=0) == chosen


#: Looks at what it is told was used, and prints on how many cores its threads may be after each.
LOOKS = """
import os, threading, time
from claude_sse import one_core
cores = sorted(os.sched_getaffinity(0))
here = one_core.OneCore(0)
idle = dict.fromkeys(cores, 1.0)
nothing = dict.fromkeys(cores, 0.0)
busy = {core: 1.0 for core in cores}
quiet = one_core.Load(0.5, nothing | {cores[0]: 0.5}, idle)
full = one_core.Load(0.5, busy, nothing)
loads = iter([quiet, quiet, full, quiet, quiet])
class Books(one_core._Books):
    def since(self, before):
        allowed = {frozenset(os.sched_getaffinity(int(t))) for t in os.listdir("/proc/self/task")}
        print([len(a) for a in allowed], flush=True)
        return next(loads)
one_core._Books, one_core.CHECK_SECONDS, one_core.REST_SECONDS = Books, 0.01, float(%s)
threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
try:
    here.look()
except StopIteration:
    pass
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux lets it choose")
@pytest.mark.parametrize(("rest", "back"), [(0.0, 1), (60.0, None)])
def test_all_threads_go_together(rest, back):
    """To one core, to all where it must be shared, and back after a rest."""
    cores = len(os.sched_getaffinity(0))
    if cores < 2:
        pytest.skip("there is one core only")
    done = subprocess.run(
        [sys.executable, "-c", LOOKS % rest], capture_output=True, text=True, timeout=60, check=True
    )
    seen = [eval(line) for line in done.stdout.splitlines()]
    assert seen == [[n] for n in (cores, 1, 1, cores, back or cores, back or cores)]


FORKS = """
import os
from claude_sse.server.one_core import OneCore
cores = os.sched_getaffinity(0)
if (child := os.fork()) == 0:
    OneCore(0)._use(min(cores))
    os._exit(os.sched_getaffinity(0) != {min(cores)})
assert os.waitpid(child, 0)[1] == 0, "the child is not on one core"
assert os.sched_getaffinity(0) == cores, "its parent is"
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux lets it choose")
def test_a_worker_moves_itself_and_not_the_master():
    """After a fork the main thread has a new number, whatever Python says."""
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux keeps these books")
def test_the_kernels_books_are_read():
    """What this process uses is found, and no core does more than one can."""
    cores = os.sched_getaffinity(0)
    before = one_core._Books.now(cores)
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    seen = one_core._Books.now(cores).since(before)
    assert 0.02 < seen.own < 1.2
    assert sum(seen.used.values()) > seen.own / 2
    assert all(0 <= share < 1.3 for share in (*seen.used.values(), *seen.idle.values()))


def test_no_file_to_be_had_for_a_moment_is_no_end(monkeypatch, caplog):
    """All cores are allowed meanwhile, and then it looks on."""
    monkeypatch.setattr(one_core, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(one_core, "REST_SECONDS", 0.0)
    faults = iter([OSError(errno.EMFILE, "Too many open files"), KeyError(7)])

    def now(cores):
        raise next(faults)

    monkeypatch.setattr(one_core._Books, "now", now)
    here = one_core.OneCore(0)
    here._allowed = here._allowed | {1000}
    used = []
    monkeypatch.setattr(here, "_use", used.append)
    here.look()
    assert used == [None, None]
    assert next(faults, None) is None


def test_without_books_all_cores_stay_allowed(monkeypatch, caplog):
    """Where the kernel does not tell, nothing is chosen, and a line of the log says so."""
    monkeypatch.setattr(one_core, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(one_core._Books, "now", lambda cores: {}[7])
    here = one_core.OneCore(0)
    here._allowed = here._allowed | {1000}
    used = []
    monkeypatch.setattr(here, "_use", used.append)
    here.look()
    assert used == [None]
    assert "one core" in caplog.text
