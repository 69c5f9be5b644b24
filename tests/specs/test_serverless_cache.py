"""What a config may say of a serverless cache, and what AWS would refuse of it."""

from __future__ import annotations

from typing import Any

import pytest

from specs.problems import ConfigError
from specs.topologies import read

RIGHT: dict[str, Any] = {
    "kind": "serverless-cache",
    "identifier": "edge",
    "engine": "valkey",
    "major_version": "8",
    "description": "What the edge remembers",
}


def problems(changes: dict[str, Any], network: Any = None) -> dict[str, str]:
    """What `read` says of the config with changes, by path below the topology."""
    config = {key: value for key, value in (RIGHT | changes).items() if value is not ...}
    try:
        read("us-east-1", network, {"edge": config})
    except ConfigError as error:
        return {p.path.removeprefix("topologies.edge."): p.text for p in error.problems}
    return {}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"engine": "redis", "major_version": "7"},
        {"engine": "memcached", "major_version": "1.6"},
        {"identifier": "a" * 40},
        {"storage_gb": {"least": 1, "most": 5000}},
        {"storage_gb": {"least": 7, "most": 7}},
        {"ecpu_per_second": {"most": 15_000_000}},
        {"ecpu_per_second": {"least": 1000}},
        {"zones": ["a", "b"]},
        {"zones": ["c", "a", "b"]},
        {"user_group_id": "edge-users"},
        {"backups": {"retention_days": 35, "time": "23:59"}},
    ],
)
def test_what_aws_takes(changes: dict[str, Any]) -> None:
    assert problems(changes) == {}


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"identifier": "a" * 41}, "identifier", "has 41 characters; ElastiCache allows 40"),
        ({"identifier": "Edge"}, "identifier", "lower-case letters"),
        ({"engine": "dragonfly"}, "engine", "choose 'redis', 'valkey' or 'memcached'"),
        ({"major_version": "7.2"}, "major_version", "serverless valkey; choose 7, 8, 9"),
        ({"major_version": 8}, "major_version", 'write text here, in quotes: "8"'),
        ({"engine": "redis"}, "major_version", "serverless redis; choose 7"),
        ({"engine": "memcached"}, "major_version", "serverless memcached; choose 1.6"),
        ({"description": ""}, "description", "is empty"),
        ({"description": ...}, "description", "is missing; add it"),
        ({"storage_gb": {"most": 0}}, "storage_gb.most", "the least is 1"),
        ({"storage_gb": {"most": 5001}}, "storage_gb.most", "the most is 5000"),
        ({"storage_gb": {"least": 3, "most": 2}}, "storage_gb.least", "is more than most, 2"),
        ({"ecpu_per_second": {"most": 999}}, "ecpu_per_second.most", "the least is 1000"),
        ({"ecpu_per_second": {"least": 15_000_001}}, "ecpu_per_second.least", "the most is 15000"),
        ({"zones": ["a"]}, "zones", "has 1 zones; name 2 or 3"),
        ({"zones": ["a", "b", "c", "d"]}, "zones", "has 4 zones; name 2 or 3"),
        ({"zones": ["a", "a"]}, "zones", "names a zone twice: a, a; name each once"),
        ({"zones": ["a", "us-east-1b"]}, "zones.1", "write its letter"),
        ({"backups": {"retention_days": 36, "time": "03:00"}}, "backups.retention_days", "is 35"),
        ({"backups": {"retention_days": 0, "time": "03:00"}}, "backups.retention_days", "is 1"),
        ({"backups": {"retention_days": 1, "time": "24:00"}}, "backups.time", "such as 03:00"),
        ({"backups": {"retention_days": 1, "time": "3:00"}}, "backups.time", "such as 03:00"),
        ({"user_group_id": "ends-"}, "user_group_id", "is no user group's id"),
        (
            {"engine": "memcached", "major_version": "1.6", "user_group_id": "edge-users"},
            "user_group_id",
            "is not for memcached",
        ),
        ({"auth_token": "secret"}, "auth_token", "is not a key here"),
        ({"class": "cache.t3.micro"}, "class", "is not a key here"),
        ({"tls": False}, "tls", "is not a key here"),
    ],
)
def test_what_aws_refuses_is_a_problem_with_its_path_and_remedy(
    changes: dict[str, Any], path: str, says: str
) -> None:
    found = problems(changes)
    assert list(found) == [path]
    assert says in found[path]


def test_zones_must_be_the_network_s() -> None:
    assert problems({"zones": ["a", "c"]}, {"zones": ["a", "b"]}) == {
        "zones.1": "'c' is not one of network.zones; choose a, b"
    }


def test_its_name_is_apart_from_those_of_clusters() -> None:
    cluster = {
        "kind": "memcached",
        "identifier": "edge",
        "engine_version": "1.6.22",
        "class": "cache.t3.micro",
        "nodes": 2,
        "placement": {"az_mode": "cross-az"},
        "maintenance_window": "sun:04:30-sun:05:30",
    }
    assert read("us-east-1", None, {"one": RIGHT, "two": cluster})
    with pytest.raises(ConfigError, match="rename one of them"):
        read("us-east-1", None, {"one": RIGHT, "two": RIGHT})
