"""Merge fields: `{{ reader.first_name | default("friend") }}` in a text that an editor writes.

The language is Jinja cut down to an allow-list: a few names, a few filters, `if`, `and or not == != ~`. Nothing in it
can call, loop, multiply or reach an attribute, so any text costs little; the sandbox is the belt to that.
A value that is empty counts as missing: `default` replaces it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TypeAlias

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.errors import NewsletterError

from .content import MergeSlot

FIELDS: Mapping[str, tuple[str, ...]] = {
    "reader": ("first_name", "name"),
    "list": ("name",),
    "organization": ("name",),
    "issue": ("month",),
}
FILTERS = ("default", "upper", "lower", "title", "capitalize", "trim")
Facts: TypeAlias = Mapping[str, Mapping[str, str]]
"""The values by name and attribute, such as `{"reader": {"first_name": "Ana"}}`."""
Evaluator: TypeAlias = Callable[[Facts], str]

_LONGEST_EXPRESSION = 2000
_QUOTED = r""""[^"]*"|'[^']*'"""
_TAG = re.compile(rf"""\{{\{{(?:{_QUOTED}|[^"'}}]|\}}(?!\}}))*\}}\}}|\{{%(?:{_QUOTED}|[^"'%]|%(?!\}}))*%\}}""")
_OPENING = re.compile(r"\{\{|\{%")
_WORD = re.compile(r"\{%[-+]?\s*(\w*)")
_BLOCK_WORDS = ("if", "elif", "else", "endif")
_PLAIN_NODES = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.If, nodes.CondExpr, nodes.And)
_MORE_NODES = (nodes.Or, nodes.Not, nodes.Concat)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class MergeFieldRefused(NewsletterError):
    """A merge field is a name such as {{ reader.first_name }}, with filters such as default("friend")."""


@dataclass(frozen=True, slots=True)
class MergeProblem:
    """What is wrong with one merge field. `offset` counts characters from 0, `line` from 1."""

    offset: int
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class _Field:
    """One merge field, or a whole `{% if %}...{% endif %}`, and where it stands."""

    start: int
    end: int
    source: str


def problems(text: str) -> list[MergeProblem]:
    """Everything that is wrong with the merge fields of a text, in order."""
    found = []
    for field in _fields(text):
        try:
            evaluator(field.source)
        except MergeFieldRefused as error:
            found.append(MergeProblem(field.start, text.count("\n", 0, field.start) + 1, str(error)))
    return found


def split(text: str) -> tuple[str | MergeSlot, ...]:
    """The text as constants and merge fields. Raises `MergeFieldRefused`."""
    pieces: list[str | MergeSlot] = []
    at = 0
    for field in _fields(text):
        evaluator(field.source)
        pieces += [text[at : field.start], MergeSlot(field.source)]
        at = field.end
    pieces.append(text[at:])
    return tuple(piece for piece in pieces if piece)


def evaluate(expression: str, facts: Facts) -> str:
    """The value of one expression: one line of text without control characters. Raises `MergeFieldRefused`."""
    return evaluator(expression)(facts)


@lru_cache(maxsize=1024)
def evaluator(expression: str) -> Evaluator:
    """Compile an expression once. Raises `MergeFieldRefused`, saying what is wrong with it."""
    try:
        tree = _parsed(expression)
        return _quick(tree) or _rendered(tree)
    except RecursionError as error:
        raise MergeFieldRefused("This merge field is nested too deeply.") from error


@lru_cache(maxsize=1024)
def names_reader(expression: str) -> bool:
    """Whether the value differs from reader to reader."""
    return any(name.name == "reader" for name in _parsed(expression).find_all(nodes.Name))


def clean(text: str) -> str:
    """One line: control characters and line breaks of any kind become a space, broken surrogates a question mark."""
    if text.isprintable():
        return text
    return _UNSAFE.sub(" ", text).encode("utf-8", "replace").decode("utf-8")


def _fields(text: str) -> Iterator[_Field]:
    at = 0
    while opening := _OPENING.search(text, at):
        start = opening.start()
        at = _end(text, start)
        yield _Field(start, at, text[start:at])


def _end(text: str, start: int) -> int:
    """Where the field that opens at `start` ends; the end of the text where it is never closed."""
    depth, opening = 0, _OPENING.search(text, start)
    while opening is not None:
        tag = _TAG.match(text, opening.start())
        if tag is None:
            break
        word = _WORD.match(tag[0])
        depth += {"if": 1, "endif": -1}.get(word[1], 0) if word else 0
        if depth <= 0:
            return tag.end()
        opening = _OPENING.search(text, tag.end())
    return len(text)


def _parsed(expression: str) -> nodes.Template:
    if len(expression) > _LONGEST_EXPRESSION:
        raise MergeFieldRefused(f"This merge field is longer than {_LONGEST_EXPRESSION} characters, or never closed.")
    for tag in _TAG.finditer(expression):
        word = _WORD.match(tag[0])
        if word is not None and word[1] not in _BLOCK_WORDS:
            raise MergeFieldRefused(f"{{% {word[1]} %}} is not allowed; only if, elif, else and endif are.")
    try:
        tree = _environment().parse(expression)
    except TemplateSyntaxError as error:
        raise MergeFieldRefused(f"This merge field cannot be read: {error.message}") from error
    _check(tree)
    return tree


def _check(node: nodes.Node) -> None:
    if isinstance(node, nodes.Getattr):
        _check_name(node)
        return
    if isinstance(node, nodes.Name):
        _check_bare_name(node.name)
    if isinstance(node, nodes.Filter):
        _check_filter(node)
    elif isinstance(node, nodes.Compare):
        _check_comparison(node)
    elif not isinstance(node, (*_PLAIN_NODES, *_MORE_NODES, nodes.Operand)):
        raise MergeFieldRefused(f"Only names and filters are allowed in a merge field: {_all_names()}.")
    for child in node.iter_child_nodes():
        _check(child)


def _check_name(node: nodes.Getattr) -> None:
    if not isinstance(node.node, nodes.Name):
        raise MergeFieldRefused(f"A merge field has one dot: {_all_names()}.")
    name, attribute = node.node.name, node.attr
    if name not in FIELDS:
        _check_bare_name(name)
    if attribute not in FIELDS[name]:
        raise _unknown(f"{name}.{attribute}", tuple(f"{name}.{known}" for known in FIELDS[name]))


def _check_bare_name(name: str) -> None:
    if name in FIELDS:
        raise _unknown(name, tuple(f"{name}.{attribute}" for attribute in FIELDS[name]))
    close = get_close_matches(name, FIELDS, n=1)
    raise _unknown(name, tuple(f"{known}.{attribute}" for known in close or FIELDS for attribute in FIELDS[known]))


def _unknown(name: str, known: tuple[str, ...]) -> MergeFieldRefused:
    return MergeFieldRefused(f"There is no merge field {name}. There is: {', '.join(known)}.")


def _check_filter(node: nodes.Filter) -> None:
    if node.name not in FILTERS:
        raise MergeFieldRefused(f"There is no filter {node.name}. There is: {', '.join(FILTERS)}.")
    wanted = 1 if node.name == "default" else 0
    given = [*node.args, *node.kwargs]
    if len(given) != wanted or node.kwargs or node.dyn_args or node.dyn_kwargs or node.node is None:
        example = 'default("friend")' if wanted else node.name
        raise MergeFieldRefused(f"The filter {node.name} is written: | {example}")


def _check_comparison(node: nodes.Compare) -> None:
    if any(operand.op not in ("eq", "ne") for operand in node.ops):
        raise MergeFieldRefused("Values can be compared with == and != only.")


def _quick(tree: nodes.Template) -> Evaluator | None:
    """An evaluator without Jinja for the two forms that nearly every letter uses: a name, a name with a default."""
    output = tree.body[0] if len(tree.body) == 1 else None
    if not isinstance(output, nodes.Output) or len(output.nodes) != 1:
        return None
    expression: nodes.Expr = output.nodes[0]
    fallback: object = ""
    if (
        isinstance(expression, nodes.Filter)
        and expression.name == "default"
        and isinstance(expression.args[0], nodes.Const)
    ):
        fallback, expression = expression.args[0].value, expression.node or expression
    if not isinstance(expression, nodes.Getattr) or not isinstance(expression.node, nodes.Name):
        return None
    name, attribute, otherwise = expression.node.name, expression.attr, clean(str(fallback))
    return lambda facts: clean(facts[name][attribute]) or otherwise


def _rendered(tree: nodes.Template) -> Evaluator:
    template = _environment().from_string(tree)
    return lambda facts: clean(template.render(facts))


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        keep_trailing_newline=True,
        # Markdown writes {#anchor} after headings; a NUL in no text is the comment that nobody writes.
        comment_start_string="{#\x00",
        comment_end_string="\x00#}",
    )
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.filters["default"] = lambda value, otherwise: value or otherwise
    environment.globals.clear()
    environment.tests.clear()
    return environment


def _all_names() -> str:
    return ", ".join(f"{name}.{attribute}" for name, attributes in FIELDS.items() for attribute in attributes)
