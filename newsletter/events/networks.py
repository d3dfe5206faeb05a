"""Networks that machines ask from: lists that an operator keeps in files, read again when a file changes.

One network a line (`192.0.2.0/24`, `2001:db8::/32` or a single address), then anything that says whose it is; `#`
begins a comment. We keep no more of an address than its /24, or its /48 of IPv6, so a narrower network stands for all
of that.
"""

import logging
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeAlias

from newsletter.errors import NewsletterError
from subscribers.signups import networks_of

_log = logging.getLogger(__name__)
_KEPT = 4096
_NARROWEST = {4: 24, 6: 48}
_Network: TypeAlias = IPv4Network | IPv6Network
_Stamp: TypeAlias = tuple[tuple[int, int], ...]


class NetworkListInvalid(NewsletterError):
    """A list of networks cannot be read."""


@lru_cache(_KEPT)
def network_of(address: str) -> str:
    """As much of an address as is kept: its /24, or its /48 of IPv6. Empty for what is no address."""
    network = networks_of(address)[-1]
    return network if "/" in network else ""


class Networks:
    """Which networks are listed. Those inside others, and those that overlap, are one."""

    def __init__(self, networks: Iterable[_Network]) -> None:
        self._starts: dict[int, list[int]] = {4: [], 6: []}
        self._ends: dict[int, list[int]] = {4: [], 6: []}
        for version, first, last in sorted(_ends(network) for network in networks):
            starts, ends = self._starts[version], self._ends[version]
            if ends and first <= ends[-1] + 1:
                ends[-1] = max(ends[-1], last)
            else:
                starts.append(first)
                ends.append(last)

    def __contains__(self, network: str) -> bool:
        """Whether a network, as `network_of` writes it, is listed."""
        if not network or not (self._starts[4] or self._starts[6]):
            return False
        version, first = _beginning(network)
        at = bisect_right(self._starts[version], first) - 1
        return at >= 0 and first <= self._ends[version][at]


class NetworkLists:
    """The networks of some files, as the files are now."""

    def __init__(self, files: Sequence[Path] = ()) -> None:
        self._files = tuple(files)
        self._stamp: _Stamp = ()
        self._networks = Networks(())

    @classmethod
    def named(cls, setting: str) -> "NetworkLists":
        """As NEWSLETTER_MACHINE_NETWORKS names them, separated by blanks."""
        return cls([Path(name) for name in setting.split()])

    def read(self) -> Networks:
        """Read the files. Raises `NetworkListInvalid` naming the file, the line and what is wrong."""
        return Networks(network for file in self._files for network in _read(file))

    def now(self) -> Networks:
        """What is listed; files that changed are read again. While one cannot be read, it stays what it was."""
        stamp = tuple(_stamp(file) for file in self._files)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._networks = self.read()
            except NetworkListInvalid as refusal:
                _log.warning("The networks of machines stay as they were: %s", refusal)
        return self._networks


def _read(file: Path) -> Iterator[_Network]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise NetworkListInvalid(f"The list of networks {file} cannot be read: {why}.") from error
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if words:
            yield _parse(words[0], file, number)


def _parse(word: str, file: Path, number: int) -> _Network:
    try:
        return ip_network(word)
    except ValueError as error:
        raise NetworkListInvalid(
            f"{file}, line {number}: {word[:50]!r} is not a network. Write one a line, such as: 192.0.2.0/24 Example"
        ) from error


def _ends(network: _Network) -> tuple[int, int, int]:
    """The version of a network and its first and last address, no narrower than what we keep."""
    narrowest = _NARROWEST[network.version]
    whole = network if network.prefixlen <= narrowest else network.supernet(new_prefix=narrowest)
    return whole.version, int(whole.network_address), int(whole.broadcast_address)


@lru_cache(_KEPT)
def _beginning(network: str) -> tuple[int, int]:
    version, first, _ = _ends(ip_network(network))
    return version, first


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return -1, -1
    return found.st_mtime_ns, found.st_size
