"""beehiiv's export of subscribers.

The columns are those of such a file, kept in TryGhost/migrate, packages/mg-beehiiv-members/src/test/fixtures
(members.csv). beehiiv marks whom it no longer mails as inactive (beehiiv.com/support/article/12428610562327); a time of
leaving counts more than a status.
"""

from subscribers.standings import Standing

from .rules import Format, Rule, column, joined, moment, words

_status = words(
    {
        "active": Standing.SUBSCRIBED,
        "inactive": Standing.UNSUBSCRIBED,
        "pending": Standing.PENDING,
        "": Standing.PENDING,
    }
)


def _standing(status: str, left_at: str) -> str:
    return Standing.UNSUBSCRIBED if left_at else _status(status)


BEEHIIV = Format(
    "beehiiv",
    frozenset({"email", "status", "tier", "created_at"}),
    {
        "email": column("email"),
        "name": joined("First Name", "Last Name"),
        "joined": column("created_at", moment),
        "standing": Rule(("status", "unsubscribed_at"), _standing),
    },
    tells_consent=True,
)
