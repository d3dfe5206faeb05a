"""A report for other programs: one JSON value, or the rows of one table for a spreadsheet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from newsletter.feedback.verdicts import Reason

from .arms import TrialFigures, verdict
from .campaigns import CampaignReport
from .groups import Group
from .links import LinkFigures
from .mailings import CameBack
from .rates import share_of
from .status import Totals, as_facts, seen_facts

COLUMNS = ("part", "name", "figure", "value")
_Row = tuple[str, str, str, Any]


def report_facts(report: CampaignReport) -> dict[str, Any]:
    """A report as JSON facts. A figure that is hidden, and one that nobody told of, are null."""
    return {
        "id": report.campaign_id,
        "state": report.state,
        "issue": report.issue_id,
        "started_at": report.started_at.isoformat() if report.started_at else None,
        "finished_at": report.finished_at.isoformat() if report.finished_at else None,
        "minimum_group": report.minimum_group,
        "as_of": report.as_of.isoformat() if report.as_of else None,
        "totals": _totals_facts(report.totals),
        "rates": {name: _rounded(rate) for name, rate in asdict(report.rates).items()},
        "links": [
            {**facts, "share": _rounded(share_of(facts["human"], report.totals.tracked))}
            for facts in link_facts(report.links)
        ],
        **{part: [asdict(group) for group in groups] for part, groups in _groups_of(report).items()},
        "hours": [{"at": hour.at.isoformat(), "opened": hour.opened, "clicked": hour.clicked} for hour in report.hours],
        "returned": _returned_facts(report.returned),
        "rejected_reasons": _by_word(report.refused.reasons),
        "questions": [asdict(question) for question in report.questions],
        "test": _test_facts(report.test) if report.test else None,
        "comparison": asdict(report.comparison) if report.comparison else None,
    }


def link_facts(links: Sequence[LinkFigures]) -> list[dict[str, Any]]:
    """Links as JSON facts."""
    return [{"no": link.no, "label": link.label, "target": link.target, **seen_facts(link.clicked)} for link in links]


def report_rows(report: CampaignReport) -> Iterator[_Row]:
    """A report as rows of `COLUMNS`, one figure a row, so that a spreadsheet can turn them as it likes.

    Text is as people wrote it; None is a figure that is hidden, or that nobody can tell.
    """
    facts = report_facts(report)
    for name, value in facts["totals"].items():
        yield from _flat("totals", name, value)
    yield from _flat("rates", "", facts["rates"])
    for link in facts["links"]:
        yield from _flat("link", link.pop("label") or link["target"], link)
    for part, groups in _groups_of(report).items():
        yield from _groups(part.removesuffix("s"), groups)
    for hour in facts["hours"]:
        yield from _flat("hour", hour.pop("at"), hour)
    for returned, reasons in facts["returned"].items():
        yield from _flat("returned", returned, reasons)
    yield from _flat("totals", "rejected_reasons", facts["rejected_reasons"])
    for question in facts["questions"]:
        for answer in question["answers"]:
            yield from _flat(f"question {question['key']}", answer.pop("label"), answer)
    if report.test:
        yield from trial_rows(report.test)
    for name, usual in facts["comparison"]["usual"].items() if facts["comparison"] else ():
        yield from _flat("usual", name, usual or {})


def trial_rows(test: TrialFigures) -> Iterator[_Row]:
    """A test of two subjects as rows: each arm, and what the figures come to."""
    facts = _test_facts(test)
    for arm in facts["arms"]:
        interval = _bounds("share", arm.pop("share"))
        yield from _flat("test", arm.pop("arm"), {**arm, **interval})
    said = {name: facts[name] for name in ("winner", "verdict", "counts_readers")}
    yield from _flat("test", "", {**_bounds("lead", facts["lead"]), **said})


def _bounds(name: str, interval: Mapping[str, float] | None) -> dict[str, float | None]:
    """A share or a lead in three figures: it, and between what it is, most likely."""
    told = interval or {}
    figures = {name: "value", f"{name}_low": "low", f"{name}_high": "high"}
    return {figure: _rounded(told.get(bound)) for figure, bound in figures.items()}


def _groups_of(report: CampaignReport) -> dict[str, tuple[Group, ...]]:
    return {
        "languages": report.languages,
        "bands": report.bands,
        "roles": report.roles,
        "domains": report.domains,
    }


def _totals_facts(totals: Totals) -> dict[str, Any]:
    told = {
        "delivered": totals.delivered or None,
        "bounced": totals.bounced if totals.is_told else None,
        "complained": totals.complained if totals.is_told else None,
    }
    return {**as_facts(totals), **told}


def _returned_facts(returned: CameBack) -> dict[str, dict[str, int | None]]:
    is_told = returned.is_told
    return {
        "hard": {"copies": returned.hard if is_told else None, **_by_word(returned.hard_reasons)},
        "soft": {"copies": returned.soft if is_told else None, **_by_word(returned.soft_reasons)},
    }


def _by_word(reasons: Mapping[Reason, int]) -> dict[str, int]:
    return {reason.value: copies for reason, copies in reasons.items()}


def _test_facts(test: TrialFigures) -> dict[str, Any]:
    return {**asdict(test), "verdict": verdict(test)}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _flat(part: str, name: str, value: Any) -> Iterator[_Row]:
    if not isinstance(value, dict):
        yield part, "", name, value
        return
    for figure, inner in value.items():
        yield part, name, figure, inner


def _groups(part: str, groups: Sequence[Group]) -> Iterator[_Row]:
    for group in groups:
        facts = asdict(group)
        yield from _flat(part, facts.pop("name") or "not known", facts)
