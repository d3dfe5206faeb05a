"""Substack's list of subscribers, as CSV.

The columns are those of such a file, kept in TryGhost/migrate, packages/mg-substack-members-csv/test/fixtures
(fixtures_subscriber_emails.csv); newer files have `created_at` besides. Who has switched the mails off, or was switched
off, has `email_disabled`.
"""

from subscribers.standings import Standing

from .rules import Format, column, moment, words

SUBSTACK = Format(
    "Substack",
    frozenset({"email", "expiry", "email_disabled"}),
    {
        "email": column("email"),
        "joined": column("created_at", moment),
        "standing": column(
            "email_disabled", words({"false": Standing.SUBSCRIBED, "true": Standing.UNSUBSCRIBED, "": Standing.PENDING})
        ),
    },
    tells_consent=True,
)
