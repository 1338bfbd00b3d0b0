"""The names of gunicorn that we use without a promise of gunicorn's."""

import ast
import inspect
from pathlib import Path

import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import PollableMethodQueue

from claude_sse.server import connection, fast_worker, gunicorn_internals, logger, program, worker
from claude_sse.server.gunicorn_internals import ATTRIBUTES, METHODS, Logger, TConn, ThreadWorker

SERVER = Path(worker.__file__).parent
#: Each class of ours that subclasses one of gunicorn's.
SUBCLASSES = [
    (worker.DrainingWorker, ThreadWorker),
    (fast_worker.FastWorker, ThreadWorker),
    (connection.Connection, TConn),
    (fast_worker.FastConnection, TConn),
    (connection._Request, gunicorn_internals.Request),
    (logger.Logger, Logger),
    (program.Program, gunicorn_internals.Application),
]


class App:
    """As much of gunicorn's application as a worker reads."""

    def wsgi(self):
        """Return what answers requests."""
        return "the app"


class Socket:
    """As much of a socket as a connection sets."""

    def setblocking(self, flag):
        """Do nothing."""


def instance_of(base):
    """Return an instance of gunicorn's own class, as gunicorn makes it."""
    cfg = Config()
    if base is ThreadWorker:
        made = ThreadWorker(1, 1, [], App(), 30, cfg, None)
        made.tmp.close()
        made.load_wsgi()
        return made
    if base is TConn:
        return TConn(cfg, Socket(), ("127.0.0.1", 1), ("127.0.0.1", 2))
    return Logger(cfg)


@pytest.mark.parametrize(
    ("base", "name", "parameters"),
    [(base, name, listed) for base, names in METHODS.items() for name, listed in names.items()],
)
def test_the_installed_gunicorn_has_each_method_with_its_parameters(base, name, parameters):
    """A method that an upgrade renames, or calls in another way, is named by this test."""
    assert str(inspect.signature(getattr(base, name))) == f"({parameters})"


@pytest.mark.parametrize("base", ATTRIBUTES, ids=lambda base: base.__name__)
def test_the_installed_gunicorn_has_each_attribute(base):
    """An attribute that an upgrade renames is missing on an instance."""
    made = instance_of(base)
    assert {name for name in ATTRIBUTES[base] if not hasattr(made, name)} == set()


def test_the_queue_of_the_accept_loop_takes_a_function_and_its_arguments():
    """Other threads wake the accept loop by deferring a call to it."""
    assert str(inspect.signature(PollableMethodQueue.defer)) == "(self, callback, *args)"


@pytest.mark.parametrize(("ours", "base"), SUBCLASSES, ids=lambda cls: cls.__qualname__)
def test_every_name_that_we_use_is_listed(ours, base):
    """What our classes override, call, read or set of gunicorn's stands in the lists."""
    known = METHODS[base].keys() | ATTRIBUTES.get(base, set())
    used = {name for name in vars(ours) if not name.startswith("__")} | names_on_self(ours)
    inherited = set(dir(instance_of(base))) if base in ATTRIBUTES else set(dir(base))
    assert used & inherited <= known


def names_on_self(cls):
    """Return the attributes of ``self`` and of ``super()`` that the class's code names."""
    tree = ast.parse(Path(inspect.getfile(cls)).read_text("utf-8"))
    [body] = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == cls.__name__]
    return {
        node.attr
        for node in ast.walk(body)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("self", "super()")
    }


def test_nothing_else_imports_gunicorn():
    """gunicorn's modules are named in one file of the folder."""
    importers = {
        path.name
        for path in SERVER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gunicorn"
    }
    assert importers == {"gunicorn_internals.py"}
