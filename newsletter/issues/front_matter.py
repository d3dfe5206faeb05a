"""The YAML at the head of an issue's file: read for what we know, kept as it was written for the rest."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from .problems import Problem

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
MONTH = re.compile(r"2\d{3}-(0[1-9]|1[0-2])")
_PLAIN = re.compile(r"\d{4}-\d{2}|[^\W\d_]+([ -][^\W_]+)*")
_TRANSLATED = ("subject", "preheader")
_FIRST_LINE = 2
"""The line of the file on which the YAML begins, below `---`."""
_MOST_BRACKETS = 1000
"""Nested ones cost the YAML reader the square of their number."""
_NEVER_FOLD = 1_000_000


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The fields that we know, and the lines of all there are."""

    month: str
    subject: Mapping[str, str]
    preheader: Mapping[str, str]
    theme: str
    translated_from: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)


def read(text: str, problems: list[Problem]) -> FrontMatter:
    """Read the YAML; what is wrong is added to `problems`."""
    fields = _loaded(text, problems)
    if fields is None:
        return FrontMatter("", {}, {}, "")
    lines = {str(name): _line(fields, name) for name in fields}
    return FrontMatter(
        month=_month(fields, problems),
        subject=_texts(fields, "subject", problems),
        preheader=_texts(fields, "preheader", problems),
        theme=_text(fields, "theme", problems),
        translated_from=_translated_from(fields, problems),
        lines=lines,
    )


def write(wanted: FrontMatter, before: str) -> str:
    """`before` with the values of `wanted`; as it is, byte for byte, where they are the same."""
    problems: list[Problem] = []
    found = read(before, problems)
    if not problems and _facts(found) == _facts(wanted):
        return before
    fields = _loaded(before, []) or CommentedMap()
    for name, value in _facts(wanted).items():
        _set(fields, name, value)
    stream = io.StringIO()
    _yaml().dump(fields, stream)
    return stream.getvalue()


def _loaded(text: str, problems: list[Problem]) -> CommentedMap | None:
    """The fields; none where the text is no YAML, which is then a problem."""
    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        problems.append(Problem(_FIRST_LINE, f"There are more than {_MOST_BRACKETS} brackets in the front matter."))
        return None
    try:
        fields = _yaml().load(text)
    except MarkedYAMLError as error:
        line = min(error.problem_mark.line if error.problem_mark else 0, max(text.count("\n") - 1, 0))
        problems.append(Problem(line + _FIRST_LINE, f"This is not YAML: {error.problem}. Put texts in quotes."))
    except (YAMLError, ValueError, RecursionError):
        problems.append(Problem(_FIRST_LINE, "This cannot be read as YAML; put texts in quotes."))
    else:
        if fields is None or isinstance(fields, CommentedMap):
            return CommentedMap() if fields is None else fields
        problems.append(Problem(_FIRST_LINE, "Write fields here, such as: month: 2026-12"))
    return None


def _month(fields: CommentedMap, problems: list[Problem]) -> str:
    month = fields.get("month")
    if not isinstance(month, str) or not MONTH.fullmatch(month):
        line = _line(fields, "month") if "month" in fields else 1
        problems.append(Problem(line, "Say which month the issue is for, such as: month: 2026-12"))
        return ""
    return str(month)


def _text(fields: CommentedMap, name: str, problems: list[Problem]) -> str:
    text = fields.get(name, "")
    if not isinstance(text, str):
        problems.append(Problem(_line(fields, name), f"{name} is one word; put it in quotes."))
        return ""
    return str(text)


def _texts(fields: CommentedMap, name: str, problems: list[Problem]) -> dict[str, str]:
    texts = fields.get(name)
    if texts is None:
        return {}
    if not isinstance(texts, CommentedMap):
        told = f"Say the language of the {name}, such as: {name}: {{en: Five small bridges}}"
        problems.append(Problem(_line(fields, name), told))
        return {}
    problems += _faults_of_texts(texts, name)
    return {str(language): str(text) for language, text in texts.items()}


def _translated_from(fields: CommentedMap, problems: list[Problem]) -> dict[str, dict[str, str]]:
    told = fields.get("translated_from")
    if told is None:
        return {}
    if not isinstance(told, CommentedMap) or told.keys() - set(_TRANSLATED):
        example = 'translated_from: {subject: {es: "3f9c21"}}'
        problems.append(
            Problem(_line(fields, "translated_from"), f"Say of which original a translation was made: {example}")
        )
        return {}
    return {name: texts for name in told if (texts := _texts(told, name, problems))}


def _faults_of_texts(texts: CommentedMap, name: str) -> Iterator[Problem]:
    for language, text in texts.items():
        if not isinstance(language, str) or not LANGUAGE.fullmatch(language):
            yield Problem(_line(texts, language), f"{language!r} is not a language; use a code such as en or pt-BR.")
        if not isinstance(text, str):
            yield Problem(_line(texts, language), f"Put the {name} in quotes; it is not read as a text.")


def _line(fields: CommentedMap, name: Any) -> int:
    return int(fields.lc.key(name)[0]) + _FIRST_LINE


def _facts(front: FrontMatter) -> dict[str, Any]:
    """What is compared and written; the order of languages counts, for the first is the original."""
    return {
        "month": front.month,
        "subject": list(front.subject.items()),
        "preheader": list(front.preheader.items()),
        "theme": front.theme,
        "translated_from": list(front.translated_from.items()),
    }


def _set(fields: CommentedMap, name: str, value: Any) -> None:
    if not value:
        fields.pop(name, None)
    elif isinstance(value, str):
        fields[name] = _scalar(value)
    elif isinstance(fields.get(name), CommentedMap) and list(fields[name]) == [language for language, _ in value]:
        fields[name].update((language, _node(text)) for language, text in value)
    else:
        fields[name] = _node(dict(value))


def _node(value: str | Mapping[str, Any]) -> Any:
    """A value as YAML writes it; maps stand on one line."""
    if isinstance(value, str):
        return _scalar(value)
    node = CommentedMap((name, _node(inside)) for name, inside in value.items())
    node.fa.set_flow_style()
    return node


def _scalar(text: str) -> str:
    """In double quotes unless it is a few words: the emitter's own choice does not always come back as it was."""
    return text if _PLAIN.fullmatch(text) else DoubleQuotedScalarString(text)


def _yaml() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = _NEVER_FOLD
    return yaml
