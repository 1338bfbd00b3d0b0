"""What the bench of the page is made of: its answer, its table, the other pages' packages."""

import json

import pytest

from bench.page import table
from bench.page.documents import KINDS, Answer, document, numbered
from bench.page.pages import PAGES, REACT
from bench.page.tasks import of_main_thread, summary


@pytest.mark.parametrize("mathematics", [False, True])
def test_every_text_ends_with_its_number(mathematics):
    """The numbers of the answer are those of its texts, and stand nowhere but at their ends."""
    texts = numbered(100_000, mathematics=mathematics)
    assert 99_000 < sum(map(len, texts)) <= 100_000
    for n, text in enumerate(texts, 1):
        assert text.endswith(f"@{n}")
        assert text.count("@") == 1
    assert 20 < sum(map(len, texts)) / len(texts) < 80


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_has_the_size_that_was_asked_for(kind):
    """Each kind of document is as long as ordered, and begins the same at any size."""
    assert len(document(kind, 5000)) == 5000
    assert document(kind, 5000).startswith(document(kind, 1000))


def test_the_table_has_the_medians_of_each_page():
    """Of three rounds of a page the middle ones are shown, and a pace has a table of its own."""
    rounds = [
        {"pace": pace, "page": "us", **dict.fromkeys(table.COLUMNS, value)}
        for pace in ("paced", "fast")
        for value in (3, 70, 12)
    ]
    shown = table.tables(rounds, Answer(1000), {"paced": 25, "fast": 4})
    assert shown.count("| us | 12 | 12 |") == 2
    assert "### paced: 1,000 characters" in shown and "### fast: 1,000 characters" in shown
    assert "tutorial" not in shown


def test_a_task_counts_with_its_cpu_time_on_the_main_thread():
    """Of the renderers' main threads the busiest is the page's; waiting for a core is no work."""
    task = {"name": "ThreadControllerImpl::RunTask", "pid": 1, "dur": 900_000}
    names = [(1, 1, "CrRendererMain"), (1, 2, "Compositor"), (2, 1, "CrRendererMain")]
    events = [
        {"name": "thread_name", "pid": pid, "tid": tid, "args": {"name": name}}
        for pid, tid, name in names
    ]
    events += [{**task, "tid": 1, "tdur": 60_000}, {**task, "tid": 1, "tdur": 7_000}]
    events += [{**task, "tid": 2, "tdur": 800_000}, {**task, "pid": 2, "tid": 1, "tdur": 9_000}]
    assert summary(of_main_thread(events)) == {"longest_ms": 60, "long_tasks": 1}


def test_the_react_pages_are_installed_from_nowhere_in_particular():
    """The lock names versions and checksums, and no registry; the versions asked for are exact."""
    lock = json.loads((REACT / "package-lock.json").read_text("utf-8"))
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages and all(p["integrity"] and "resolved" not in p for p in packages)
    asked = lock["packages"][""]["dependencies"] | lock["packages"][""]["devDependencies"]
    assert all(version.replace(".", "").isdigit() for version in asked.values())


def test_whatever_a_page_is_made_of_is_there_or_built():
    """A page beside ours has its files in the tree, or its source for the bundler."""
    for name, page in PAGES.items():
        made = page.folder and (page.folder / "index.html").exists()
        assert name == "us" or made or (REACT / "src" / f"{name}.jsx").exists()
