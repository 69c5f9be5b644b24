"""What a config may say of memcached, and what AWS would refuse of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.memcached import MOST_NODES, Memcached
from specs.problems import ConfigError
from specs.topologies import read

RIGHT: dict[str, Any] = {
    "kind": "memcached",
    "identifier": "myapp-memcached",
    "engine_version": "1.6.22",
    "class": "cache.t3.micro",
    "nodes": 2,
    "placement": {"az_mode": "cross-az"},
    "maintenance_window": "sun:04:30-sun:05:30",
}
CROSS, SINGLE = {"az_mode": "cross-az"}, {"az_mode": "single-az", "zone": "a"}


def problems(changes: dict[str, Any], network: Any = None) -> dict[str, str]:
    """What `read` says of the config with changes, by path below the topology."""
    config = {key: value for key, value in (RIGHT | changes).items() if value is not ...}
    try:
        read("us-east-1", network, {"cache": config})
    except ConfigError as error:
        return {p.path.removeprefix("topologies.cache."): p.text for p in error.problems}
    return {}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"nodes": MOST_NODES},
        {"nodes": 1, "placement": SINGLE},
        {"nodes": 3, "placement": SINGLE},
        {"nodes": 3, "placement": CROSS | {"zones": ["b", "a"]}},
        {"tls": False, "engine_version": "1.6.6"},
        {"tls": False, "class": "cache.t2.micro"},
        {"parameters": {"max_item_size": 2097152, "cas_disabled": "0"}},
        {"identifier": "a" * 50},
        {"maintenance_window": "sun:23:30-mon:00:30"},
        {"region": "us-west-2"},
    ],
)
def test_what_aws_takes(changes: dict[str, Any]) -> None:
    assert problems(changes) == {}


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"nodes": 0}, "nodes", "the least is 1"),
        ({"nodes": 41}, "nodes", "the most is 40"),
        ({"nodes": 1}, "placement.az_mode", "needs two nodes; set nodes to 2 or more, or write"),
        (
            {"placement": CROSS | {"zones": ["a", "b", "c"]}},
            "placement.zones",
            "has 3 zones for 2 nodes",
        ),
        ({"placement": CROSS | {"zones": ["a"]}}, "placement.zones", "fewer than two zones"),
        ({"placement": CROSS | {"zones": ["a", "a"]}}, "placement.zones", "names a zone twice"),
        ({"placement": CROSS | {"zones": ["a", "1b"]}}, "placement.zones.1", "write its letter"),
        ({"placement": {"az_mode": "single-az"}}, "placement.zone", "is missing; add it"),
        ({"placement": SINGLE | {"zones": ["a"]}}, "placement.zones", "is not a key here"),
        ({"placement": {"az_mode": "multi-az"}}, "placement.az_mode", "'multi-az' is not known"),
        ({"engine_version": "1.6.23"}, "engine_version", "choose 1.6.6, 1.6.12, 1.6.17, 1.6.22"),
        ({"engine_version": 1.6}, "engine_version", 'write text here, in quotes: "1.6"'),
        ({"engine_version": "1.6.6"}, "engine_version", "has no TLS, which began with 1.6.12"),
        ({"class": "cache.t2.micro"}, "class", "write cache.t3.*, or tls: false"),
        ({"class": "cache.m3.medium"}, "class", "a generation that ended"),
        ({"class": "cache.r6gd.xlarge"}, "class", "write cache.r6g.*"),
        ({"class": "db.t3.micro"}, "class", "write one such as cache.t3.micro"),
        ({"identifier": "a" * 51}, "identifier", "has 51 characters; ElastiCache allows 50"),
        ({"identifier": "My-Cache"}, "identifier", "lower-case letters"),
        ({"identifier": "my--cache"}, "identifier", "single hyphens"),
        (
            {"maintenance_window": "sun:04:30-sun:05:29"},
            "maintenance_window",
            "is shorter than 60 minutes; make it longer",
        ),
        ({"maintenance_window": "04:30-05:30"}, "maintenance_window", "such as sun:04:30"),
        (
            {"parameters": {"max_item_sise": "1"}},
            "parameters.max_item_sise",
            "did you mean 'max_item_size'?",
        ),
        ({"parameters": {"max_item_size": ""}}, "parameters.max_item_size", "write a number"),
        ({"parameters": {"max_item_size": "1m"}}, "parameters.max_item_size", "write a number"),
        ({"backups": {"retention_days": 1}}, "backups", "is not a key here"),
        ({"lifetime": "protected"}, "lifetime", "is not a key here"),
        ({"nodes": ...}, "nodes", "is missing; add it"),
    ],
)
def test_what_aws_refuses_is_a_problem_with_its_path_and_remedy(
    changes: dict[str, Any], path: str, says: str
) -> None:
    found = problems(changes)
    assert list(found) == [path]
    assert says in found[path]


def test_zones_must_be_the_network_s() -> None:
    network = {"zones": ["a", "b"]}
    spread = {"nodes": 3, "placement": CROSS | {"zones": ["a", "c"]}}
    assert problems(spread, network) == {
        "placement.zones.1": "'c' is not one of network.zones; choose a, b"
    }
    alone = {"placement": {"az_mode": "single-az", "zone": "f"}}
    assert list(problems(alone, network)) == ["placement.zone"]


def test_several_problems_are_told_at_once() -> None:
    wrong = {"nodes": 1, "class": "cache.t2.micro", "maintenance_window": "sun:04:30-sun:05:00"}
    assert set(problems(wrong)) == {"placement.az_mode", "class", "maintenance_window"}


@given(
    nodes=st.integers(-1, 60),
    zones=st.none() | st.lists(st.sampled_from("abcdef"), max_size=6),
)
def test_whatever_is_accepted_can_be_placed(nodes: int, zones: list[str] | None) -> None:
    placement = CROSS | ({} if zones is None else {"zones": zones})
    fits = 2 <= nodes <= MOST_NODES and (
        zones is None or (2 <= len(zones) <= nodes and len(set(zones)) == len(zones))
    )
    assert (not problems({"nodes": nodes, "placement": placement})) == fits


def test_two_caches_of_one_name_in_one_region_are_refused() -> None:
    with pytest.raises(ConfigError, match="rename one of them"):
        read("us-east-1", None, {"one": RIGHT, "two": RIGHT})


def test_a_number_is_a_parameter_s_text() -> None:
    spec = Memcached.model_validate(RIGHT | {"parameters": {"chunk_size_growth_factor": 1.25}})
    assert spec.parameters == {"chunk_size_growth_factor": "1.25"}
