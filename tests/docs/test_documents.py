"""The documents say what the code does: every command, option, setting and link in them is real; none is missing."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from newsletter.checks import Check
from newsletter.commands.root import root
from newsletter.events.tables import Actor, EventKind
from newsletter.issues.document import SectionKind
from newsletter.issues.parsing import parse
from newsletter.ledger.tables import DeliveryState
from newsletter.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(file for files in ("*.md", "docs/**/*.md", "examples/*.md") for file in ROOT.glob(files))
_CODE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SETTING = re.compile(rf"\b{PREFIX}[A-Z_]+[A-Z]\b")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(group: click.Command = root, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that is no group, by its whole name."""
    if not isinstance(group, click.Group):
        yield " ".join(path), group
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield from commands(command, (*path, name))


COMMANDS = dict(commands())


def synopses(text: str) -> Iterator[str]:
    """The lines in code blocks that begin with `newsletter`, each with its indented continuations."""
    for block in _CODE.findall(text):
        for line in re.sub(r"\n\s+", " ", block).splitlines():
            if line.startswith(("newsletter ", ".venv/bin/newsletter ")):
                yield line.partition("newsletter ")[2].partition("  #")[0]


def command_of(synopsis: str) -> str:
    """The longest command that a line begins with."""
    named = [name for name in COMMANDS if f"{synopsis} ".startswith(f"{name} ")]
    assert named, f"there is no command: newsletter {synopsis}"
    return max(named, key=len)


def options_of(command: click.Command) -> dict[str, click.Option]:
    return {
        name: option
        for option in command.params
        if isinstance(option, click.Option)
        for name in (*option.opts, *option.secondary_opts)
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_every_option_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help, name
    assert not [option.name for option in options_of(command).values() if not option.help]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_every_option_is_documented(name: str) -> None:
    documented = [line for line in synopses(text_of("docs/commands.md")) if command_of(line) == name]
    assert documented, f"docs/commands.md does not have: newsletter {name}"
    missing = [option for option in options_of(COMMANDS[name]) if option not in documented[0]]
    assert not missing


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_command_and_option_in_a_document_exists(file: Path) -> None:
    for line in synopses(file.read_text(encoding="utf-8")):
        known = options_of(COMMANDS[command_of(line)])
        unknown = [word for word in re.findall(r"(?<![\w-])--[a-z-]+", line) if word not in known]
        assert not unknown, line


@pytest.mark.parametrize("name", COMMANDS)
def test_what_prints_facts_prints_them_as_json_too(name: str) -> None:
    says_what_it_did = {
        "init",
        "db upgrade",
        "db check",
        "version",
        "demo",
        "run",
        "worker",
        "scheduler",
        "send",
        "issues export",
        "subscribers export",
        "series remove",
    }
    steps = {f"campaigns {step}" for step in ("approve", "schedule", "pause", "resume", "cancel", "winner", "retry")}
    assert ("--json" in options_of(COMMANDS[name])) == (name not in says_what_it_did | steps)


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", text_of("docs/settings.md"), re.MULTILINE))
    fields = {PREFIX + name.rstrip("_").upper(): field for name, field in Settings.model_fields.items()}
    assert set(rows) == set(fields)
    for name, field in fields.items():
        if not field.is_required() and f"{field.default}" not in ("", "None", "**********"):
            assert rows[name] == f"`{field.default}`", name


@pytest.mark.parametrize("kind", SectionKind)
def test_every_kind_of_section_is_documented_with_its_picture_and_how_it_is_written(kind: SectionKind) -> None:
    _, *parts = re.split(rf"^## ({'|'.join(SectionKind)})$", text_of("docs/blocks.md"), flags=re.MULTILINE)
    told = dict(zip(parts[::2], parts[1::2], strict=True))[kind]
    picture = re.search(r"!\[.{6,}\]\(([^)]+)\)", told)
    assert picture is not None, kind
    assert (ROOT / "docs" / picture[1]).stat().st_size > 0
    (written,) = _CODE.findall(told)
    (section,) = parse(f"---\nmonth: 2026-12\nsubject: {{en: x}}\n---\n{written}").sections
    assert section.kind is kind


def test_every_theme_is_documented_with_its_picture_and_every_key_of_its_looks() -> None:
    told, mail = text_of("docs/themes.md"), ROOT / "templates" / "mail"
    names = [file.parent.name for file in mail.glob("*/theme.toml")]
    assert not [name for name in names if f"(pictures/{name}.png)" not in told]
    keys = tomllib.loads((mail / "parts" / "looks.toml").read_text(encoding="utf-8"))
    keys |= dict.fromkeys(keys["light"]) | dict.fromkeys(keys["dark"])
    assert not [key for key in keys if not re.search(rf"[`\[]{key}[`\].]", told)]


def test_the_pictures_of_the_documents_are_small() -> None:
    pictures = list((ROOT / "docs" / "pictures").iterdir())
    assert sum(picture.stat().st_size for picture in pictures) < 2_500_000
    texts = "".join(file.read_text(encoding="utf-8") for file in DOCUMENTS)
    assert not [picture.name for picture in pictures if f"pictures/{picture.name})" not in texts]


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_setting_in_a_document_exists(file: Path) -> None:
    known = {PREFIX + name.rstrip("_").upper() for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known} | {"NEWSLETTER_TEST_DATABASE_URL"}
    assert set(_SETTING.findall(file.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_from_a_document_to_a_file_leads_somewhere(file: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|media:)([^)#]+)", file.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (file.parent / target).exists()]


def test_the_glossary_has_the_states_and_events_in_use() -> None:
    words = text_of("docs/glossary.md").lower() + text_of("docs/figures.md").lower()
    kinds = [*DeliveryState, *EventKind, *Actor]
    assert not [kind.value for kind in kinds if kind.value not in words]


def test_the_glossary_says_a_term_once() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]* \|$", text_of("docs/glossary.md"), re.MULTILINE)
    terms = [term.strip() for row in rows[1:] for term in row.split(" / ")]
    assert len(terms) == len(set(terms)) > 30


def test_the_floors_in_the_architecture_are_those_that_are_enforced() -> None:
    enforced = re.findall(r'^  "((?:newsletter|subscribers)[^"]*)",$', text_of("pyproject.toml"), re.MULTILINE)
    names = [floor.strip().removeprefix("newsletter.") for line in enforced for floor in line.split("|")]
    drawn = text_of("docs/architecture.md")
    assert not [name for name in names if not re.search(rf"\b{name}(/|\.py)", drawn)]


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^(\w+):", text_of("Makefile"), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md"):
        assert set(re.findall(r"\bmake (\w+)", text_of(name))) <= targets


def test_decisions_are_numbered_without_a_gap_and_fit_half_a_page() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [file.name[:4] for file in files] == [f"{number:04}" for number in range(1, len(files) + 1)]
    for file in files:
        assert len(file.read_text(encoding="utf-8").split()) < 350, file.name


def test_shell_lines_of_the_readme_are_well_quoted() -> None:
    for line in synopses(text_of("README.md")):
        assert shlex.split(line)


def test_every_check_is_documented_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*?) \|", text_of("docs/checks.md"), re.MULTILINE))
    assert rows == {check.value: check.meaning for check in Check}
