"""Made-up families, always the same ones, as a school office would send them: a CSV with a few slips in it."""

import csv
import random
import unicodedata
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

_SEED = 2026
_FAMILIES = 300
_COLUMNS = ("email", "name", "language", "timezone", "grades", "roles", "tags", "household", "tracking")
_FIRST = {
    "en": ("Aisha", "Ben", "Chloe", "Daniel", "Emily", "Farid", "Hannah", "James", "Kayla", "Linh", "Noah", "Priya"),
    "es": ("Alejandra", "Beatriz", "Carlos", "Diego", "Elena", "Inés", "José", "Marisol", "Nicolás", "Rocío"),
}
_LAST = {
    "en": ("Abbott", "Baker", "Chen", "Davis", "Evans", "Hassan", "Johnson", "Kim", "Miller", "Nguyen", "Patel"),
    "es": ("Aguilar", "Castillo", "Delgado", "Fuentes", "Jiménez", "Medina", "Núñez", "Ortega", "Peña", "Vargas"),
}
_GRADES = ("PK", "K", *(str(grade) for grade in range(1, 13)))
_SLIPS = {
    40: ("kim.family.at.families.example", "Kim Abbott", "en", "", "3", "family", "", "", "no"),
    90: ("tyler.evans@families.example", "Tyler Evans", "en", "", "14", "family", "", "", "no"),
    150: ("maya.thompson@families.example", "Maya Thompson", "en", "", "2", "family", "", "", "yes"),
    220: ("rosa.medina@families.example", "Rosa Medina", "es", "8", "family"),
}
"""Bad lines, and before which family they stand."""


@dataclass(frozen=True, slots=True)
class Family:
    """One line of the file."""

    address: str
    name: str
    language: str
    time_zone: str
    grades: str
    roles: str = "family"
    tags: str = ""
    household: str = ""
    tracking: str = "yes"


ELEMENTARY = Family("maya.thompson@families.example", "Maya Thompson", "en", "", "2")
HIGH_IN_SPANISH = Family("lucia.herrera@families.example", "Lucía Herrera", "es", "", "10")
BOTH_BANDS = Family("ana.ruiz@families.example", "Ana Ruiz", "en", "", "2;9")
LEAVING = Family("grace.okafor@families.example", "Grace Okafor", "en", "", "7")
BOUNCED_BEFORE = Family("oliver.grant@families.example", "Oliver Grant", "en", "", "5", tracking="no")
LEFT_BEFORE = Family("sofia.rivas@families.example", "Sofía Rivas", "es", "", "K;4", tracking="no")
NO_MAILBOX = Family("hugo.lind@families.example", "Hugo Lind", "en", "", "11", tracking="no")
_KNOWN = (ELEMENTARY, HIGH_IN_SPANISH, BOTH_BANDS, LEAVING, BOUNCED_BEFORE, LEFT_BEFORE, NO_MAILBOX)


def write_families(file: Path) -> None:
    """Write the file, slips included."""
    with file.open("w", newline="", encoding="utf-8") as text:
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(_COLUMNS)
        for number, family in enumerate(_families(), 1):
            if number in _SLIPS:
                rows.writerow(_SLIPS[number])
            rows.writerow(astuple(family))


def _families() -> Iterator[Family]:
    yield from _KNOWN
    dice = random.Random(_SEED)  # noqa: S311 - the same families each time, nothing secret
    for number in range(len(_KNOWN) + 1, _FAMILIES + 1):
        yield _family(dice, number)


def _family(dice: random.Random, number: int) -> Family:
    language = dice.choices(("en", "es"), (7, 3))[0]
    name = f"{dice.choice(_FIRST[language])} {dice.choice(_LAST[language])}"
    grades = ";".join(dice.choices(_GRADES, k=dice.choices((1, 2, 3), (5, 4, 1))[0]))
    return Family(
        address=f"{_plain(name)}{number}@families.example",
        name=name,
        language=language,
        time_zone="",
        grades=dice.choices((grades, "elementary", ""), (17, 1, 2))[0],
        roles=dice.choices(("family", "family;educator", "educator"), (18, 1, 1))[0],
        tags=dice.choices(("", "pta"), (9, 1))[0],
        tracking=dice.choices(("yes", "no", ""), (6, 2, 2))[0],
    )


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return letters.lower().replace(" ", ".")
