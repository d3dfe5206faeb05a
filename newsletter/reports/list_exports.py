"""The reports on lists for other programs: one JSON value, or rows for a spreadsheet."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from .engagement import EngagementReport
from .findings import findings
from .growth import Growth, GrowthReport, Leave, Source
from .health import HealthReport
from .mailings import CameBack
from .refused import Refused

Rows = Iterator[tuple[Any, ...]]


def growth_facts(report: GrowthReport) -> dict[str, Any]:
    """The growth of a list; a share that nobody can tell is null."""
    return {
        "by": report.by.value,
        "time_zone": report.time_zone,
        "periods": [_growth(step) for step in report.steps],
        "total": _growth(report.total),
    }


def growth_rows(report: GrowthReport) -> Rows:
    """One row a period, after one of names."""
    yield (
        *("first", "last", "signed_up", *(f"signed_up_{source.value}" for source in Source)),
        *("asked", "confirmed", "joined", "left", *(f"left_{leave.name.lower()}" for leave in Leave)),
        *("net", "readers"),
    )
    for step in map(_growth, report.steps):
        yield (
            *(step["first"], step["last"], *step["signed_up"].values()),
            *(step["asked"], step["confirmed"], step["joined"], *step["left"].values()),
            *(step["net"], step["readers"]),
        )


def health_facts(report: HealthReport) -> dict[str, Any]:
    """The health of a list; what is hidden, and what nobody can tell, is null."""
    return {
        "at": report.at.isoformat(),
        "minimum_group": report.minimum_group,
        "readers": report.readers,
        "findings": [asdict(finding) for finding in findings(report)],
        "recent": _back(report.recent),
        "refused": refused_facts(report.refused),
        "issues": [
            {
                "campaign": one.mailing.campaign_id,
                "month": one.mailing.month,
                "started_at": one.mailing.started_at.isoformat(),
                **_back(one.back),
            }
            for one in report.last
        ],
        "domains": [asdict(domain) | {"complaint_share": _round(domain.complaint_share)} for domain in report.domains],
        "suppressed": {reason.value: count for reason, count in report.suppressed.items()},
        "waiting": report.waiting,
        "unopened": {"issues": report.issues, "agreed": report.agreed, "unopened": report.unopened},
        "role_addresses": report.role_addresses,
    }


def refused_facts(refused: Refused) -> dict[str, Any]:
    """Copies refused at hand-over, of those handed over, and why."""
    return {
        "handed": refused.handed,
        "copies": refused.copies,
        "share": _round(refused.share),
        "reasons": {reason.value: copies for reason, copies in refused.reasons.items()},
        "unknown": refused.unknown,
    }


def health_rows(report: HealthReport) -> Rows:
    """One figure a row: its part, what it is of, its name and its value."""
    yield ("part", "name", "figure", "value")
    facts = health_facts(report)
    for name in ("readers", "waiting", "role_addresses"):
        yield ("list", "", name, facts[name])
    for name, value in facts["unopened"].items():
        yield ("unopened", "", name, value)
    for reason, count in facts["suppressed"].items():
        yield ("suppressed", reason, "addresses", count)
    for part, named in (("recent", [("", facts["recent"])]), ("issue", _named(facts["issues"], "month"))):
        for name, back in named:
            yield from ((part, name, figure, back[figure]) for figure in _FIGURES)
    refused = facts["refused"]
    yield from (("refused", "", figure, refused[figure]) for figure in ("handed", "copies", "share", "unknown"))
    yield from (("refused", reason, "copies", copies) for reason, copies in refused["reasons"].items())
    for name, domain in _named(facts["domains"], "name"):
        yield from (("domain", name, figure, value) for figure, value in domain.items() if figure != "name")
    for finding in facts["findings"]:
        yield ("finding", finding["about"], finding["level"], finding["sentence"])


def engagement_facts(report: EngagementReport) -> dict[str, Any]:
    """Cohorts; what is hidden, and a share of nothing, is null."""
    return {
        "minimum_group": report.minimum_group,
        "cohorts": [
            {
                "joined": f"{cohort.joined:%Y-%m}",
                "readers": cohort.readers,
                "months": [
                    asdict(month)
                    | {
                        "opened_share": _round(month.opened_share),
                        "clicked_share": _round(month.clicked_share),
                        "stayed": _round(month.stayed),
                    }
                    for month in cohort.months
                ],
            }
            for cohort in report.cohorts
        ],
    }


def engagement_rows(report: EngagementReport) -> Rows:
    """One row for each month of each cohort, after one of names."""
    names = ("months_since", "copies", "opened", "clicked", "opened_share", "clicked_share", "stayed")
    yield ("joined", "readers", *names)
    for cohort in engagement_facts(report)["cohorts"]:
        for month in cohort["months"]:
            yield (cohort["joined"], cohort["readers"], *(month[name] for name in names))


_FIGURES = ("accepted", "hard", "soft", "complained", "complaint_share")


def _growth(step: Growth) -> dict[str, Any]:
    return {
        "first": step.first.isoformat(),
        "last": step.last.isoformat(),
        "signed_up": {"all": step.signed_up.total()} | {source.value: step.signed_up[source] for source in Source},
        "asked": step.asked,
        "confirmed": step.confirmed,
        "confirmed_share": _round(step.confirmed_share),
        "confirmed_within": {"known": step.timed, "hour": step.within_hour, "day": step.within_day},
        "joined": step.joined,
        "left": {"all": step.left.total()} | {leave.name.lower(): step.left[leave] for leave in Leave},
        "net": step.net,
        "readers": step.standing,
    }


def _back(back: CameBack) -> dict[str, Any]:
    told = {"hard": back.hard, "soft": back.soft, "complained": back.complained}
    return {
        "accepted": back.accepted,
        **(told if back.is_told else dict.fromkeys(told)),
        "complaint_share": _round(back.complaint_share),
        "hard_reasons": {reason.value: count for reason, count in back.hard_reasons.items()},
        "soft_reasons": {reason.value: count for reason, count in back.soft_reasons.items()},
    }


def _named(facts: list[dict[str, Any]], key: str) -> list[tuple[str, dict[str, Any]]]:
    return [(one[key], one) for one in facts]


def _round(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
