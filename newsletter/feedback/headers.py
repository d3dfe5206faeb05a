"""The header of a message, however broken: names in lower case, values unfolded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from . import encodings

MOST_FIELDS = 300
LONGEST_VALUE = 4000
_FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]{0,4}:(.*)", re.DOTALL)
_LINES = re.compile(r"\r\n|\n|\r")
_KIND = re.compile(r"[ \t]*([a-z0-9.+-]{1,60})[ \t]*/[ \t]*([a-z0-9.+-]{1,60})", re.IGNORECASE)
_PARAMETER = re.compile(
    r""";[ \t]*([a-z0-9-]{1,40})(?:\*0?\*?)?[ \t]*=[ \t]*(?:"([^"]{0,300})"|([^\s;"]{1,300}))""", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of a header, in their order."""

    fields: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a header; lines that are no field go to the one before, as folding would have it."""
        return cls.of(encodings.decoded(raw, "utf-8"))

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a header that is text already."""
        unfolded: list[list[str]] = []
        for line in _LINES.split(text):
            found = _FIELD.match(line)
            if found and len(unfolded) < MOST_FIELDS:
                unfolded.append([found[1].lower(), found[2][:LONGEST_VALUE].strip()])
            elif unfolded and line[:1] in " \t" and len(unfolded[-1]) < MOST_FIELDS:
                unfolded[-1].append(line[:LONGEST_VALUE].strip())
        return cls(tuple((name, " ".join(lines)[:LONGEST_VALUE].strip()) for name, *lines in unfolded))

    def get(self, *names: str) -> str:
        """The first value of the first of these fields that is there and not empty."""
        return next((value for value in self.all(*names) if value), "")

    def all(self, *names: str) -> list[str]:
        """Every value of these fields, the first name's first, its encoded words read (RFC 2047)."""
        return [encodings.words_of(value) for value in self.raw(*names)]

    def raw(self, *names: str) -> list[str]:
        """Every value of these fields as it is written."""
        return [value for wanted in names for name, value in self.fields if name == wanted]

    def content_type(self) -> tuple[str, Mapping[str, str]]:
        """The content type and its parameters in lower-case names; plain text where there is none."""
        value = self.get("content-type")
        found = _KIND.match(value)
        kind = f"{found[1]}/{found[2]}".lower() if found else "text/plain"
        return kind, self.parameters("content-type")

    def parameters(self, name: str) -> Mapping[str, str]:
        """The parameters of a field, by their names in lower case."""
        return {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(self.get(name))}
