"""Sound issues, and what is wrong with each of them after one change: the checks must find that, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from newsletter.checks import Check, CheckContext, Level
from newsletter.checks.findings import Finding
from newsletter.issues.document import Document
from newsletter.issues.parsing import parse
from newsletter.issues.writing import write
from newsletter.rendering.pictures import Picture
from subscribers.grades import Bands

from .mails import identity

READING_NIGHT = Path(__file__).parent / "issues" / "reading-night.md"
ALL = "all"
"""The base that has all six languages; the others are named by the one that they have."""
SMALL = "small"
"""The base of two sections, one of them for families of young children."""
UNKNOWN = "xx"
"""The issue in Vietnamese under a code that is no language: sound but for that."""
BASES = (ALL, SMALL, "en", "es", "fr", "ar", "zh", "vi")
DAY = date(2026, 12, 1)
ERROR, WARNING = Level.ERROR, Level.WARNING
_SMALL = """\
---
month: 2026-12
subject: {en: Read together this winter}
preheader: {en: "A reading night in December, and one small goal."}
---
:::: section story {#both}
::: lang en
## Ten minutes a day
:::
::::
:::: section tip {#young bands=elementary}
::: lang en
## A song a day
:::
::::
"""
HARD = {
    "en": "Notwithstanding considerable organizational difficulties, administrators responsible for implementing "
    "comprehensive educational interventions frequently underestimate the extraordinary significance of continuous "
    "interdisciplinary collaboration between professionals, institutions, municipalities and participating families "
    "throughout developmental transitions.",
    "es": "La implementación institucional de procedimientos interdisciplinarios caracterizados por responsabilidades "
    "administrativas extraordinariamente complejas requiere, independientemente de las particularidades "
    "socioeconómicas, una comunicación intergeneracional suficientemente estructurada entre profesionales, "
    "organizaciones comunitarias y representantes gubernamentales municipales.",
    "fr": "L'élaboration institutionnelle de procédures interdisciplinaires caractérisées par des responsabilités "
    "administratives extraordinairement complexes nécessite, indépendamment des particularités socioéconomiques, une "
    "communication intergénérationnelle suffisamment structurée entre professionnels, associations communautaires et "
    "représentants gouvernementaux municipaux.",
    "ar": "إن القراءة اليومية المشتركة بين أفراد الأسرة في البيت وفي المدرسة وفي المكتبة العامة وفي كل مكان آخر يمكن "
    "أن تساعد الأطفال على تعلم كلمات جديدة وعلى فهم النصوص الطويلة وعلى التعبير عن أفكارهم ومشاعرهم بوضوح أمام "
    "زملائهم ومعلميهم وأهلهم",
    "zh": "家庭成员每天在家里在学校在公共图书馆以及在其他任何地方一起进行的阅读活动能够帮助孩子们学习许多新的词语并且更好地"
    "理解比较长的文章同时也能够让他们在同学老师和家人面前清楚地表达自己的想法和感受",
    "vi": "Việc đọc sách hằng ngày cùng với các thành viên trong gia đình ở nhà ở trường ở thư viện công cộng và ở bất cứ "
    "nơi nào khác có thể giúp trẻ em học thêm nhiều từ mới hiểu rõ hơn những bài văn dài và nói lên suy nghĩ cùng cảm xúc "
    "của mình một cách rõ ràng trước bạn bè thầy cô và cha mẹ",
}
"""One sentence in each language that nobody should have to read."""


@dataclass(frozen=True)
class Fault:
    """One change of a base, and the one finding that it brings."""

    name: str
    base: str
    check: Check
    level: Level
    old: str
    new: str
    down: int = 0
    """How many lines below the change the finding stands."""
    line: int = 0
    """Where it stands, if that does not depend on the change."""
    everywhere: bool = False
    day: date = DAY
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    sender: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> str:
        """The file with the change."""
        sound = base(self.base)
        assert self.old in sound, (self.name, self.old)
        return sound.replace(self.old, self.new, -1 if self.everywhere else 1)

    @property
    def expected_line(self) -> int:
        """The line of the file that the finding names."""
        return self.line or base(self.base).partition(self.old)[0].count("\n") + 1 + self.down

    @property
    def context(self) -> CheckContext:
        """What the file is checked against."""
        return context(self.day, self.pictures, **self.sender)


def context(day: date = DAY, pictures: Mapping[str, Picture] | None = None, **sender: object) -> CheckContext:
    """A school of three bands on the first day of the issue's month."""
    bands = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")
    return CheckContext(day, bands, identity(**sender), pictures or {}, raw_mjml=True)


def told(findings: list[Finding]) -> list[tuple[Check, Level, int]]:
    """What matters of findings to a test of a fault."""
    return [(finding.check, finding.level, finding.line) for finding in findings]


@lru_cache(maxsize=16)
def base(language: str) -> str:
    """A sound issue with sections of every kind, in all six languages or in one."""
    if language == SMALL:
        return _SMALL
    if language == UNKNOWN:
        return base("vi").replace("vi:", f"{UNKNOWN}:").replace("lang vi", f"lang {UNKNOWN}")
    text = READING_NIGHT.read_text(encoding="utf-8")
    return text if language == ALL else write(_in_one(parse(text), language))


def _in_one(document: Document, language: str) -> Document:
    sections = (
        replace(section, bodies=tuple(body for body in section.bodies if body.language == language))
        for section in document.sections
    )
    return replace(
        document,
        subject={language: document.subject[language]},
        preheader={language: document.preheader[language]},
        languages=(language,),
        sections=tuple(sections),
        front_matter="",
    )
