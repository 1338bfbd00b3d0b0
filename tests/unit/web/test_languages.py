"""A page in its reader's language, as the browser asks for it."""

import json
import re

import pytest
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from claude_sse.config import installation
from claude_sse.web import languages

FOLDER = installation.FILES / "static"


def texts_in(page):
    """The texts that a page's modules are given."""
    block = re.search(r'<script type="application/json" id="words">(.*?)</script>', page)
    return json.loads(block[1])


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE_de", "de"),
        ("de-AT,en;q=0.5", "de"),
        ("en-US,de;q=0.9", "en"),
        ("de;q=0.8,en;q=0.9", "en"),
        ("fr,de;q=0.5", "de"),
        ("fr-CH, fr;q=0.9, nl", "en"),
        ("de;q=0, en;q=0.1", "en"),
        ("*", "en"),
        ("*, de;q=0.3", "de"),
        ("zh-Hant-TW", "zh-Hant"),
        ("pt", "pt-BR"),
        ("", "en"),
        ("-", "en"),
        ("d,;q=x,,e;q=9,de-", "de"),
    ],
)
def test_the_best_of_the_accepted_languages_is_chosen(accepted, tag):
    """A narrower tag is served its language; quality decides; English is for everybody else."""
    offered = ["en", "de", "pt-BR", "zh-Hant"]
    assert languages.choose(offered, parse_accept_header(accepted, LanguageAccept)) == tag


@pytest.mark.parametrize("path", ["/", "/diagnose"])
def test_a_page_is_served_in_the_language_of_its_reader(client, path):
    """Its element says which, its modules get the same, and caches keep the languages apart."""
    german = client.get(path, headers={"Accept-Language": "de-CH, en;q=0.3"})
    english = client.get(path, headers={"Accept-Language": "ja"})
    assert '<html lang="de" dir="ltr">' in german.text and "Chat mit Claude</title>" in german.text
    assert '<html lang="en" dir="ltr">' in english.text and "Claude</title>" in english.text
    assert "Accept-Language" in german.headers["Vary"]
    errors = {key for key in texts_in(german.text) if key.startswith("error.")}
    assert errors and texts_in(german.text).keys() - errors == texts_in(english.text).keys()


def test_a_page_carries_the_texts_of_its_own_modules(make_app):
    """Those of modules that it may load, but not those that stand in its template."""
    client = make_app(auth="token").test_client()
    texts = texts_in(client.get("/login", headers={"Accept-Language": "de"}).text)
    assert "page.unreachable" in texts and "sign-in.title" not in texts


def test_a_page_carries_the_texts_of_the_parts_that_it_may_load(tmp_path):
    """A part goes by its whole name, and imports others by relative ones."""
    (tmp_path / "view").mkdir()
    (tmp_path / "early.js").write_text("")
    (tmp_path / "chat.js").write_text("const { show } = await load('view/rare.js');")
    (tmp_path / "view/rare.js").write_text("import { say } from './words.js'; say('rare.title');")
    (tmp_path / "view/words.js").write_text("say('rare.none');")
    keys, _ = languages.keys_of(tmp_path, "chat.js")
    assert keys == {"rare.title", "rare.none"}


def test_no_text_ends_the_element_that_it_stands_in():
    """A catalogue may have any characters."""
    texts = {"a.b": "</script><!-- \u2028 &amp; ü"}
    block = languages._block(texts)
    assert "<" not in block and "ü" in block
    assert json.loads(block) == texts


def test_what_a_catalogue_lacks_is_said_in_english(tmp_path):
    """A language may be added text by text."""
    english = {"_language": {"dir": "ltr"}, "a.b": "Name", "a.c": "Two"}
    (tmp_path / "en.json").write_text(json.dumps(english))
    (tmp_path / "ar.json").write_text(json.dumps({"_language": {"dir": "rtl"}, "a.b": "اسم"}))
    read = languages.read(tmp_path)
    assert list(read) == ["en", "ar"]
    assert read["ar"] == {"_language": {"dir": "rtl"}, "a.b": "اسم", "a.c": "Two"}


def test_a_template_says_texts_with_values():
    """One that depends on a number cannot be said there."""
    catalogue = {"a.b": "{x} and {y}", "a.c": {"one": "1", "other": "{count}"}}
    assert languages.say(catalogue, "a.b", x=1, y="{x}") == "1 and {x}"
    with pytest.raises(KeyError, match="depends on a number"):
        languages.say(catalogue, "a.c", count=1)
