"""Requests to addresses that a person typed, which may be meant for machines that only we can reach (SSRF).

Only http and https, only the usual ports, only machines that are public or in a network that staff named. A name is
resolved once: the very addresses that were looked at are connected to, so that a second answer of its server changes
nothing (DNS rebinding). Each redirect is looked at in the same way. No proxy, cookie or login is used.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

from newsletter.errors import NewsletterError

_MOST_REDIRECTS = 5
_MOST_BYTES = 64 * 1024
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_V4_COMPATIBLE = IPv6Network("::/96")
_V4_BITS = 0xFFFFFFFF
_HEADERS = {"User-Agent": "newsletter-link-check/1", "Accept": "*/*", "Connection": "close"}


class OutsideRefused(NewsletterError):
    """This address is not one of the public web."""


class NameUnknown(NewsletterError):
    """No machine has this name."""


class OutsideAway(NewsletterError):
    """The machine cannot be reached, or its answer cannot be read."""


Resolve: TypeAlias = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page says when asked for: the last of its redirects, its status, and the beginning of its body."""

    url: str
    status: int
    body: bytes
    retry_after: str = ""
    """When to ask again, as the page writes it (RFC 9110)."""


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, and none that only looks so and means one inside."""
    ip = _meant(ip_address(address.partition("%")[0]))
    if isinstance(ip, IPv6Address) and ip.is_site_local:
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def addresses_of(host: str, port: int) -> Sequence[str]:
    """The IP addresses of a name. Raises `NameUnknown`, `OutsideAway`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
            raise OutsideAway("Its name cannot be looked up now.") from error
        raise NameUnknown(f"No machine has the name {host}.") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Outside:
    """The public web, as far as it may be asked. Tests have their own names and addresses."""

    resolve: Resolve = addresses_of
    allows: Callable[[str], bool] = is_public
    ports: Mapping[str, int] = field(default_factory=lambda: dict(_PORTS))
    """Where each scheme is asked; an address may name no other port than the usual one."""
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    seconds: float = 10
    """For connecting, and for each wait."""
    most_seconds: float = 30
    """For one exchange from the moment it is connected, however slowly the machine speaks."""
    house: Sequence[IPv4Network | IPv6Network] = ()
    """Networks of one's own, which may be asked too: at any port, and without https."""

    def ask(self, url: str, method: str = "GET") -> Answer:
        """Follow an address to its page. Raises `OutsideRefused`, `NameUnknown`, `OutsideAway`."""
        for _ in range(_MOST_REDIRECTS + 1):
            answer, location = self._once(url, _Request(method))
            if answer.status not in _REDIRECTS or not location:
                return answer
            url = urljoin(url, location)
        raise OutsideAway(f"It leads from page to page, more than {_MOST_REDIRECTS} times.")

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Hand something over, to this address and to no other that it leads to: over https, but in one's own house.

        Raises `OutsideRefused`, `NameUnknown`, `OutsideAway`.
        """
        return self._once(url, _Request("POST", body, headers))[0]

    def refuse(self, url: str) -> None:
        """Raise `OutsideRefused` or `NameUnknown` where `post` would, without asking anything of the machine."""
        self._reached(self._allowed(url, "POST"), "POST")

    def _once(self, url: str, request: _Request) -> tuple[Answer, str]:
        parts = self._allowed(url, request.method)
        reached = self._reached(parts, request.method)
        try:
            response, body = self._exchange(parts, reached, request)
        except ssl.SSLError as error:
            raise OutsideAway(f"Its certificate does not hold: {error.reason or error}.") from error
        except TimeoutError as error:
            raise OutsideAway(f"It did not answer in {self.seconds:g} seconds.") from error
        except (OSError, HTTPException, ValueError) as error:
            raise OutsideAway(f"It cannot be reached: {error}.") from error
        said = response.headers.get
        return Answer(url, response.status, body, said("Retry-After", "")), said("Location", "")

    def _allowed(self, url: str, method: str) -> SplitResult:
        """An address in its parts, as far as it may be asked by what it says itself."""
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError as error:
            raise OutsideRefused(f"{url} is no address.") from error
        if parts.scheme not in self.ports or not parts.hostname:
            raise OutsideRefused(f"{url} is not an address of the web.")
        if not self.house:
            _refuse_unless_public(parts, method)
        return parts

    def _reached(self, parts: SplitResult, method: str) -> Sequence[str]:
        """The addresses of a machine, all of which may be asked."""
        host = parts.hostname or ""
        reached = self.resolve(host, self.port_of(parts))
        for address in reached:
            if any(_meant(ip_address(address.partition("%")[0])) in network for network in self.house):
                continue
            if not self.allows(address):
                raise OutsideRefused(f"{host} is {address}, which is not a public address.")
            _refuse_unless_public(parts, method)
        return reached

    def port_of(self, parts: SplitResult) -> int:
        """Where an address is asked."""
        return parts.port or self.ports[parts.scheme]

    def _exchange(self, parts: SplitResult, reached: Sequence[str], request: _Request) -> tuple[HTTPResponse, bytes]:
        connection = _Connection(parts, reached, self)
        try:
            path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            headers = {**_HEADERS, **request.headers, "Host": parts.netloc.rpartition("@")[2]}
            connection.request(request.method, path, request.body, headers)
            response: HTTPResponse = connection.getresponse()
            return response, b"" if request.method == "HEAD" else response.read(_MOST_BYTES)
        except (OSError, HTTPException, ValueError):
            if connection.is_cut:
                raise TimeoutError from None
            raise
        finally:
            connection.end()


def _refuse_unless_public(parts: SplitResult, method: str) -> None:
    """Raise `OutsideRefused` for what only a machine of one's own house may be asked."""
    if parts.port not in (None, _PORTS[parts.scheme]):
        raise OutsideRefused(f"Port {parts.port} is not one of web pages.")
    if method == "POST" and parts.scheme != "https":
        raise OutsideRefused("Others could read it on its way: use an address that begins with https://.")


class _Connection(HTTPConnection):
    """Connects to one of the addresses that were looked at, and to no other."""

    def __init__(self, parts: SplitResult, reached: Sequence[str], outside: Outside) -> None:
        super().__init__(parts.hostname or "", outside.port_of(parts), timeout=outside.seconds)
        self._reached = reached
        self._tls = outside.tls if parts.scheme == "https" else None
        self._end = threading.Timer(outside.most_seconds, self._cut)
        self._end.daemon = True
        self.is_cut = False
        """Whether the exchange took too long and was ended."""

    def connect(self) -> None:
        """Try one address after another; the name is for the certificate alone."""
        for at, address in enumerate(self._reached, 1):
            try:
                self.sock = socket.create_connection((address, self.port), self.timeout)
                break
            except OSError:
                if at == len(self._reached):
                    raise
        self._speaking = self.sock
        self._end.start()
        if self._tls is not None:
            self.sock = self._speaking = self._tls.wrap_socket(self.sock, server_hostname=self.host)

    def end(self) -> None:
        """Hang up, and let the time stand still."""
        self._end.cancel()
        self.close()

    def _cut(self) -> None:
        """End whatever the other side is still saying; a wait of ours ends at once."""
        self.is_cut = True
        with suppress(OSError):
            socket.socket.shutdown(self._speaking, socket.SHUT_RDWR)


def _meant(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside an IPv6 one that carries it: mapped, compatible, 6to4, Teredo, NAT64."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour or ip
    if ip.teredo:
        return ip.teredo[1]
    if any(ip in network for network in _NAT64) or (ip in _V4_COMPATIBLE and int(ip) > 1):
        return IPv4Address(int(ip) & _V4_BITS)
    return ip
