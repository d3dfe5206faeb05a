"""Checks the attributes of a component: their names, their values, and those that are missing."""

from collections.abc import Collection, Iterator

from .components import Component, Table
from .embedded import address_faults
from .faults import Fault, shown, suggestion, value_faults
from .reading import Attribute, Tag


def attribute_faults(tag: Tag, component: Component, parent: str, known: Table) -> Iterator[Fault]:
    """What is wrong with the attributes that are there, in a component that stands in another."""
    seen = set()
    for attribute in tag.attributes:
        if attribute.name in seen:
            sentence = f"{tag.name} has {shown(attribute.name)} twice."
            yield Fault(attribute.at, sentence, "Delete one: the compiler takes the last.")
        seen.add(attribute.name)
        yield from _one(attribute, component, parent, known)


def missing(tag: Tag, component: Component, brought: Collection[str]) -> Iterator[Fault]:
    """The attributes that must be there, are not, and are not brought by mj-attributes or an mj-class."""
    written = {attribute.name for attribute in tag.attributes}
    if "mj-class" not in written:
        for name in component.needs:
            if name not in written and name not in brought:
                yield Fault(tag.at, f"{tag.name} needs the attribute {name}.", f'Write <{tag.name} {name}="...">')


def _one(attribute: Attribute, component: Component, parent: str, known: Table) -> Iterator[Fault]:
    name, value = attribute.name, attribute.value
    types = component.attributes.get(name)
    own = f"{component.name} {name}"
    keys = (own, f"{own}={value}", f"{parent} > {own}")
    unsupported = next((key for key in keys if key in known.unsupported), None)
    if unsupported:
        yield Fault(attribute.at, f"{unsupported} is not supported here.", known.unsupported[unsupported])
    elif types is None:
        remedy = suggestion(name, component.attributes) or "Delete it."
        yield Fault(attribute.at, f"{component.name} has no attribute {shown(name)}.", remedy)
    elif value is None:
        yield Fault(attribute.at, f"The attribute {name} has no value.", f'Write {name}="...".')
    elif any(type_.accepts(value) for type_ in types):
        yield from value_faults(attribute)
        if any(type_.is_address for type_ in types):
            yield from address_faults(attribute)
    else:
        words = [word for type_ in types for word in type_.words]
        hint = suggestion(value, words)
        expected = " or ".join(dict.fromkeys(type_.expected for type_ in types))
        sentence = f"{name} of {component.name} cannot be {shown(value) or 'empty'}."
        yield Fault(attribute.at, sentence, hint or f"Write {expected}.")
