"""What a config may say of the network, and what AWS, or prudence, would refuse of it."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.specs.configs import MYSQL, NETWORK, Wrong, assert_only, changed, problems, stack

WRONG = [
    Wrong({"allowed_cidrs": ["0.0.0.0/0"]}, "allowed_cidrs.0", "name the addresses that need"),
    Wrong({"allowed_cidrs": ["10.0.0.0/8", "::/0"]}, "allowed_cidrs.1", "the whole internet"),
    Wrong({"allowed_cidrs": ["128.0.0.0/1"]}, "allowed_cidrs.0", "name the addresses that need"),
    Wrong({"allowed_cidrs": ["10.0.0.0/7"]}, "allowed_cidrs.0", "name the addresses that need"),
    Wrong({"allowed_cidrs": ["2000::/3"]}, "allowed_cidrs.0", "name the addresses that need"),
    Wrong({"allowed_cidrs": ["10.0.0.1/16"]}, "allowed_cidrs.0", "host bits set"),
    Wrong({"allowed_cidrs": ["10.0.0/16"]}, "allowed_cidrs.0", "write one such as 10.0.0.0/16"),
    Wrong({"allowed_cidrs": ["10.0.0.0/33"]}, "allowed_cidrs.0", "write one such as 10.0.0.0/16"),
    Wrong({"allowed_cidrs": ["256.0.0.0/16"]}, "allowed_cidrs.0", "write one such as 10.0.0.0/16"),
    Wrong({"allowed_cidrs": [""]}, "allowed_cidrs.0", "write one such as 10.0.0.0/16"),
    Wrong({"allowed_cidrs": ["office"]}, "allowed_cidrs.0", "write one such as 10.0.0.0/16"),
    Wrong({"allowed_cidrs": ["fe80::1%eth0"]}, "allowed_cidrs.0", "leave the % part out"),
    Wrong({"allowed_cidrs": [10]}, "allowed_cidrs.0", "write text here"),
    Wrong({"allowed_cidrs": "10.0.0.0/16"}, "allowed_cidrs", "write a list here"),
    Wrong({"allowed_cidrs": None}, "allowed_cidrs", "write a list here"),
    Wrong(
        {"allowed_cidrs": ["10.1.0.0/16", "10.2.0.0/16", "10.1.0.0/255.255.0.0"]},
        "allowed_cidrs.2",
        "10.1.0.0/16 is there twice; leave one out",
    ),
    Wrong({"allowed_cidrs": ["10.1.2.3", "10.1.2.3/32"]}, "allowed_cidrs.1", "is there twice"),
    Wrong({"zones": ["a"]}, "zones", "needs two (DBSubnetGroupDoesNotCoverEnoughAZs): add one"),
    Wrong({"zones": []}, "zones", "or leave zones out"),
    Wrong({"zones": ["a", "a"]}, "zones", "needs two"),
    Wrong({"zones": ["a", "us-east-1b"]}, "zones.1", "write its letter, such as a"),
    Wrong({"zones": ["a", "B"]}, "zones.1", "write its letter, such as a"),
    Wrong({"zones": ["a", "bc"]}, "zones.1", "write its letter, such as a"),
    Wrong({"zones": ["a", ""]}, "zones.1", "write its letter, such as a"),
    Wrong({"zones": "abc"}, "zones", "write a list here"),
    Wrong({"zones": 3}, "zones", "write a list here"),
    Wrong({"zone": ["a", "b"]}, "zone", "did you mean 'zones'?"),
    Wrong({"vpc": "vpc-123"}, "vpc", "is not a key here; there are allowed_cidrs, zones"),
]


@pytest.mark.parametrize(
    "network",
    [
        None,
        {},
        NETWORK,
        {"allowed_cidrs": []},
        {"zones": None},
        {"zones": ["f", "a"]},
        {"allowed_cidrs": ["10.0.0.0/8", "10.0.0.0/16", "192.0.2.7", "2001:db8::/32"]},
    ],
    ids=str,
)
def test_what_aws_takes(network: object) -> None:
    assert problems({"mysql": MYSQL}, network) == []


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_refused(wrong: Wrong) -> None:
    found = problems({"mysql": MYSQL}, changed(NETWORK, wrong.changes))
    assert_only(found, f"network.{wrong.path}", wrong.says)


@pytest.mark.parametrize("network", ["default", 3, True, ["10.0.0.0/16"]], ids=str)
def test_a_network_is_keys_and_values(network: object) -> None:
    (problem,) = problems({"mysql": MYSQL}, network)
    assert problem.path == "network"
    assert problem.text.endswith("; write keys and values here")


def test_a_wrong_network_and_a_wrong_database_are_told_at_once() -> None:
    found = problems({"mysql": changed(MYSQL, {"class": "db.t2.micro"})}, {"zones": ["a"]})
    assert [problem.path for problem in found] == ["network.zones", "topologies.mysql.class"]


@given(number=st.integers(0, 2**32 - 1), prefix=st.integers(0, 32), clear=st.booleans())
def test_ranges_of_ipv4(number: int, prefix: int, clear: bool) -> None:
    host_bits = 2 ** (32 - prefix) - 1
    number = number & ~host_bits if clear else number
    text = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{prefix}"
    network = {"allowed_cidrs": [text]}
    if prefix >= 8 and number & host_bits == 0:
        assert stack({"mysql": MYSQL}, network).network.allowed_cidrs == (text,)
    else:
        assert [p.path for p in problems({"mysql": MYSQL}, network)] == ["network.allowed_cidrs.0"]


@given(number=st.integers(0, 2**128 - 1), prefix=st.integers(0, 128), clear=st.booleans())
def test_ranges_of_ipv6(number: int, prefix: int, clear: bool) -> None:
    host_bits = 2 ** (128 - prefix) - 1
    number = number & ~host_bits if clear else number
    text = ":".join(f"{number >> shift & 0xFFFF:X}" for shift in range(112, -16, -16))
    network = {"allowed_cidrs": [f"{text}/{prefix}"]}
    if prefix >= 32 and number & host_bits == 0:
        (kept,) = stack({"mysql": MYSQL}, network).network.allowed_cidrs
        # As AWS writes it, so that the next plan shows no difference.
        assert kept == f"{ipaddress.IPv6Address(number).compressed}/{prefix}"
    else:
        assert [p.path for p in problems({"mysql": MYSQL}, network)] == ["network.allowed_cidrs.0"]


@given(st.text(max_size=24) | st.text("0123456789abcdef.:/%", max_size=24))
def test_no_text_breaks_the_reading_of_a_range(text: str) -> None:
    found = problems({"mysql": MYSQL}, {"allowed_cidrs": [text]})
    assert [p.path for p in found] in ([], ["network.allowed_cidrs.0"])
    if not found:
        assert ipaddress.ip_network(text).num_addresses <= 2 ** (128 - 32)
