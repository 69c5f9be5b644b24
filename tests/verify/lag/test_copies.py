"""Which databases have copies, and what their lag is called."""

from __future__ import annotations

from typing import Any

import pytest

from contract import Database, Endpoint, Secondary, Worldwide
from verify.errors import UnknownName
from verify.lag.copies import Metric, copies_of, has_copies
from verify.registry import plan, with_lags


def ends(*pairs: tuple[str, str]) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint.model_validate(
            {"role": role, "host": f"{name}.example", "port": 3306, "name": name}
        )
        for role, name in pairs
    )


def database(kind: str, *instances: str, **more: Any) -> Database:
    facts = {
        "kind": kind,
        "engine": "mysql",
        "version": "8",
        "region": "us-east-1",
        "endpoints": ends(("writer", instances[0] if instances else kind)),
        "instances": instances,
    }
    return Database.model_validate(facts | more)


def worldwide(*instances: str) -> Worldwide:
    writer, reader = ends(("writer", "w"), ("reader", "r"))
    return Worldwide(
        identifier="store",
        secondaries=(
            Secondary(
                region="us-west-2", cluster="store-west", writer=writer, reader=reader,
                nodes=ends(*(("instance", name) for name in instances)), instances=instances,
            ),
        ),
    )  # fmt: skip


STACK = {
    "alone": database("rds-mysql", "alone"),
    "orders": database("rds-mysql", "orders"),
    "near": database("read-replica", "near", source="orders"),
    "far": database("read-replica", "far", source="near", region="us-west-2"),
    "promoted": database("read-replica", "promoted", origin="orders"),
    "proxy": database("rds-proxy", source="orders"),
    "cluster": database("aurora-mysql", "a", "b", cluster="cluster", engine="aurora-mysql"),
    "standbys": database("multi-az-postgres", "z1", "z2", "z3", cluster="standbys"),
    "single": database("aurora-serverless", "s", cluster="single"),
    "store": database("global-database", "e", cluster="store-east", worldwide=worldwide("w")),
    "headless": database("global-database", "h", cluster="headless", worldwide=worldwide()),
    "cache": database("redis", "c-001", "c-002", cluster="c"),
    "node": database("valkey", "n-001", cluster="n"),
    "shards": database(
        "redis", "s-0001-001", "s-0001-002", cluster="s", endpoints=ends(("configuration", "s"))
    ),
    "lone": database(
        "valkey", "l-0001-001", "l-0002-001", cluster="l", endpoints=ends(("configuration", "l"))
    ),
    "memory": database("memcached", "0001", "0002", cluster="memory"),
}


@pytest.mark.parametrize(
    ("name", "whether"),
    [
        ("alone", False), ("orders", True), ("near", False), ("far", False), ("promoted", False),
        ("cluster", True), ("standbys", True), ("single", False), ("store", True),
        ("headless", False), ("cache", True), ("node", False), ("shards", True),
        ("lone", False),
    ],
)  # fmt: skip
def test_whose_lag_there_is(name: str, whether: bool) -> None:
    assert has_copies(name, STACK) is whether


def test_it_is_planned_where_it_is_named_and_once_a_source() -> None:
    assert not [p for p in plan(STACK) if p.exercise == "lag"]
    # By a database's name one means what always runs on it.
    assert not [p for p in plan(STACK, ["orders"]) if p.exercise == "lag"]
    named = ["orders", "cluster", "standbys", "store", "cache", "shards"]
    assert [p.database for p in plan(STACK, ["lag"])] == named
    assert [p.database for p in plan(STACK, [], ["lag"])] == named
    assert [p.database for p in plan(STACK, ["cache"], ["lag"])] == ["cache"]


def test_who_names_a_replica_means_its_source_whose_heartbeats_it_shows() -> None:
    assert [p.database for p in plan(STACK, ["far"], ["lag"])] == ["orders"]
    assert [p.exercise for p in plan(STACK, ["far"])] == ["replica"]


def test_a_page_has_the_lag_of_what_was_examined() -> None:
    for names, lags in ((["far"], ["orders"]), (["alone"], []), (["lag"], None)):
        planned = plan(STACK, names)
        drawn = with_lags(planned, STACK)
        assert drawn[: len(planned)] == planned
        assert [p.database for p in drawn[len(planned) :]] == (lags or [])
    assert with_lags(drawn, STACK) == drawn


@pytest.mark.parametrize("name", ["alone", "proxy", "lone", "headless"])
def test_who_has_no_copies_is_said(name: str) -> None:
    with pytest.raises(UnknownName, match=f"no database for {name}, lag"):
        plan(STACK, [name], ["lag"])


class Reported:
    """AWS's answers."""

    def cluster(self, region: str, identifier: str) -> dict[str, Any]:
        members = {"cluster": ("a", "b"), "store-east": ("e",)}[identifier]
        return {
            "DBClusterMembers": [
                {"DBInstanceIdentifier": name, "IsClusterWriter": name in ("a", "e")}
                for name in members
            ]
        }

    def replication_group(self, region: str, identifier: str) -> dict[str, Any]:
        nodes = [
            {"CacheClusterId": "c-001", "CurrentRole": "primary"},
            {
                "CacheClusterId": "c-002",
                "CurrentRole": "replica",
                "ReadEndpoint": {"Address": "c-002.example", "Port": 6379},
            },
        ]
        return {"NodeGroups": [{"NodeGroupMembers": nodes}]}


def found(name: str) -> list[tuple[str, str, str, Metric]]:
    stack = dict(STACK)
    stack["cluster"] = STACK["cluster"].model_copy(
        update={"endpoints": ends(("writer", "w"), ("instance", "a"), ("instance", "b"))}
    )
    copies = copies_of(name, stack, Reported())  # type: ignore[arg-type]
    return [(c.name, c.region, c.endpoint.host, c.metric) for c in copies]


def rds(metric: str, name: str, unit: str, dimension: str = "DBInstanceIdentifier") -> Metric:
    return Metric(metric, (dimension, name), unit)


def test_a_cascade_is_measured_from_its_beginning() -> None:
    assert found("orders") == [
        ("near", "us-east-1", "near.example", rds("ReplicaLag", "near", "s")),
        ("far", "us-west-2", "far.example", rds("ReplicaLag", "far", "s")),
    ]


def test_readers_are_met_by_their_own_addresses() -> None:
    assert found("cluster") == [("b", "us-east-1", "b.example", rds("AuroraReplicaLag", "b", "ms"))]


def test_a_secondary_has_its_lag_as_a_cluster() -> None:
    metric = rds("AuroraGlobalDBReplicationLag", "store-west", "ms", "DBClusterIdentifier")
    assert found("store") == [("w", "us-west-2", "w.example", metric)]


def test_replicas_of_a_cache() -> None:
    metric = Metric("ReplicationLag", ("CacheClusterId", "c-002"), "s", "AWS/ElastiCache")
    assert found("cache") == [("c-002", "us-east-1", "c-002.example", metric)]


def test_what_is_in_seconds_becomes_milliseconds() -> None:
    assert rds("ReplicaLag", "near", "s").in_ms(60) == 60_000
    assert rds("AuroraReplicaLag", "b", "ms").in_ms(2000) == 2000
