"""The languages that nobody has signed off as they are now."""

from collections.abc import Iterable, Iterator

from newsletter.issues import sign_offs
from newsletter.issues.sign_offs import Standing

from .catalog import Check
from .findings import Finding, error


def findings(issue_id: int, standings: Iterable[Standing]) -> Iterator[Finding]:
    """An error for each language that still needs a signature."""
    for standing in standings:
        if not standing.is_valid:
            place = f"sign-off, {standing.language}"
            yield error(
                Check.SIGN_OFF, 1, place, sign_offs.sentence(standing), f"Use: {sign_offs.remedy(standing, issue_id)}"
            )
