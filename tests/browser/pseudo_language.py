"""The server with one language more: one file, each text of it in brackets, right to left."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from claude_sse import create_app
from claude_sse.config import installation

#: Persian has English's plural forms, its own digits, and a calendar of its own.
TAG = "fa"


def bracketed(text: str | dict[str, str]) -> str | dict[str, str]:
    if isinstance(text, str):
        return f"⟦{text}⟧"
    return {form: f"⟦{words}⟧" for form, words in text.items()}


_folder = tempfile.TemporaryDirectory(prefix="pseudo-language-")
_files = Path(_folder.name)
for _name in ("static", "templates"):
    shutil.copytree(installation.FILES / _name, _files / _name)
_languages = _files / "static" / "languages"
#: German has the sentences of the server's errors, which are English by themselves.
_texts = [json.loads((_languages / f"{tag}.json").read_text("utf-8")) for tag in ("de", "en")]
_catalogue = {key: bracketed(text) for key, text in (_texts[0] | _texts[1]).items()}
_catalogue["_language"] = {"name": "Brackets", "dir": "rtl"}
(_languages / f"{TAG}.json").write_text(json.dumps(_catalogue), "utf-8")
installation.FILES = _files  # type: ignore[misc]  # as if it had been installed there

app = create_app()
