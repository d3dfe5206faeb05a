"""Whom we ask on the web, and whom never: other people typed these addresses."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import ClassVar

import pytest

from newsletter.checks import Check, Level, answering
from newsletter.issues.parsing import parse
from newsletter.outside import NameUnknown, Outside, OutsideAway, OutsideRefused, addresses_of, is_public
from tests.support.issue_files import a_file, a_section
from tests.support.receivers import Receiver, a_receiver

INSIDE = [
    "127.0.0.1", "127.8.9.10", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254",
    "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
    "2001:db8::1",
]  # fmt: skip


class Pages(BaseHTTPRequestHandler):
    """A site: what it answers is told by the path."""

    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.asked.append(f"{self.command} {self.headers['Host']}{self.path}")
        word, _, rest = self.path.strip("/").partition("/")
        if word == "slow":
            time.sleep(0.6)
        if word == "no-head" and self.command == "HEAD":
            self.send_error(405)
            return
        self.send_response(int(word) if word.isdigit() else 302 if word in ("to", "loop") else 200)
        if word in ("to", "loop"):
            self.send_header("Location", rest if word == "to" else self.path)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"x" * (10_000_000 if word == "large" else 10))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    Pages.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def resolve(host: str, port: int) -> list[str]:
    """Names of the tests: `gone.example` is none, `inside.example` is a machine of the cloud, all others are here."""
    del port
    if host == "gone.example":
        raise NameUnknown
    return ["169.254.169.254"] if host == "inside.example" else ["127.0.0.1"]


def a_web(port: int, **given: float) -> Outside:
    """The web of the tests: one site under many names; this machine alone counts as public."""
    ports = {"http": port, "https": port}
    return Outside(resolve, lambda address: address == "127.0.0.1", ports, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_never_asked(address: str, port: int) -> None:  # F42
    assert not is_public(address)
    web = Outside(lambda *_: [address], ports={"http": port, "https": port})
    with pytest.raises(OutsideRefused, match="not a public address"):
        web.ask("http://www.school.example/")
    assert Pages.asked == []


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_an_address_of_the_public_is_asked(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:7f00:1]"],
)
def test_no_spelling_of_this_machine_is_asked(host: str, port: int) -> None:  # F42
    with pytest.raises((OutsideRefused, NameUnknown)):
        Outside(ports={"http": port, "https": port}).ask(f"http://{host}/")
    assert Pages.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://a.example/",
        "gopher://a.example/",
        "http:///x",
        "http://a.example:22/",
        "http://[x/",
    ],
)
def test_only_web_pages_on_their_own_ports_are_asked(url: str, port: int) -> None:
    with pytest.raises(OutsideRefused):
        a_web(port).ask(url)
    assert Pages.asked == []


def test_one_address_inside_among_others_is_enough_to_refuse(port: int) -> None:
    web = Outside(lambda *_: ["127.0.0.1", "10.0.0.1"], lambda address: address == "127.0.0.1", {"http": port})
    with pytest.raises(OutsideRefused, match=r"10\.0\.0\.1"):
        web.ask("http://a.example/")
    assert Pages.asked == []


def test_a_name_is_resolved_once_so_its_second_answer_changes_nothing(port: int) -> None:  # F42, DNS rebinding
    answers = iter(["127.0.0.1", "169.254.169.254"])
    web = Outside(lambda *_: [next(answers)], lambda address: address == "127.0.0.1", {"http": port})
    assert web.ask("http://rebound.example/page").status == 200
    assert Pages.asked == ["GET rebound.example/page"]
    with pytest.raises(OutsideRefused):
        web.ask("http://rebound.example/page")


def test_a_redirect_is_looked_at_as_the_first_address_was(port: int) -> None:  # F42
    assert a_web(port).ask("http://a.example/to/http://b.example/200").url == "http://b.example/200"
    for inside in ("http://inside.example/latest/meta-data", "file:///etc/passwd"):
        with pytest.raises(OutsideRefused):
            a_web(port).ask(f"http://a.example/to/{inside}")
    with pytest.raises(OutsideAway, match="more than 5 times"):
        a_web(port).ask("http://a.example/loop")


def test_no_more_is_read_than_the_beginning_of_a_page(port: int) -> None:
    assert len(a_web(port).ask("http://a.example/large").body) == 64 * 1024


def test_what_does_not_answer_or_does_not_speak_http_is_away(port: int) -> None:
    with pytest.raises(OutsideAway, match=r"did not answer in 0\.2 seconds"):
        a_web(port, seconds=0.2).ask("http://a.example/slow")
    with pytest.raises(OutsideAway, match="certificate"):
        a_web(port).ask("https://a.example/")
    with socket.create_server(("127.0.0.1", 0)) as unused:
        free = unused.getsockname()[1]
    with pytest.raises(OutsideAway, match="cannot be reached"):
        a_web(free).ask("http://a.example/")


def test_a_name_that_nobody_has_is_unknown() -> None:
    with pytest.raises(NameUnknown):
        addresses_of("a b", 80)
    with pytest.raises(NameUnknown):
        addresses_of("x" * 70 + ".example", 80)


def test_a_link_is_asked_for_its_head_and_for_its_page_where_that_is_refused(port: int) -> None:
    assert links(port, "http://a.example/200#part", "http://a.example/no-head", "mailto:a@b.example") == []
    assert sorted(Pages.asked) == ["GET a.example/no-head", "HEAD a.example/200", "HEAD a.example/no-head"]


@pytest.mark.parametrize(
    ("url", "level", "words"),
    [
        ("http://a.example/404", Level.ERROR, "is gone (404)."),
        ("http://a.example/410", Level.ERROR, "is gone (410)."),
        ("http://gone.example/", Level.ERROR, "no machine has this name."),
        ("http://inside.example/", Level.ERROR, "is not for readers."),
        ("http://a.example:22/", Level.ERROR, "Port 22 is not one of web pages."),
        ("http://a.example/500", Level.WARNING, "answers with 500."),
        ("http://a.example/403", Level.WARNING, "answers with 403."),
        ("https://a.example/", Level.WARNING, "does not answer."),
    ],
)
def test_a_link_that_does_not_answer_is_found(port: int, url: str, level: Level, words: str) -> None:
    ((check, found, line, sentence),) = links(port, url)
    assert (check, found, line) == (Check.ANSWERS, level, 9)
    assert words in sentence
    assert url in sentence


def test_where_no_name_is_known_it_may_be_us(port: int) -> None:
    ((_, level, line, sentence),) = links(port, "http://gone.example/1", "http://gone.example/2")
    assert (level, line) == (Level.WARNING, 1)
    assert "it may be us who have no network" in sentence
    assert len(links(port, "http://gone.example/1", "http://a.example/404")) == 2


def test_a_link_that_stands_often_is_asked_once_and_told_where_it_is_first(port: int) -> None:
    found = links(port, *["http://a.example/404"] * 3)
    assert len(found) == 1
    assert Pages.asked.count("HEAD a.example/404") == 1


def test_links_that_are_too_slow_are_told_in_time(port: int) -> None:
    begun = time.monotonic()
    found = links(port, *(f"http://a.example/slow/{no}" for no in range(12)), seconds=0.2)
    assert time.monotonic() - begun < 0.6
    assert {sentence.partition(" ")[2] for *_, sentence in found} == {"did not answer in time."}
    assert len(found) == 12


def links(port: int, *urls: str, seconds: float = 30) -> list[tuple[Check, Level, int, str]]:
    """What is said of an issue with these links; the first text begins on line 7."""
    text = "## Read\n\n" + "\n".join(f"[Page {no}]({url})" for no, url in enumerate(urls))
    document = parse(a_file(a_section(en=text)))
    found = answering.findings(document, a_web(port), seconds)
    return [(one.check, one.level, one.line, one.sentence) for one in found]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as receiver:
        yield receiver


HERE = [ip_network("127.0.0.0/8")]


def test_what_is_posted_goes_to_one_address_and_to_none_that_it_leads_to(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 307, {"Location": receiver.url, "Retry-After": "60"}
    answer = Outside(house=HERE).post(receiver.url, b"{}", {"X-Said": "yes"})
    assert (answer.status, answer.body, answer.retry_after) == (307, b"thank you", "60")
    assert [(heard.body, heard.headers["x-said"]) for heard in receiver.heard] == [(b"{}", "yes")]


def test_a_house_has_any_port_and_what_is_not_in_it_only_the_usual(receiver: Receiver) -> None:
    for url, why in (
        (receiver.url.replace("127.0.0.1", "192.168.0.1"), "not a public address"),
        (receiver.url.replace("127.0.0.1", "8.8.8.8"), "Port"),
        ("http://8.8.8.8/", "https://"),
        (receiver.url.replace("127.0.0.1", "[::ffff:10.0.0.1]"), "not a public address"),
    ):
        with pytest.raises(OutsideRefused, match=why):
            Outside(house=HERE).post(url, b"{}", {})
    mapped = Outside(lambda *_: ["::ffff:127.0.0.1"], house=HERE)
    assert mapped.post(receiver.url, b"{}", {}).status == 200
    assert len(receiver.heard) == 1


@pytest.mark.parametrize("trouble", ["slow", "drip"])
def test_a_machine_that_speaks_slowly_is_cut_off(receiver: Receiver, trouble: str) -> None:
    receiver.status, begun = trouble, time.monotonic()
    with pytest.raises(OutsideAway, match="did not answer"):
        Outside(house=HERE, seconds=10, most_seconds=0.4).post(receiver.url, b"{}", {})
    assert time.monotonic() - begun < 3
