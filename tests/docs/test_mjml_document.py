"""docs/mjml.md names everything of MJML that is not supported, and nothing else."""

import re
from pathlib import Path

from newsletter.rendering import mjml
from newsletter.rendering.mjml.components import table

PAGE = (Path(__file__).parents[2] / "docs" / "mjml.md").read_text(encoding="utf-8")


def test_the_page_lists_what_is_not_supported() -> None:
    assert dict(re.findall(r"^\| `(.+?)` \| (.+?) \|$", PAGE, re.MULTILINE)) == table().unsupported


def test_the_problem_on_the_page_is_what_is_said() -> None:
    (problem,) = mjml.problems("\n\n<mj-text color='navi'>x</mj-text>", "mj-column")
    assert str(problem) in PAGE


def test_the_page_names_the_limits() -> None:
    assert f"more than {mjml.LONGEST:,} characters" in PAGE
