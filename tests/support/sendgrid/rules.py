"""What Mail Send takes, as its reference and our promises say it: every body is held to all of it.

Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send, and its page of limitations.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MOST_PERSONALIZATIONS = 1_000
MOST_RECIPIENTS = 1_000
MOST_BYTES = 30_000_000
MOST_CUSTOM_ARGS_BYTES = 10_000
MOST_SUBSTITUTION_BYTES = 10_000
MOST_CATEGORIES = 10
KEY_ARGUMENT = "newsletter_key"

_BODY_FIELDS = {
    "personalizations", "from", "reply_to", "reply_to_list", "subject", "content", "attachments", "template_id",
    "headers", "categories", "custom_args", "send_at", "batch_id", "asm", "ip_pool_name", "mail_settings",
    "tracking_settings",
}  # fmt: skip
_PERSONALIZATION_FIELDS = {
    "from", "to", "cc", "bcc", "subject", "headers", "substitutions", "dynamic_template_data", "custom_args", "send_at",
}  # fmt: skip
_RESERVED_HEADERS = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
_TRACKING = ("click_tracking", "open_tracking", "subscription_tracking", "ganalytics")
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+")
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_LEAVING = re.compile(r"<https?://[^\s<>]+>")
_TAG = re.compile(r"-[0-9a-f]{6,}\.\d+-")

_KEYED = "a delivery key"
"""Asked of all that is really sent."""

Broken = Callable[[dict[str, Any]], bool]


def violations(raw: bytes) -> list[str]:
    """Every rule that a call's body breaks, one line each; empty where it is right."""
    try:
        body = json.loads(raw)
    except ValueError:
        return ["the body is JSON"]
    if not isinstance(body, dict) or not isinstance(body.get("personalizations"), list):
        return ["the body is an object with personalizations"]
    broken = ["the body is below 30 MB"] if len(raw) >= MOST_BYTES else []
    broken += [rule for rule, is_broken in _OF_A_BODY.items() if is_broken(body)]
    broken += [rule for one in body["personalizations"] for rule, breaks in _OF_A_READER.items() if breaks(one)]
    if _is_to_a_list(body):
        broken += [rule for one in body["personalizations"] for rule in _of_leaving(one)]
    return [rule for rule in broken if rule != _KEYED] if is_sandboxed(body) else broken


def recipients(body: Mapping[str, Any]) -> Iterator[str]:
    """Every address a body names, as written."""
    for one in body["personalizations"]:
        for kind in ("to", "cc", "bcc"):
            yield from (mailbox["email"] for mailbox in one.get(kind, []))


def is_sandboxed(body: Mapping[str, Any]) -> bool:
    """Whether the call is only to be checked."""
    return bool(body.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"))


def size(values: Mapping[str, str]) -> int:
    """How many bytes values take as JSON."""
    return len(json.dumps(values, ensure_ascii=False).encode())


def _is_to_a_list(body: Mapping[str, Any]) -> bool:
    return "List-Id" in body.get("headers", {})


def _tracks(body: dict[str, Any]) -> bool:
    settings = body.get("tracking_settings", {})
    is_on = any(settings.get(name, {}).get("enable") is not False for name in _TRACKING)
    return is_on or settings["click_tracking"].get("enable_text") is not False


def _repeats_an_address(body: dict[str, Any]) -> bool:
    found = [address.lower() for address in recipients(body)]
    return len(set(found)) < len(found)


def _leaves_a_tag(body: dict[str, Any]) -> bool:
    """Whether a reader would see a substitution tag instead of a value."""
    shared = " ".join([body.get("subject", ""), *(part["value"] for part in body.get("content", []))])
    tags = set(_TAG.findall(shared))
    return any(not tags <= one.get("substitutions", {}).keys() for one in body["personalizations"])


def _is_no_mailbox(mailbox: Any) -> bool:
    name = mailbox.get("name", "-")
    return _ADDRESS.fullmatch(mailbox.get("email", "")) is None or not name or not name.isprintable()


def _has_a_bad_header(owner: dict[str, Any]) -> bool:
    return any(
        name.lower() in _RESERVED_HEADERS
        or _HEADER_NAME.fullmatch(name) is None
        or not isinstance(value, str)
        or not value.isascii()
        or bool(re.search(r"[\r\n]", value))
        for name, value in owner.get("headers", {}).items()
    )


def _of_leaving(one: dict[str, Any]) -> list[str]:
    """RFC 8058: a reader of a list leaves it in one click."""
    given = one.get("headers", {})
    broken = [] if _LEAVING.fullmatch(given.get("List-Unsubscribe", "")) else ["List-Unsubscribe for each reader"]
    if given.get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        broken.append("List-Unsubscribe-Post for each reader")
    return broken


def _sends_later(body: dict[str, Any]) -> bool:
    return "send_at" in body or any("send_at" in one for one in body["personalizations"])


def _are_not_ours(arguments: Mapping[str, Any]) -> bool:
    return any(
        not name.startswith("newsletter_") or not isinstance(value, str) or "@" in value
        for name, value in arguments.items()
    )


_OF_A_BODY: dict[str, Broken] = {
    "no field that is not known": lambda body: not body.keys() <= _BODY_FIELDS,
    "1 to 1,000 personalizations": lambda body: not 1 <= len(body["personalizations"]) <= MOST_PERSONALIZATIONS,
    "1,000 recipients at most": lambda body: sum(1 for _ in recipients(body)) > MOST_RECIPIENTS,
    "no address twice": _repeats_an_address,
    "a mailbox in from": lambda body: _is_no_mailbox(body.get("from", {})),
    "a mailbox in reply_to": lambda body: "reply_to" in body and _is_no_mailbox(body["reply_to"]),
    "a subject": lambda body: not body.get("subject"),
    "a text part, then HTML": lambda body: (
        [part["type"] for part in body.get("content", [])] != ["text/plain", "text/html"]
    ),
    "no empty part": lambda body: not all(part["value"] for part in body.get("content", [])),
    "no tag without its value": _leaves_a_tag,
    "no send_at": _sends_later,
    "all tracking off": _tracks,
    "10 categories at most": lambda body: len(body.get("categories", [])) > MOST_CATEGORIES,
    "no header that is reserved or broken": _has_a_bad_header,
    "top-level custom_args that are ours, with no address": lambda body: _are_not_ours(body.get("custom_args", {})),
}


_OF_A_READER: dict[str, Broken] = {
    "no personalization field that is not known": lambda one: not one.keys() <= _PERSONALIZATION_FIELDS,
    "one mailbox in to": lambda one: len(one.get("to", [])) != 1 or _is_no_mailbox(one["to"][0]),
    "custom_args below 10,000 bytes": lambda one: size(one.get("custom_args", {})) >= MOST_CUSTOM_ARGS_BYTES,
    "custom_args that are ours, with no address": lambda one: _are_not_ours(one.get("custom_args", {})),
    _KEYED: lambda one: not one.get("custom_args", {}).get(KEY_ARGUMENT),
    "substitutions up to 10,000 bytes": lambda one: size(one.get("substitutions", {})) > MOST_SUBSTITUTION_BYTES,
    "substitutions that are text": lambda one: (
        not all(isinstance(v, str) for v in one.get("substitutions", {}).values())
    ),
    "no header of a reader that is reserved or broken": _has_a_bad_header,
}
