"""Pages with ``@ai-sdk/react`` in four versions, bundled as users of them bundle theirs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from ..integration.running import ROOT
from .documented import asking, code

_MODULES = ROOT / "node_modules"
EXAMPLE = ROOT / "examples" / "usechat"
#: Each version of ``ai``, and the package in node_modules that has its ``@ai-sdk/react``.
VERSIONS = {
    "5.0.92": "ai-react-5-floor",
    "5": "ai-react-5",
    "6": "ai-react-6",
    "7": "@ai-sdk/react",
}
#: The code of docs/clients.md by the name under which ``probe.jsx`` imports it.
_DOCUMENTED = {"page": 0, "stop": 1, "completion": 2, "text": 3}
#: Development builds: React complains there of what is wrong, and runs each effect twice.
_OPTIONS = (
    "--bundle --format=esm --jsx=automatic --log-level=warning "
    '--define:process.env.NODE_ENV="development" --entry-names=[name]'
).split()


def ai_version(version: str) -> str:
    """Return the exact version of ``ai`` that the pages of ``version`` have in them."""
    return str(json.loads((_ai(version) / "package.json").read_text("utf-8"))["version"])


def bundle(version: str, folder: Path, entry: Path) -> None:
    """Write a page of this source with one version of the AI SDK into a folder, named as it is."""
    aliases = {
        "@ai-sdk/react": _MODULES / VERSIONS[version],
        "ai": _ai(version),
        **{name: _MODULES / name for name in ("react", "react-dom")},
    }
    subprocess.run(
        [str(_MODULES / ".bin" / "esbuild"), str(entry), *_OPTIONS, f"--outdir={folder}"]
        + [f"--alias:{name}={path}" for name, path in aliases.items()],
        check=True,
    )


def bundle_probe(version: str, folder: Path, prompt: str) -> None:
    """Write the probe, with the code of docs/clients.md, into a folder.

    What that code asks is ``prompt``, with the name of the block at its end.
    """
    documented = folder / "documented"
    documented.mkdir(parents=True)
    for name, number in _DOCUMENTED.items():
        block = code("useChat", number)
        block = asking(block, f"{prompt}-{name}.") if "Hello" in block else block
        (documented / f"{name}.jsx").write_text(block, "utf-8")
    shutil.copy(Path(__file__).with_name("probe.jsx"), folder)
    bundle(version, folder, folder / "probe.jsx")


def _ai(version: str) -> Path:
    """Return the one ``ai`` that this version's ``@ai-sdk/react`` uses."""
    own = _MODULES / VERSIONS[version] / "node_modules" / "ai"
    return own if own.is_dir() else _MODULES / "ai"
