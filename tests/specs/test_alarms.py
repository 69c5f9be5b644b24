"""Which alarms there are, by hand-written tables, from the config alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specs.alarm import Alarm
from specs.alarms import alarms_of
from specs.classes import GIB, memory_bytes, most_connections, serverless_connections
from specs.monitoring import Auditing, Page, Record
from specs.problems import ConfigError
from specs.topologies import Stack, read
from stacks.config import from_file
from tests.specs.configs import AURORA_POSTGRESQL, MULTI_AZ_POSTGRES

PROJECT = Path(__file__).parents[2]
NODE = {"cpu", "engine-cpu", "memory", "evictions", "connections"}
REPLICATED = NODE | {"lag", "link"}
MEMBER = {"cpu", "memory", "storage", "connections", "lag"}
INSTANCE = {"cpu", "memory", "storage", "connections"}
REPLICA = INSTANCE | {"lag", "stopped"}
SOURCES: dict[str, dict[str, dict[str, set[str]]]] = {
    "dev": {
        "mysql": {"myapp-mysql-db": INSTANCE},
        "mysql-replica": {"myapp-mysql-replica": REPLICA},
        "mysql-replica-west": {"myapp-mysql-replica-west": REPLICA},
        "aurora": {f"myapp-aurora-{m}": MEMBER for m in ("a", "reader-1", "reader-2")},
        "aurora-serverless": {"myapp-aurora-serverless-a": {"capacity", "connections"}},
        "redis": {f"myapp-redis-cache-00{n}": REPLICATED for n in (1, 2, 3)},
        "memcached": {
            f"myapp-memcached-000{n}": {"cpu", "evictions", "connections"} for n in (1, 2)
        },
    },
    "prod": {
        "store": {
            "prod-store-east-a": MEMBER,
            "prod-store-east-b": MEMBER,
            "prod-store-west-a": MEMBER - {"lag"},
            "prod-store-west": {"global-lag"},
        },
        "invoices": {f"prod-invoices-{zone}": MEMBER for zone in "abc"},
        "bookings": {f"prod-bookings-instance-{n}": INSTANCE | {"lag"} for n in (1, 2, 3)},
        "ledger-west": {"prod-ledger-west": REPLICA},
        "sessions": {f"prod-sessions-000{s}-00{n}": REPLICATED for s in (1, 2) for n in (1, 2)},
        "edge": {"prod-edge": {"throttled", "memory"}},
        "orders-proxy": {"prod-orders-proxy": {"waiting"}},
        "orders-to-catalog": {
            "prod-orders-to-catalog": {
                "cpu",
                "memory",
                "storage",
                "source-latency",
                "target-latency",
            },
        },
    },
}


def of(stack: Stack, name: str) -> list[tuple[str, Alarm]]:
    return list(alarms_of(stack.topologies[name], stack.topologies, stack.region_of(name)))


@pytest.mark.parametrize("name", SOURCES)
def test_what_of_which_server_is_watched(name: str) -> None:
    stack = from_file(PROJECT, name)
    for topology, wanted in SOURCES[name].items():
        found: dict[str, set[str]] = {}
        for _, alarm in of(stack, topology):
            found.setdefault(alarm.source, set()).add(alarm.what)
        assert found == wanted, topology


def test_no_two_alarms_of_a_region_have_one_name() -> None:
    for name in SOURCES:
        stack = from_file(PROJECT, name)
        names = [(region, a.name) for t in stack.topologies for region, a in of(stack, t)]
        assert len(names) == len(set(names))


THRESHOLDS: dict[tuple[str, str, str], tuple[str, str, float]] = {
    # topology, server, what: region, metric, threshold
    ("mysql", "myapp-mysql-db", "memory"): ("us-east-1", "FreeableMemory", GIB // 20),
    ("mysql", "myapp-mysql-db", "storage"): ("us-east-1", "FreeStorageSpace", 1e9),
    ("mysql", "myapp-mysql-db", "connections"): ("us-east-1", "DatabaseConnections", 68),
    ("mysql-replica-west", "myapp-mysql-replica-west", "lag"): ("us-west-2", "ReplicaLag", 60),
    ("mysql-replica", "myapp-mysql-replica", "stopped"): ("us-east-1", "ReplicaLag", 0),
    ("aurora", "myapp-aurora-a", "connections"): ("us-east-1", "DatabaseConnections", 855),
    ("aurora", "myapp-aurora-reader-1", "lag"): ("us-east-1", "AuroraReplicaLag", 2000),
    ("redis", "myapp-redis-cache-002", "evictions"): ("us-east-1", "Evictions", 1000),
    ("memcached", "myapp-memcached-0001", "cpu"): ("us-east-1", "CPUUtilization", 80),
}


def test_thresholds_follow_the_class_and_the_metrics_unit() -> None:
    stack = from_file(PROJECT, "dev")
    for (topology, source, what), wanted in THRESHOLDS.items():
        ((region, alarm),) = [
            (r, a) for r, a in of(stack, topology) if (a.source, a.what) == (source, what)
        ]
        assert (region, alarm.metric, alarm.threshold) == wanted


def test_the_alarms_of_a_cluster_whose_members_rds_names() -> None:
    stack = read("us-east-1", None, {"db": MULTI_AZ_POSTGRES})
    found: dict[str, dict[str, tuple[str, float]]] = {}
    for region, alarm in of(stack, "db"):
        assert region == "us-east-1"
        assert alarm.dimensions == (("DBInstanceIdentifier", alarm.source),)
        found.setdefault(alarm.source, {})[alarm.what] = (alarm.metric, alarm.threshold)
    wanted = {
        "cpu": ("CPUUtilization", 80),
        "memory": ("FreeableMemory", 8 * GIB // 20),
        # Of 100 GB that never become more.
        "storage": ("FreeStorageSpace", 1e10),
        "connections": ("DatabaseConnections", 720),
        "lag": ("ReplicaLag", 60),
    }
    assert found == {f"myapp-multi-az-instance-{n}": wanted for n in (1, 2, 3)}


def test_the_alarms_of_aurora_postgresql() -> None:
    stack = read("us-east-1", None, {"db": AURORA_POSTGRESQL})
    found = {(a.source, a.what): a for _, a in of(stack, "db")}
    assert {source for source, _ in found} == {f"myapp-ledger-{zone}" for zone in "abc"}
    assert {what for source, what in found if source == "myapp-ledger-b"} == MEMBER
    # LEAST({DBInstanceClassMemory/9531392}, 5000), and not MySQL's formula.
    assert found["myapp-ledger-a", "connections"].threshold == 1441


def test_a_secondarys_alarms_stand_in_its_region() -> None:
    stack = from_file(PROJECT, "prod")
    regions = {a.source: region for region, a in of(stack, "store")}
    assert regions == {
        "prod-store-east-a": "us-east-1", "prod-store-east-b": "us-east-1",
        "prod-store-west-a": "us-west-2", "prod-store-west": "us-west-2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "gib"),
    [
        ("db.t3.micro", 1), ("db.t4g.small", 2), ("db.t4g.medium", 4), ("db.m6g.large", 8),
        ("db.r5.large", 16), ("db.r6g.xlarge", 32), ("db.r6g.2xlarge", 64), ("db.r5.24xlarge", 768),
        ("db.x2g.large", 32), ("db.c6gd.medium", 2), ("db.x2iedn.xlarge", 128),
        ("db.x2idn.16xlarge", 1024), ("db.serverless", None), ("db.q9.large", None),
    ],
)  # fmt: skip
def test_the_memory_of_a_class(name: str, gib: int | None) -> None:
    assert memory_bytes(name) == (None if gib is None else gib * GIB)


@pytest.mark.parametrize(
    ("engine", "gib", "most"),
    [("mysql", 1, 85), ("mariadb", 8, 682), ("postgres", 8, 901), ("postgres", 768, 5000),
     ("aurora-postgresql", 16, 1802), ("aurora-mysql", 16, 1069),
     ("aurora-mysql", 4, 108), ("oracle-ee", 8, None)],
)  # fmt: skip
def test_how_many_connections_rds_allows(engine: str, gib: int, most: int | None) -> None:
    assert most_connections(engine, gib * GIB) == most


def test_little_capacity_limits_the_connections() -> None:
    assert serverless_connections(0, 16) == 2000
    assert serverless_connections(1, 16) == 2069


def configured(monitoring: Any) -> Stack:
    topologies = from_file(PROJECT, "dev").topologies["memcached"].model_dump(by_alias=True)
    return read("us-east-1", None, {"cache": topologies}, monitoring=monitoring)


def test_profiles() -> None:
    assert configured(None).monitoring is None
    assert configured({"profile": "record"}).monitoring == Record(profile="record")
    assert configured({"profile": "page"}).monitoring == Page(profile="page")
    both = configured({"profile": "page", "email": "a@b.example"}).monitoring
    assert both == Page(profile="page", email="a@b.example")


@pytest.mark.parametrize(
    ("monitoring", "line"),
    [
        ({"profile": "shout"}, "monitoring.profile: 'shout' is not known; there are record, page"),
        ({}, "monitoring.profile: is missing; choose record, page"),
        ({"profile": "record", "email": "a@b.example"}, "email: is not a key here"),
        ({"profile": "page", "email": "me"}, "monitoring.email: 'me' is no e-mail address"),
        ("page", "monitoring: "),
    ],
)
def test_what_cannot_be(monitoring: Any, line: str) -> None:
    with pytest.raises(ConfigError) as error:
        configured(monitoring)
    assert line in str(error.value)


def audited(auditing: Any) -> Stack:
    cache = from_file(PROJECT, "dev").topologies["memcached"].model_dump(by_alias=True)
    return read("us-east-1", None, {"cache": cache}, auditing=auditing)


def test_a_trail_is_kept_as_long_as_the_config_says() -> None:
    assert audited(None).auditing is None
    assert audited({"keep_days": 365}).auditing == Auditing(keep_days=365)
    for wrong, at in (({"keep_days": 7}, "auditing.keep_days"), ({}, "auditing.keep_days")):
        with pytest.raises(ConfigError, match=at):
            audited(wrong)
