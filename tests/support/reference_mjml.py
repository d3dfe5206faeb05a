"""The reference package of MJML (npm `mjml`), where `make reference` could install it: one process for many texts."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
MODULES = _ROOT / ".venv" / "mjml" / "node_modules"
MISSING = None if shutil.which("node") and (MODULES / ".package-lock.json").is_file() else "needs `make reference`"
"""Why the reference cannot be asked, if so."""

_EXAMPLE = re.compile(r"^```xml\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Compiled:
    """What the reference makes of a text."""

    html: str
    problems: tuple[str, ...]
    milliseconds: float


@dataclass(frozen=True)
class ReferenceComponent:
    """A component as the reference registers it."""

    attributes: Mapping[str, str]
    ending: bool
    children: tuple[str, ...]


def compiled(texts: Sequence[str]) -> list[Compiled]:
    """Compile texts, in their order; the first also warms the compiler up."""
    return [Compiled(one["html"], tuple(one["problems"]), one["milliseconds"]) for one in _asked(texts)["compiled"]]


def table() -> dict[str, ReferenceComponent]:
    """The components, by name."""
    return {
        one["name"]: ReferenceComponent(one["attributes"], one["ending"], tuple(one["children"]))
        for one in _asked([])["table"]
    }


def examples() -> dict[str, str]:
    """The MJML on the page of each component, by its package and number: "mjml-hero 2"."""
    pages = sorted(MODULES.glob("mjml-*/README.md"))
    return {
        f"{page.parent.name} {number}": text
        for page in pages
        for number, text in enumerate(_EXAMPLE.findall(page.read_text(encoding="utf-8")), start=1)
    }


def _asked(texts: Sequence[str]) -> dict[str, Any]:
    script = Path(__file__).with_suffix(".cjs")
    done = subprocess.run(
        ["node", script],
        input=json.dumps(texts),
        env={**os.environ, "NODE_PATH": str(MODULES)},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
