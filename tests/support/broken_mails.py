"""Messages broken at random, the same for the same seed: what a network, a virus scanner or an enemy makes of mail."""

import random
from collections.abc import Iterator, Sequence

_PIECES = (
    b"\r\n", b"\n\n", b"\r", b"\x00", b"\x1b$B", b"--", b"=?utf-8?B?", b"?=", b"<", b">", b"@", b":", b";", b'"', b"\xff\xfe", b" " * 3000,
    b"a" * 5000, b"<a@" * 800, b"\n" * 2000, b"=" * 3000, b"550 " * 900, b"user " * 900, b"(" * 3000, b"<style" * 700, b"&lt" * 900,
    b"Content-Type: multipart/mixed; boundary=x\n\n--x\n", b"Content-Type: message/rfc822\n\n", b"Final-Recipient: rfc822; ",
    b"Content-Transfer-Encoding: base64\n", b"Content-Type: text/plain; charset=unicode_escape\n", b"charset=idna", b"charset=utf-7",
    b"mailbox is " * 300, b"account status: " * 300, b"exceeded the " * 300, b"sender address " * 300, b"\nFrom a 10:10 2020\n",
)  # fmt: skip


def broken(originals: Sequence[bytes], seed: int, count: int) -> Iterator[bytes]:
    """As many messages, each one of the originals with one to eight faults in it."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for _ in range(count):
        message = chance.choice(originals)
        for _ in range(chance.randint(1, 8)):
            message = chance.choice(_FAULTS)(message, originals, chance)
        yield message[:400_000]


def _cut(message: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(message, chance)
    return message[:start] + message[end:]


def _end(message: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return message[: chance.randrange(len(message) + 1)]


def _twice(message: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(message, chance)
    return message[:end] + message[start:end] * chance.randint(1, 20) + message[end:]


def _insert(message: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randrange(len(message) + 1)
    return message[:at] + chance.choice(_PIECES) + message[at:]


def _flip(message: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    changed = bytearray(message or b"x")
    for _n in range(chance.randint(1, 40)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _join(message: bytes, originals: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(originals)
    return message[: chance.randrange(len(message) + 1)] + other[chance.randrange(len(other) + 1) :]


def _nest(message: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    for _n in range(chance.randint(1, 12)):
        message = (
            b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
            + message
            + b"\n--b--\n"
        )
    return message


def _span(message: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(message) + 1)
    return start, min(len(message), start + chance.choice((1, 10, 100, 1000)))


_FAULTS = (_cut, _end, _twice, _insert, _flip, _join, _nest)
