"""Mailchimp's audience export: a zip of three files, for those subscribed, unsubscribed and cleaned.

The columns are those of such files, kept in TryGhost/migrate, packages/mg-mailchimp-members/src/test/fixtures:
subscribed.csv, unsubscribed.csv and cleaned.csv. What a person is shows in which file they are; UNSUB_TIME and
CLEAN_TIME tell the files apart. An address is cleaned when it has bounced for good, or too often.
"""

from subscribers.standings import Standing

from .rules import Format, always, column, first_of, joined, moment, quoted_tags, time_zone

_SIGNS = frozenset({"email address", "optin_time", "leid", "euid"})
_RULES = {
    "email": column("Email Address"),
    "name": joined("First Name", "Last Name"),
    "timezone": column("TIMEZONE", time_zone),
    "place": column("ZIP Code"),
    "tags": column("TAGS", quoted_tags),
    "joined": column("OPTIN_TIME", moment),
    "confirmed": column("CONFIRM_TIME", moment),
    "network": first_of("CONFIRM_IP", "OPTIN_IP"),
}

MAILCHIMP = tuple(
    Format(f"Mailchimp ({name})", _SIGNS | signs, _RULES | {"standing": always(standing)}, tells_consent=True)
    for name, signs, standing in (
        ("cleaned", {"clean_time"}, Standing.BOUNCED),
        ("unsubscribed", {"unsub_time"}, Standing.UNSUBSCRIBED),
        ("subscribed", set[str](), Standing.SUBSCRIBED),
    )
)
