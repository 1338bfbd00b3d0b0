"""The wheel: its contents, and what it gives a user who has never seen the checkout."""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import signal
import subprocess
import tomllib
import zipfile
from collections.abc import Callable
from email.message import Message
from pathlib import Path

import pytest

from tests.slack import within

from .client import eventually, text
from .installed import Program, build, install, running, site_packages
from .running import ROOT, new_id

VENDOR = ROOT / "static/vendor"
#: What the wheel has beside the code, by its folder there.
_CARRIED = {name: f"claude_sse/_files/{name}" for name in ("deploy", "static", "templates")}
_NAMED_IN_PYPROJECT = ("LICENSE", "README.md", ".env.example", "gunicorn.conf.py")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which it is installed."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    install(wheel, folder)
    return folder


@pytest.fixture
def working(tmp_path: Path) -> Path:
    """An empty folder to start it in."""
    folder = tmp_path / "chat"
    folder.mkdir()
    return folder


@pytest.fixture
def run(environment: Path, working: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``claude-sse`` in the empty folder; returns its exit code and output."""

    def run(*arguments: str, typed: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        base = {"PATH": os.environ["PATH"], "HOME": str(working.parent), "LANG": "C.UTF-8"}
        return subprocess.run(
            [environment / "bin/claude-sse", *arguments],
            cwd=working,
            env={**base, **environ},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


# What is in it -----------------------------------------------------------------------------------


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def metadata(wheel: Path) -> Message:
    """Return the wheel's METADATA."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def listed(*folders: str) -> set[str]:
    """Return the files of these folders that are in git, or not yet but will be."""
    options = ["--cached", "--others", "--exclude-standard", "-z", "--", *folders]
    told = subprocess.run(["git", "ls-files", *options], cwd=ROOT, check=True, capture_output=True)
    return {name for name in told.stdout.decode().split("\0") if name and (ROOT / name).exists()}


def test_the_wheel_is_what_git_has_and_the_libraries_of_the_page(
    wheel: Path, require: Callable[[str], str]
) -> None:
    """It holds the package, the page, the examples and the libraries, and nothing else."""
    require("git")
    vendored = {path.relative_to(ROOT).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    wanted = {*listed("claude_sse", *_CARRIED), *vendored - {"static/vendor/stamp"}}
    wanted = {name for name in wanted if not name.endswith(".d.ts")}
    moved = {re.sub(r"^\w+", lambda m: _CARRIED.get(m[0], m[0]), name) for name in wanted}
    moved |= {"claude_sse/_files/.env.example", "claude_sse/_files/gunicorn.conf.py"}
    assert {name for name in names(wheel) if ".dist-info/" not in name} == moved


def test_each_file_is_in_it_as_it_is(wheel: Path) -> None:
    """The files in the wheel have the bytes of the checkout's."""
    back = {carried: name for name, carried in _CARRIED.items()}
    pattern = re.compile("|".join([*back, "claude_sse/_files"]))
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if ".dist-info/" not in name:
                own = pattern.sub(lambda m: back.get(m[0], "."), name, count=1)
                assert archive.read(name) == (ROOT / own).read_bytes(), name


def test_the_same_tree_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """Built again, by another umask and with other dates of its files, it has the same bytes."""
    (ROOT / "templates/base.html").touch()
    again = build(tmp_path, umask=0o077)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_no_wheel_is_built_without_the_libraries(wheel: Path, tmp_path: Path) -> None:
    """Where script/vendor has not run the build fails, and names the folder that is missing."""
    for name in (*listed("claude_sse", *_CARRIED), *_NAMED_IN_PYPROJECT, "pyproject.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    builder = [ROOT / ".venv/wheel/bin/python", "-m", "hatchling", "build", "--target", "wheel"]
    told = subprocess.run(builder, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert told.returncode != 0
    assert "static/vendor/licenses" in told.stderr
    assert not list(tmp_path.rglob("*.whl"))


def test_every_library_in_it_has_its_licence_beside_it(wheel: Path) -> None:
    """Our licence and that of each library are in the metadata, word for word."""
    told = metadata(wheel)
    files = told.get_all("License-File", [])
    libraries = set(json.loads((ROOT / "package.json").read_text())["dependencies"])
    assert set(files) == {"LICENSE", *(f"static/vendor/licenses/{n}.txt" for n in libraries)}
    vendored = {path.stem for path in VENDOR.iterdir() if path.suffix == ".js" or path.is_dir()}
    for library in vendored - {"licenses"}:  # prismjs fills the folder prism
        assert any(name.startswith(library) for name in libraries), f"{library} has no licence"
    [folder] = {name.partition("/")[0] for name in names(wheel) if ".dist-info/" in name}
    with zipfile.ZipFile(wheel) as archive:
        for name in files:
            licence = archive.read(f"{folder}/licenses/{name}").decode()
            assert "Copyright" in licence and "AS IS" in licence.upper(), name
            module = ROOT / "node_modules" / Path(name).stem / "LICENSE"
            if module.exists():
                assert licence == module.read_text("utf-8")
    expression = told["License-Expression"]
    assert set(re.split(" AND ", expression)) == {"MIT", "ISC", "BSD-3-Clause"}


def test_the_metadata_is_that_of_the_project(wheel: Path) -> None:
    """Name, version, Python and dependencies are those of pyproject.toml, and nothing else's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    told = metadata(wheel)
    assert told["Name"] == "claude-sse" and told["Version"] in wheel.name
    assert told["Requires-Python"] == project["requires-python"]
    always = [line for line in told.get_all("Requires-Dist", []) if "extra ==" not in line]
    required = {re.split("[<>=~]", line)[0] for line in always}
    assert required == {re.split("[<>=~]", line)[0] for line in project["dependencies"]}
    assert "# claude-sse" in told.get_payload()
    builder = re.findall(r"(?m)^hatchling==.*\d", (ROOT / "requirements-wheel.txt").read_text())
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert requires == builder


# The server --------------------------------------------------------------------------------------


def served(program: Program, prompt: str = "fault pace texts=3") -> str:
    """Ask one question; return the text of the answer, which must be whole."""
    with program.put(new_id(), prompt) as answer:
        body = answer.rest()
    assert body.endswith(b"data: [DONE]\n\n"), body
    return text(body)


def test_an_installed_server_answers_and_serves_its_page(environment: Path, working: Path) -> None:
    """In an empty folder, without a key, it serves the whole page and the stand-in answers."""
    before = {path for path in site_packages(environment).rglob("*") if path.suffix != ".pyc"}
    with running([environment / "bin/claude-sse"], working) as program:
        assert "No ANTHROPIC_API_KEY is set: a local stand-in answers" in program.log()
        with program.ask("GET", "/") as page:
            html = page.rest().decode()
        assert "Demo: no ANTHROPIC_API_KEY is set" in html
        [entry] = re.findall(r'src="(/static/[0-9a-f]{12}/chat\.js)"', html)
        carried = site_packages(environment) / "claude_sse/_files/static"
        for path in sorted(path for path in carried.rglob("*") if path.is_file()):
            name = path.relative_to(carried).as_posix()
            if "prism/" not in name or name.endswith(("core.min.js", "python.min.js")):
                with program.ask("GET", entry.replace("chat.js", name)) as file:
                    assert file.status == 200 and file.rest() == path.read_bytes(), name
        assert len(served(program, "Hello")) > 200
        assert list((program.state() / "streams/log").iterdir())
        assert f"{program.state()}\n" in program.log()
        program.check()
    assert list(working.iterdir()) == []
    after = {path for path in site_packages(environment).rglob("*") if path.suffix != ".pyc"}
    assert {path for path in after - before if path.name != "__pycache__"} == set()


@pytest.mark.parametrize(
    "stop",
    [
        Program.type_ctrl_c,
        Program.close_terminal,
        lambda program: program.process.send_signal(signal.SIGTERM),
    ],
    ids=["Ctrl-C", "terminal", "TERM"],
)
def test_it_ends_within_a_second_and_takes_the_stand_in_along(
    environment: Path, working: Path, stop: Callable[[Program], None]
) -> None:
    """Ctrl-C, a closed terminal and SIGTERM end it, its workers and the stand-in."""
    with running([environment / "bin/claude-sse"], working, DRAIN_SECONDS="0") as program:
        standin, workers = program.standin(), program.workers()
        with program.put(new_id(), "fault stall after=3") as answer:
            answer.read_until(b"word2 ")
            with within(1.0):
                stop(program)
                assert program.process.wait(30) == 0
            assert b'"code":"interrupted"' in answer.rest()
        assert standin in workers
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        program.check()


def test_a_checkout_starts_and_ends_in_the_same_way(tmp_path: Path, working: Path) -> None:
    """script/server is the same program: the stand-in answers, options pass, Ctrl-C ends it."""
    command: list[Path | str] = [ROOT / "script/server", "--workers", "1"]
    settings = {"STATE_DIR": f"{tmp_path}/state", "ANTHROPIC_API_KEY": ""}
    with running(command, working, **settings) as program:
        assert served(program) == "word0 word1 word2 "
        assert list((tmp_path / "state/streams/log").iterdir())
        [worker] = set(program.workers()) - {program.standin()}
        with within(1.0):
            program.type_ctrl_c()
            assert program.process.wait(30) == 0
        eventually(lambda: not Path(f"/proc/{worker}").exists())


def test_what_lies_in_the_working_folder_is_not_run(environment: Path, working: Path) -> None:
    """Modules and gunicorn.conf.py of another program in the folder are left alone."""
    for name in ("flask", "anthropic", "json", "wsgi", "claude_sse", "gunicorn.conf", "sqlite3"):
        (working / f"{name}.py").write_text("raise SystemExit('this is not claude-sse')\n")
    with running([environment / "bin/claude-sse"], working) as program:
        assert served(program) == "word0 word1 word2 "


def test_env_of_the_working_folder_is_read(environment: Path, working: Path) -> None:
    """Settings come from .env in the folder where it is started; there a key asks Claude itself."""
    env = working / ".env"
    env.write_text(
        "ANTHROPIC_API_KEY=sk-test\nANTHROPIC_BASE_URL=http://127.0.0.1:9\n"
        "MODEL=of-the-file\nBANNER=Of the file\n"
    )
    env.chmod(0o600)
    with running([environment / "bin/claude-sse"], working) as program:
        assert "(answers: of-the-file at http://127.0.0.1:9)" in program.log()
        assert "stand-in" not in program.log()
        with program.ask("GET", "/") as page:
            assert b"Of the file" in page.rest()


def test_two_working_folders_have_nothing_in_common(environment: Path, tmp_path: Path) -> None:
    """Servers of one user in two folders do not know each other's answers."""
    home = tmp_path / "home"
    programs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        programs.append(
            running([environment / "bin/claude-sse"], tmp_path / name, XDG_STATE_HOME=str(home))
        )
    with programs[0] as one, programs[1] as two:
        stream = new_id()
        with one.put(stream, "fault pace texts=3") as answer:
            assert answer.status == 201
        with two.get(stream) as unknown, one.get(stream) as known:
            assert (unknown.status, known.status) == (404, 200)
    assert len(list((home / "claude-sse").iterdir())) == 2


# The other commands ------------------------------------------------------------------------------


def test_an_app_can_be_made_in_a_program_of_ones_own(environment: Path, working: Path) -> None:
    """``create_app`` works where the package is installed, with the templates that came with it."""
    program = """
import claude_sse
app = claude_sse.create_app()
client = app.test_client()
print(client.get("/").status, client.get("/static/chat.js").status, app.instance_path)
"""
    environ = {"STATE_DIR": f"{working}/state", "ANTHROPIC_API_KEY": "sk-test", "PATH": "/usr/bin"}
    told = subprocess.run(
        [environment / "bin/python", "-W", "error", "-c", program],
        cwd=working,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.stdout == f"200 OK 200 OK {working}/state\n", told.stderr


def test_the_settings_are_a_file_to_begin_with(run: Callable, working: Path, wheel: Path) -> None:
    """``claude-sse settings`` prints .env.example, which is accepted as .env."""
    told = run("settings")
    assert told.stdout == (ROOT / ".env.example").read_text("utf-8")
    (working / ".env").write_text(told.stdout)
    assert run("--check-config").returncode == 0
    assert run("--version").stdout == f"claude-sse {metadata(wheel)['Version']}\n"


def test_a_foreign_env_is_refused_with_the_way_out(run: Callable, working: Path) -> None:
    """A .env of another program is named, and so are the list of settings and another folder."""
    (working / ".env").write_text("DATABASE_URL=postgres://localhost\n")
    told = run()
    assert told.returncode == 1
    assert "DATABASE_URL in .env is not a setting; claude-sse settings lists" in told.stderr
    assert "in a folder of its own" in told.stderr


def test_passwords_are_where_the_server_looks_for_them(run: Callable, working: Path) -> None:
    """``claude-sse password`` makes the file of this folder's server, private to its owner."""
    refused = run("--check-config", AUTH="password")
    [path] = re.findall(r"needs the file of passwords (\S+) ", refused.stderr)
    assert "make it with claude-sse password NAME" in refused.stderr
    typed = "the first engine\n" * 2
    assert "ada can sign in" in run("password", "ada", typed=typed).stdout
    assert (Path(path).stat().st_mode & 0o777, list(working.iterdir())) == (0o600, [])
    assert run("--check-config", AUTH="password").returncode == 0


def test_a_running_server_can_be_checked(environment: Path, working: Path, run: Callable) -> None:
    """``claude-sse check URL`` is script/check."""
    with running([environment / "bin/claude-sse"], working) as program:
        told = run("check", f"http://localhost:{program.port}")
        assert told.returncode == 0, told.stdout
        assert "claude-sse answers" in told.stdout
    assert run("check", "--help").stdout.startswith("usage: claude-sse check")


def test_the_help_says_where_things_are(run: Callable, working: Path) -> None:
    """``claude-sse --help`` names the commands, .env, the folder of state and the examples."""
    told = run("--help")
    assert told.returncode == 0
    for command in ("settings", "password", "check"):
        assert f"claude-sse {command}" in told.stdout
    assert f"{working}/.env" in told.stdout
    assert f"{working.parent}/.local/state/claude-sse/chat-" in told.stdout
    [examples] = re.findall(r"\S+/deploy$", told.stdout, re.MULTILINE)
    assert (Path(examples) / "nginx.conf").exists()
    assert "There is no home" in run("--help", HOME="").stdout


def test_what_is_no_command_is_refused(run: Callable) -> None:
    """A word that is not a command is refused, and not taken for an app to serve."""
    for words in (["serve"], ["--workers", "1", "other:app"]):
        told = run(*words)
        assert told.returncode == 2
        assert f"there is no command {words[-1]}" in told.stderr


def test_without_a_home_the_setting_is_named(run: Callable) -> None:
    """Where no folder for the state can be found it says to set STATE_DIR."""
    told = run(HOME="")
    assert told.returncode == 1 and "set STATE_DIR" in told.stderr.splitlines()[-1]
