"""Ghost's export of members.

The columns are those that Ghost's source writes: TryGhost/Ghost, ghost/members-csv/lib/unparse.js, called by
ghost/core/core/server/services/members/exporter. Labels are joined with commas.
"""

from subscribers.standings import Standing

from .rules import Format, column, moment, split_tags, words

GHOST = Format(
    "Ghost",
    frozenset({"email", "name", "subscribed_to_emails", "complimentary_plan"}),
    {
        "email": column("email"),
        "name": column("name"),
        "tags": column("labels", split_tags),
        "joined": column("created_at", moment),
        "standing": column(
            "subscribed_to_emails",
            words({"true": Standing.SUBSCRIBED, "false": Standing.UNSUBSCRIBED, "": Standing.PENDING}),
        ),
    },
    tells_consent=True,
)
