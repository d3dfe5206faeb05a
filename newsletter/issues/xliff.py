"""XLIFF: written as 1.2, which every translator's tool knows; read as 1.2, 2.0 and 2.1.

A text is one unit, its line breaks kept. Characters that XML cannot hold stand as empty elements that name them.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from defusedxml import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import fromstring

from .sheets import Returned, ReturnedText, Sheet, TranslationFileInvalid, inner
from .translating import State, Unit

_NAMESPACE = "urn:oasis:names:tc:xliff:document:1.2"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XML = "{http://www.w3.org/XML/1998/namespace}"
_UNFIT = re.compile("([\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff])")
"""What XML 1.0 cannot hold or discourages, and the carriage return, which it does not keep."""
_CODE = re.compile(r"x-cp-([0-9a-f]{1,6})")
_STATES = {State.STALE: "needs-review-translation", State.DONE: "translated"}
_UNFINISHED = re.compile(r"new|initial|needs-.*")


def write(sheet: Sheet) -> bytes:
    """The file of a sheet."""
    root = ET.Element("xliff", {"version": "1.2", "xmlns": _NAMESPACE})
    file = ET.SubElement(
        root,
        "file",
        {
            "original": sheet.name,
            "source-language": sheet.original,
            "target-language": sheet.language,
            "datatype": "plaintext",
            "date": sheet.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    )
    body = ET.SubElement(file, "body")
    filled = [(element, text) for unit in sheet.units for element, text in _unit(body, sheet, unit)]
    ET.indent(root)  # before there are texts, of which it would take a blank one for a layout
    for element, text in filled:
        _fill(element, text)
    return f"{_DECLARATION}{ET.tostring(root, encoding='unicode')}\n".encode()


def read(content: bytes) -> Returned:
    """What a file says. Raises `TranslationFileInvalid`."""
    root = _parsed(content)
    if _tag(root) != "xliff":
        raise TranslationFileInvalid(f"This is no XLIFF; it begins with <{_tag(root)}>. Give the translator's file.")
    files = [element for element in root if _tag(element) == "file"]
    if len({file.get("original") for file in files}) != 1:
        raise TranslationFileInvalid("This XLIFF holds no file, or several. Give the one that was exported.")
    is_new = not str(root.get("version", "")).startswith("1.")
    return Returned(
        name=files[0].get("original", ""),
        language=str(root.get("trgLang", "") if is_new else files[0].get("target-language", "")),
        original=str(root.get("srcLang", "") if is_new else files[0].get("source-language", "")),
        texts=tuple(text for file in files for text in (_units_of_2(file) if is_new else _units_of_1(file))),
    )


def _unit(body: ET.Element, sheet: Sheet, unit: Unit) -> Iterator[tuple[ET.Element, str]]:
    """The elements of a unit, and the text that each is to hold."""
    element = ET.SubElement(body, "trans-unit", {"id": unit.id, "resname": unit.id, f"{_XML}space": "preserve"})
    yield ET.SubElement(element, "source", {f"{_XML}lang": sheet.original}), inner(unit.original)
    if unit.state is not State.MISSING:
        told = {f"{_XML}lang": sheet.language, "state": _STATES[unit.state]}
        yield ET.SubElement(element, "target", told), inner(unit.text)
    yield ET.SubElement(element, "note", {"from": "newsletter"}), unit.note
    if unit.before:
        before = f"The original was changed. When this was translated, it said:\n{inner(unit.before)}"
        yield ET.SubElement(element, "note", {"from": "newsletter", "annotates": "source"}), before


def _fill(element: ET.Element, text: str) -> None:
    plain, *rest = _UNFIT.split(text)
    element.text = plain
    for no, (sign, after) in enumerate(zip(rest[::2], rest[1::2], strict=True), 1):
        mark = ET.SubElement(element, "x", {"id": str(no), "ctype": f"x-cp-{ord(sign):04x}"})
        mark.tail = after


def _parsed(content: bytes) -> ET.Element:
    try:
        return fromstring(content, forbid_dtd=True)
    except ET.ParseError as error:
        line, column = error.position
        place = f"at line {line}, character {column + 1}"
        raise TranslationFileInvalid(f"This is no XML, {place}. Have the translator's tool save it again.") from error
    except DTDForbidden as error:
        raise TranslationFileInvalid("This XML declares a document type, which no XLIFF has. Take it out.") from error
    except (DefusedXmlException, ValueError, LookupError) as error:
        raise TranslationFileInvalid("This XML cannot be read. Save it as UTF-8 and try again.") from error


def _units_of_1(file: ET.Element) -> Iterator[ReturnedText]:
    for unit in file.iter():
        if _tag(unit) == "trans-unit":
            target = _child(unit, "target")
            yield ReturnedText(
                id=unit.get("resname", "") or unit.get("id", ""),
                source=_text(_child(unit, "source")),
                text=_text(target),
                language=target.get(f"{_XML}lang", "") if target is not None else "",
                is_finished=target is None or not _UNFINISHED.fullmatch(target.get("state", "")),
            )


def _units_of_2(file: ET.Element) -> Iterator[ReturnedText]:
    """Where a tool has cut a text into segments, they are joined again."""
    for unit in file.iter():
        if _tag(unit) == "unit":
            parts = [part for part in unit if _tag(part) in ("segment", "ignorable")]
            targets = [_child(part, "target") for part in parts]
            spoken = {target.get(f"{_XML}lang", "") for target in targets if target is not None}
            yield ReturnedText(
                id=unit.get("id", ""),
                source="".join(_text(_child(part, "source")) for part in parts),
                text="".join(map(_text, targets)),
                language=next(iter(spoken - {""}), ""),
                is_finished=all(map(_is_finished, parts)),
            )


def _is_finished(part: ET.Element) -> bool:
    if _tag(part) == "ignorable":
        return True
    return _child(part, "target") is not None and not _UNFINISHED.fullmatch(part.get("state", ""))


def _text(element: ET.Element | None) -> str:
    """All that an element holds; what marks stand for in their place."""
    if element is None:
        return ""
    for mark in element.iter():
        told = _CODE.fullmatch(mark.get("ctype", "")) if _tag(mark) == "x" else None
        code = told[1] if told else mark.get("hex", "") if _tag(mark) == "cp" else ""
        if code:
            mark.text = _sign(code)
    return "".join(element.itertext())


def _sign(code: str) -> str:
    try:
        return chr(int(code, 16))
    except (ValueError, OverflowError):
        return ""


def _child(element: ET.Element, name: str) -> ET.Element | None:
    return next((child for child in element if _tag(child) == name), None)


def _tag(element: ET.Element) -> str:
    """Its name without the namespace."""
    return element.tag.rpartition("}")[2]
