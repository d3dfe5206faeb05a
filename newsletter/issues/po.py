"""PO, the files of gettext: the context of a message is the id of its unit, and what is stale is fuzzy."""

import re
from datetime import UTC
from io import BytesIO

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po

from .sheets import Returned, ReturnedText, Sheet, TranslationFileInvalid, inner
from .translating import State, Unit

_LINE = re.compile(r'\s*(#.*|((msgctxt|msgid|msgid_plural|msgstr(\[\d\])?)\s+)?"([^"\\]|\\.)*"\s*)?', re.DOTALL)
_NEVER_FOLD = 1_000_000
_GUESSED = ("python-format", "python-brace-format")
"""What Babel takes a text with a percent sign or braces for, and a tool then complains of."""


def write(sheet: Sheet) -> bytes:
    """The file of a sheet."""
    made_at = sheet.made_at.astimezone(UTC)
    catalog = Catalog(
        locale=sheet.language.replace("-", "_"),
        header_comment=f"# Issue {sheet.issue_id} for {sheet.month}: from {sheet.original} into {sheet.language}.\n"
        "# A text is Markdown: keep its headings, lists, links and {{ ... }}.",
        project=sheet.name,
        version=sheet.month,
        creation_date=made_at,
        revision_date=made_at,
        last_translator="newsletter",
        language_team=sheet.language,
        msgid_bugs_address="newsletter",
        fuzzy=False,
    )
    for unit in sheet.units:
        _add(catalog, unit)
    stream = BytesIO()
    write_po(stream, catalog, width=_NEVER_FOLD, include_previous=True)
    return b"\n".join(map(_unfolded, stream.getvalue().split(b"\n")))


def read(content: bytes) -> Returned:
    """What a file says. Raises `TranslationFileInvalid`."""
    lines = _lines(content)
    try:
        catalog = read_po(lines, abort_invalid=True, ignore_obsolete=True)
    except (PoFileError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise TranslationFileInvalid(
            f"This PO file cannot be read: {error}. Have the translator's tool save it again."
        ) from error
    return Returned(
        name=f"{catalog.project} {catalog.version}",
        language=str(catalog.locale_identifier or "").replace("_", "-"),
        original="",
        texts=tuple(_returned(message) for message in catalog if message.id),
    )


def _add(catalog: Catalog, unit: Unit) -> None:
    is_stale = unit.state is State.STALE
    message = catalog.add(
        inner(unit.original),
        inner(unit.text),
        flags=["fuzzy"] if is_stale else [],
        auto_comments=[unit.note],
        previous_id=inner(unit.before),
        context=unit.id,
    )
    message.flags.difference_update(_GUESSED)


def _unfolded(line: bytes) -> bytes:
    """A line as tools read it: Babel writes what an original said before, all its lines, as one."""
    return line.replace(b'" "', b'"\n#| "') if line.startswith(b"#| ") else line


def _lines(content: bytes) -> list[str]:
    """The lines of a file that is all PO. Babel would guess at a line that is none, and lose letters of it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = content[: error.start].count(b"\n") + 1
        raise TranslationFileInvalid(f"Line {bad} is not UTF-8. Save the file as UTF-8 and try again.") from error
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not _LINE.fullmatch(line):
            raise TranslationFileInvalid(
                f"Line {number} is no PO: {line.strip()[:40]!r}. Have the translator's tool save it again."
            )
    return lines


def _returned(message: Message) -> ReturnedText:
    source, text = (part if isinstance(part, str) else part[0] for part in (message.id, message.string or ""))
    return ReturnedText(message.context or source[:20], source, text, is_finished=not message.fuzzy)
