"""listmonk's export of subscribers.

The columns are those that its source writes: knadh/listmonk, cmd/subscribers.go. The status is the account's; whether
somebody has confirmed one list is not in the file, so that of the enabled ones it says nothing.
"""

from subscribers.standings import Standing

from .rules import Format, column, moment, words

LISTMONK = Format(
    "listmonk",
    frozenset({"uuid", "email", "name", "attributes", "status", "created_at", "updated_at"}),
    {
        "email": column("email"),
        "name": column("name"),
        "joined": column("created_at", moment),
        "standing": column(
            "status", words({"enabled": "", "disabled": Standing.UNSUBSCRIBED, "blocklisted": Standing.UNSUBSCRIBED})
        ),
    },
)
