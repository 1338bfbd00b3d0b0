"""The language of a page: the catalogue that fits the browser's ``Accept-Language`` best.

A catalogue is a file, ``static/languages/TAG.json``: texts by their keys. docs/languages.md says
how one is added.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from markupsafe import Markup

from . import modules

#: What everybody is served whose languages are not here; its texts stand in for missing ones.
FALLBACK = "en"
#: The entry of a catalogue that says how the language itself is written: ``{"dir": "rtl"}``.
ABOUT = "_language"

#: A key of a catalogue in a module, or the beginning of one whose end is chosen as it runs.
_KEY = re.compile(r"'([a-z][\w-]*\.[\w.-]+)'|`([a-z][\w-]*\.[\w.-]*)\$\{")
_PLACE = re.compile(r"\{(\w+)\}")

#: A text, or one for each plural category of the language.
Text = str | dict[str, str]
Catalogue = dict[str, Text]


def init_app(app: Flask, folder: Path) -> None:
    """Give the templates ``say``, ``language`` and ``words``, of the catalogues of this folder."""
    catalogues = read(folder / "languages")

    @cache
    def embedded(tag: str, entry: str) -> Markup:
        return _block(_texts_of(catalogues[tag], keys_of(folder, entry)))

    @app.context_processor
    def spoken() -> dict[str, Any]:
        tag = choose(catalogues, request.accept_languages)
        return {
            "language": {"tag": tag, "dir": catalogues[tag][ABOUT]["dir"]},  # type: ignore[index]
            "say": lambda key, **values: say(catalogues[tag], key, **values),
            "words": lambda entry: embedded(tag, entry),
        }

    @app.after_request
    def vary(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.vary.add("Accept-Language")
        return response


def read(folder: Path) -> dict[str, Catalogue]:
    """Return the catalogues by their languages' tags, each complete: what it lacks is English."""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    return {tag: found[FALLBACK] | found[tag] for tag in (FALLBACK, *sorted(found))}


def choose(catalogues: Collection[str], accepted: Iterable[tuple[str, float]]) -> str:
    """Return the tag of the language that a request prefers, given what it accepts, best first.

    RFC 4647's lookup: ``de-AT`` is served ``de``. ``pt`` is served ``pt-BR``, if that is all.
    """
    tags = {tag.lower(): tag for tag in catalogues}
    for wanted, quality in accepted:
        found = _lookup(tags, wanted.lower().replace("_", "-")) if quality > 0 else None
        if found is not None:
            return found
    return FALLBACK


def _lookup(tags: dict[str, str], wanted: str) -> str | None:
    primary = wanted.partition("-")[0]
    while wanted:
        if wanted in tags:
            return tags[wanted]
        wanted = wanted.rpartition("-")[0]
    return next((tag for low, tag in tags.items() if low.startswith(f"{primary}-")), None)


def say(catalogue: Catalogue, key: str, **values: object) -> str:
    """Return the text of this key, with the values at its ``{places}``.

    Raises ``KeyError`` for a key that does not exist, or whose text depends on a number.
    """
    text = catalogue[key]
    if not isinstance(text, str):
        raise KeyError(f"{key} depends on a number, which the page's modules know")
    return _PLACE.sub(lambda place: str(values[place[1]]), text)


def keys_of(folder: Path, entry: str) -> tuple[set[str], tuple[str, ...]]:
    """Return the keys in the modules that this entry may load, and the beginnings of others."""
    keys: set[str] = set()
    beginnings: set[str] = set()
    for name in ("early.js", *modules.loadable(folder, entry)):
        for whole, beginning in _KEY.findall((folder / name).read_text("utf-8")):
            (keys if whole else beginnings).add(whole or beginning)
    return keys, tuple(sorted(beginnings))


def _texts_of(catalogue: Catalogue, used: tuple[set[str], tuple[str, ...]]) -> Catalogue:
    keys, beginnings = used
    return {k: t for k, t in catalogue.items() if k in keys or k.startswith(beginnings)}


def _block(texts: Catalogue) -> Markup:
    """Return the texts as JSON that cannot end the element it stands in."""
    packed = json.dumps(texts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return Markup(packed.replace("<", "\\u003c"))  # nosec B704 # no tag is left
