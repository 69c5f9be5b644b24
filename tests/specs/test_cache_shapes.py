"""Shapes, engines and users of a cache: what cannot be said, and what AWS would refuse."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.cache_access import CacheUser
from specs.problems import ConfigError
from specs.redis import MOST_NODES, Redis, Valkey
from specs.topologies import read

CACHE: dict[str, Any] = {
    "kind": "redis",
    "identifier": "sessions",
    "description": "Sessions",
    "engine_version": "7.1",
    "class": "cache.r6g.large",
    "shape": {"cluster_mode": "enabled", "shards": 2, "replicas_per_shard": 1},
    "access": {
        "auth": "users",
        "users": [{"name": "app", "may": "read-write", "keys": ["user:*"]}],
    },
    "availability": "multi-az",
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
}


def problems(config: dict[str, Any]) -> list[tuple[str, str]]:
    try:
        read("us-east-1", None, {"cache": config})
    except ConfigError as error:
        return [(p.path.removeprefix("topologies.cache."), p.text) for p in error.problems]
    return []


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of the cache; keys of ``changes`` are paths."""
    config: Any = copy.deepcopy(CACHE)
    for path, value in changes.items():
        *parents, last = path.split("/")
        here = config
        for key in parents:
            here = here[int(key)] if isinstance(here, list) else here[key]
        here[last] = value
    found: dict[str, Any] = config
    return found


USER = {"name": "app", "may": "read-only", "keys": ["a"]}
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"shape/shards": 0}, "shape.shards", "the least is 1"),
    ({"shape/shards": 46}, "shape.shards", "are 92 nodes; ElastiCache allows 90, so set it to 45"),
    ({"shape/replicas_per_shard": 6}, "shape.replicas_per_shard", "the most is 5"),
    ({"shape/replicas": 2}, "shape.replicas", "is not a key here"),
    ({"shape/cluster_mode": "on"}, "shape.cluster_mode", "'on' is not known"),
    ({"shape": {"shards": 2}}, "shape.cluster_mode", "is missing; choose disabled, enabled"),
    (
        {"shape": {"cluster_mode": "disabled", "shards": 2, "replicas": 1}},
        "shape.shards",
        "is not a key here",
    ),
    ({"shape/replicas_per_shard": 0}, "availability", "set shape.replicas_per_shard to 1 or more"),
    (
        {"shape": {"cluster_mode": "disabled", "replicas": 0}},
        "availability",
        "set shape.replicas to 1 or more",
    ),
    ({"engine_version": "8.0"}, "engine_version", "choose 6.2, 7.0, 7.1, or kind valkey"),
    ({"kind": "valkey"}, "engine_version", "choose 7.2, 8.0, 8.1, 8.2, 9.0, 9.1"),
    ({"kind": "valkey", "engine_version": "8"}, "engine_version", "not a Valkey version"),
    ({"kind": "valky"}, "kind", "did you mean 'valkey'?"),
    ({"engine": "valkey"}, "engine", "is not a key here"),
    ({"access/auth": "user"}, "access.auth", "did you mean 'users'?"),
    ({"access": {"users": []}}, "access.auth", "is missing; choose token, users"),
    ({"access": {"auth": "token", "users": []}}, "access.users", "is not a key here"),
    ({"access/token": "secret"}, "access.token", "is not a key here"),
    ({"access/users": []}, "access.users", "nobody could enter, so name a user"),
    ({"access/users": [USER, USER]}, "access.users.1.name", "'app' is named twice; rename one"),
    ({"access/users/0/name": "default"}, "access.users.0.name", "choose another name"),
    ({"access/users/0/name": "my-app"}, "access.users.0.name", "lower-case letters and digits"),
    (
        {"access/users/0/name": "a" * 32},
        "access.users.0.name",
        "more than 40 characters; shorten it or the identifier",
    ),
    ({"access/users/0/may": "write"}, "access.users.0.may", "choose 'read-only' or 'read-write'"),
    ({"access/users/0/keys": []}, "access.users.0.keys", "write the patterns of the keys"),
    ({"access/users/0/keys": ["~a"]}, "access.users.0.keys.0", "write one such as user:*"),
    ({"access/users/0/keys": ["a b"]}, "access.users.0.keys.0", "write one such as user:*"),
    ({"access/users/0/password": "x"}, "access.users.0.password", "is not a key here"),
]


@pytest.mark.parametrize(("changes", "path", "says"), WRONG, ids=lambda value: str(value)[:50])
def test_what_aws_would_refuse(changes: dict[str, Any], path: str, says: str) -> None:
    ((found, text),) = problems(changed(changes))
    assert found == path
    assert says in text


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"shape/shards": 1},
        {"shape/replicas_per_shard": 0, "availability": "single-az"},
        {"shape": {"cluster_mode": "disabled", "replicas": 1}},
        {"access": {"auth": "token"}},
        {"kind": "valkey", "engine_version": "9.1"},
        {"access/users/0/keys": ["*"]},
    ],
    ids=str,
)
def test_what_aws_takes(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == []


def test_a_cache_that_says_nothing_of_access_has_a_token() -> None:
    plain = {key: value for key, value in CACHE.items() if key != "access"}
    assert Redis.model_validate(plain).access.auth == "token"
    valkey = plain | {"kind": "valkey", "engine_version": "8.0"}
    assert Valkey.model_validate(valkey).access.auth == "token"


@given(shards=st.integers(1, 120), replicas=st.integers(0, 5))
def test_the_nodes_of_all_shards_count(shards: int, replicas: int) -> None:
    shape = {"cluster_mode": "enabled", "shards": shards, "replicas_per_shard": replicas}
    found = problems(changed({"shape": shape, "availability": "single-az"}))
    assert (not found) == (shards * (1 + replicas) <= MOST_NODES)


def test_an_access_string_is_as_elasticache_stores_it() -> None:
    user = CacheUser(name="report", may="read-only", keys=("a:*", "b:*"))
    assert user.access_string == (
        "on ~a:* ~b:* -@all +@read +@connection -@dangerous "
        "+info +cluster|info +cluster|nodes +cluster|shards +cluster|slots"
    )
    assert "+@write" in user.model_copy(update={"may": "read-write"}).access_string
