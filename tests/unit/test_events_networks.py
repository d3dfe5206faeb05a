import logging
import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from newsletter.events.networks import NetworkListInvalid, NetworkLists, Networks, network_of

LIST = """# scanners that we know
192.0.2.0/24   Example Mail Security
198.51.100.77  one address stands for its /24
2001:db8::/32  # a whole provider

10.0.0.0/8
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "networks.txt"
    file.write_text(LIST, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("", ""),
        ("a proxy's socket", ""),
        ("<script>", ""),
    ],
)
def test_no_more_of_an_address_is_kept_than_its_network(address: str, kept: str) -> None:  # F26
    assert network_of(address) == kept


@pytest.mark.parametrize(
    ("address", "is_listed"),
    [
        ("192.0.2.1", True), ("192.0.3.1", False), ("198.51.100.1", True), ("10.255.255.255", True),
        ("11.0.0.0", False), ("9.255.255.255", False), ("2001:db8:ffff::1", True), ("2001:db9::1", False), ("", False),
    ],
)  # fmt: skip
def test_a_list_names_networks_and_what_is_in_them(file: Path, address: str, is_listed: bool) -> None:
    assert (network_of(address) in NetworkLists.named(str(file)).now()) is is_listed


def test_networks_inside_others_and_beside_each_other_are_one() -> None:
    found = Networks(map(ip_network, ("10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8", "10.255.0.0/16")))
    assert [network_of(f"{first}.200.1.1") in found for first in (9, 10, 11, 12)] == [False, True, True, False]


def test_without_a_list_no_network_is_listed() -> None:
    assert "192.0.2.0/24" not in NetworkLists.named("").now()


@pytest.mark.parametrize("line", ["192.0.2.1/24", "300.1.2.3", "example.org", "192.0.2.0/33", "\x1b[31m"])
def test_a_line_that_is_no_network_is_named_by_its_number(file: Path, line: str) -> None:
    file.write_text(f"10.0.0.0/8\n\n{line} Example\n", encoding="utf-8")
    with pytest.raises(NetworkListInvalid, match=r"networks\.txt, line 3: .* is not a network\. Write one a line"):
        NetworkLists([file]).read()


def test_a_list_that_cannot_be_read_is_told_of_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NetworkListInvalid, match="cannot be read: No such file or directory"):
        NetworkLists([tmp_path / "none.txt"]).read()
    (tmp_path / "latin.txt").write_bytes(b"10.0.0.0/8 Stra\xdfe\n")
    with pytest.raises(NetworkListInvalid, match="it is no text in UTF-8"):
        NetworkLists([tmp_path / "latin.txt"]).read()


def test_a_list_is_read_again_when_it_changes(file: Path) -> None:
    lists = NetworkLists([file])
    assert "203.0.113.0/24" not in lists.now()
    file.write_text("203.0.113.0/24\n", encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert "203.0.113.0/24" in lists.now()
    assert "192.0.2.0/24" not in lists.now()


def test_while_a_list_is_broken_it_stays_what_it_was(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    lists = NetworkLists([file])
    assert "192.0.2.0/24" in lists.now()
    file.write_text("what is this\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert "192.0.2.0/24" in lists.now()
        assert "192.0.2.0/24" in lists.now()
    assert caplog.text.count("line 1") == 1
