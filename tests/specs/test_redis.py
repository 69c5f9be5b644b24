"""What a config may say of a Redis cache, and what AWS would refuse of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.specs.configs import REDIS, Wrong, assert_only, changed, problems

RIGHT: list[dict[str, Any]] = [
    {},
    {"identifier": "r" * 40},
    {"identifier": "r"},
    {"engine_version": "6.2"},
    {"engine_version": "7.0"},
    {"class": "cache.t2.micro"},
    {"class": "cache.t4g.medium"},
    {"class": "cache.r7g.16xlarge"},
    {"class": "cache.c7gn.large"},
    {"shape/replicas": 5},
    {"shape/replicas": 0, "availability": "single-az"},
    {"availability": "single-az"},
    {"backups/retention_days": 35},
    {"backups/window": "23:30-00:30", "maintenance_window": "mon:00:30-mon:01:30"},
    {"lifetime": ..., "apply_changes": ...},
    {"region": "eu-west-1"},
]

WRONG = [
    Wrong({"identifier": "r" * 41}, "identifier", "has 41 characters; ElastiCache allows 40"),
    Wrong({"identifier": "Myapp-Redis"}, "identifier", "lower-case letters"),
    Wrong({"identifier": "myapp--redis"}, "identifier", "single hyphens"),
    Wrong({"identifier": "myapp-"}, "identifier", "not ending with a hyphen"),
    Wrong({"identifier": "1-redis"}, "identifier", "starting with a letter"),
    Wrong({"identifier": ...}, "identifier", "is missing; add it"),
    Wrong({"description": ""}, "description", "write"),
    Wrong({"description": "  "}, "description", "write a line"),
    Wrong({"description": "two\nlines"}, "description", "write a line"),
    Wrong({"description": ...}, "description", "is missing; add it"),
    Wrong({"engine_version": "7.2"}, "engine_version", "choose 6.2, 7.0, 7.1"),
    Wrong({"engine_version": "7.1.0"}, "engine_version", "choose 6.2, 7.0, 7.1"),
    Wrong({"engine_version": "5.0.6"}, "engine_version", "choose 6.2, 7.0, 7.1"),
    Wrong({"engine_version": 7.1}, "engine_version", 'write text here, in quotes: "7.1"'),
    Wrong({"class": "db.t3.micro"}, "class", "write one such as cache.t3.micro"),
    Wrong({"class": "t3.micro"}, "class", "write one such as cache.t3.micro"),
    Wrong({"class": "cache.t3.large"}, "class", "write one such as cache.t3.micro"),
    Wrong({"class": "cache.r6g.small"}, "class", "write one such as cache.t3.micro"),
    Wrong({"class": "cache.t3.mirco"}, "class", "write one such as cache.t3.micro"),
    Wrong({"class": "cache.t1.micro"}, "class", "no failover; write one such as cache.t3.micro"),
    Wrong({"class": "cache.r6gd.xlarge"}, "class", "write cache.r6g.*"),
    Wrong({"class": ...}, "class", "is missing; add it"),
    Wrong({"node_class": "cache.t3.micro"}, "node_class", "is not a key here"),
    Wrong({"shape/replicas": 6}, "shape.replicas", "is 6; the most is 5"),
    Wrong({"shape/replicas": -1}, "shape.replicas", "is -1; the least is 0"),
    Wrong({"shape/replicas": "two"}, "shape.replicas", "write a number"),
    Wrong({"shape/replicas": True}, "shape.replicas", "write a number"),
    Wrong({"shape/replicas": ...}, "shape.replicas", "is missing; add it"),
    Wrong({"shape/nodes": 3}, "shape.nodes", "is not a key here"),
    Wrong({"shape": 3}, "shape", "write keys and values here"),
    Wrong({"shape/replicas": 0}, "availability", "needs a replica; set shape.replicas to 1"),
    Wrong({"availability": "multi"}, "availability", "choose 'multi-az' or 'single-az'"),
    Wrong({"backups/retention_days": 0}, "backups.retention_days", "the least is 1"),
    Wrong({"backups/retention_days": 36}, "backups.retention_days", "the most is 35"),
    Wrong({"backups/window": "03:00-03:59"}, "backups.window", "shorter than 60 minutes"),
    Wrong(
        {"maintenance_window": "sun:04:30-sun:05:29"},
        "maintenance_window",
        "shorter than 60 minutes; make it longer",
    ),
    Wrong({"maintenance_window": "sun:03:00-sun:04:00"}, "maintenance_window", "move one"),
    Wrong({"maintenance_window": "sun:23:00-mon:03:01"}, "maintenance_window", "move one"),
    Wrong(
        {"backups/window": "23:30-00:30", "maintenance_window": "mon:00:00-mon:01:00"},
        "maintenance_window",
        "move one",
    ),
    Wrong({"maintenance_window": "sunday"}, "maintenance_window", "such as sun:04:30-sun:05:30"),
    # Not a choice, or not Redis's.
    Wrong({"tls": False}, "tls", "is not a key here"),
    Wrong({"port": 6379}, "port", "is not a key here"),
    Wrong({"nodes": 2}, "nodes", "is not a key here"),
    Wrong({"kind": "reddis"}, "kind", "did you mean 'redis'?"),
]


@pytest.mark.parametrize("changes", RIGHT, ids=str)
def test_what_aws_takes(changes: dict[str, Any]) -> None:
    assert problems({"redis": changed(REDIS, changes)}) == []


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_aws_refuses(wrong: Wrong) -> None:
    found = problems({"redis": changed(REDIS, wrong.changes)})
    assert_only(found, f"topologies.redis.{wrong.path}", wrong.says)


def test_cluster_mode_is_one_of_its_shapes() -> None:
    (problem,) = problems({"redis": changed(REDIS, {"shape/cluster_mode": "on"})})
    assert problem.path == "topologies.redis.shape.cluster_mode"
    assert "disabled" in problem.text


def test_a_cache_may_be_called_like_a_database() -> None:
    assert_only(
        problems({"one": REDIS, "two": REDIS}),
        "topologies.two.identifier",
        "'myapp-redis-cache' is topologies.one.identifier in us-east-1, too; rename one of them",
    )
    assert problems({"one": REDIS, "two": changed(REDIS, {"region": "us-west-2"})}) == []


@given(replicas=st.integers(-2, 8), availability=st.sampled_from(["multi-az", "single-az"]))
def test_a_standby_zone_needs_a_replica(replicas: int, availability: str) -> None:
    changes = {"shape/replicas": replicas, "availability": availability}
    fits = 0 <= replicas <= 5 and (availability == "single-az" or replicas > 0)
    assert (not problems({"redis": changed(REDIS, changes)})) == fits
