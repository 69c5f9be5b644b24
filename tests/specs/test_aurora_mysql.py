"""What a config may say of an Aurora MySQL cluster, and what AWS would refuse of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.aurora_mysql import AuroraMysql
from tests.specs.configs import AURORA, NETWORK, Wrong, assert_only, changed, problems, stack

BIG = {"performance_insights": ...}
READERS = [{"identifier": f"myapp-reader-{n}", "zone": "abc"[n % 3]} for n in range(16)]
ALONE: dict[str, Any] = {"readers": [], "custom_endpoints": {}}

RIGHT: list[dict[str, Any]] = [
    {},
    ALONE,
    {"readers": READERS[:15], "custom_endpoints": ...},
    {"database": ...},
    {"class": "db.t3.medium", **BIG},
    {"class": "db.t3.large", **BIG},
    {"class": "db.t4g.medium"},
    {"class": "db.r8g.48xlarge"},
    {"class": "db.x2g.xlarge"},
    {"readers": [], "custom_endpoints": {}},
    {"readers/1/zone": "b", "shared_zones": True},
    {"readers/0/identifier": "myapp-aurora-rewriter"},
    {"engine_version": "8.0.mysql_aurora.3.04.6"},
    {"engine_version": "8.0.mysql_aurora.3.11.1"},
    {"engine_version": "8.0.mysql_aurora.3.13.0"},
    {"identifier": "c" * 53},
    {"username": "a" * 16},
    {"backups/retention_days": 35},
    {"maintenance_window": "mon:02:30-mon:03:00"},
    {"custom_endpoints": {"one": ["myapp-aurora-a"], "two": ["myapp-aurora-a"]}},
    {"performance_insights": ..., "slow_query_log": ..., "lifetime": "protected"},
    {"region": "ap-southeast-2"},
]

WRONG = [
    Wrong(
        {"class": "db.t3.medium", "activity_stream": "async", "performance_insights": ...},
        "activity_stream",
        "is refused on db.t3.medium; leave it out",
    ),
    Wrong({"activity_stream": "sync"}, "activity_stream", "async"),
    Wrong({"audit_log": {"keep_days": 31}}, "audit_log.keep_days", "365"),
    Wrong({"identifier": "Aurora"}, "identifier", "lower-case letters"),
    Wrong({"identifier": "aurora--1"}, "identifier", "single hyphens"),
    Wrong({"identifier": "aurora-"}, "identifier", "not ending with a hyphen"),
    Wrong({"identifier": "c" * 64, "custom_endpoints": {}}, "identifier", "use 1 to 63"),
    Wrong({"class": "db.t3.micro"}, "class", "the smallest it takes are db.t3.medium"),
    Wrong({"class": "db.t3.small"}, "class", "the smallest it takes are db.t3.medium"),
    Wrong({"class": "db.t4g.small"}, "class", "the smallest it takes are db.t3.medium"),
    Wrong({"class": "db.t3.xlarge"}, "class", "the course's is db.r5.large"),
    Wrong({"class": "db.t2.medium"}, "class", "the course's is db.r5.large"),
    Wrong({"class": "db.r4.large"}, "class", "the course's is db.r5.large"),
    Wrong({"class": "db.m5.large"}, "class", "the course's is db.r5.large"),
    Wrong({"class": "db.r6gd.large"}, "class", "the course's is db.r5.large"),
    Wrong({"class": "db.r5.medium"}, "class", "the course's is db.r5.large"),
    Wrong({"class": "db.r5.huge"}, "class", "the course's is db.r5.large"),
    Wrong({"class": "r5.large"}, "class", "the course's is db.r5.large"),
    Wrong({"class": "db.serverless"}, "class", "the course's is db.r5.large"),
    Wrong({"class": ...}, "class", "is missing; add it"),
    Wrong(
        {"writer/identifier": "myapp-aurora-writer"},
        "writer.identifier",
        "until a failover makes another member the writer; call it by its zone or by a number, "
        "such as myapp-aurora-a",
    ),
    Wrong(
        {"readers/1/identifier": "primary-2", "custom_endpoints": {}},
        "readers.1.identifier",
        "such as c-2",
    ),
    Wrong(
        {"readers/1/zone": "b"},
        "readers.1.zone",
        "'b' is that of readers.0, too, and its loss would take both; choose another zone, or "
        "write shared_zones: true",
    ),
    Wrong({"engine_version": "8.0"}, "engine_version", "such as 8.0.mysql_aurora.3.10.6"),
    Wrong({"engine_version": "3.10.6"}, "engine_version", "such as 8.0.mysql_aurora.3.10.6"),
    Wrong(
        {"engine_version": "5.7.mysql_aurora.2.12.5"},
        "engine_version",
        "such as 8.0.mysql_aurora.3.10.6",
    ),
    Wrong(
        {"engine_version": "8.0.mysql_aurora.3.4.0"},
        "engine_version",
        "such as 8.0.mysql_aurora.3.10.6",
    ),
    Wrong(
        {"engine_version": "8.0.mysql_aurora.3.05.2"},
        "engine_version",
        "is withdrawn; write 8.0.mysql_aurora.3.10.6",
    ),
    Wrong(
        {"engine_version": "8.0.mysql_aurora.3.07.1"},
        "engine_version",
        "is withdrawn; write 8.0.mysql_aurora.3.10.6",
    ),
    Wrong({"engine_version": "8.0.mysql_aurora.3.11.0"}, "engine_version", "is withdrawn"),
    Wrong({"engine_version": "8.0.mysql_aurora.3.03.1"}, "engine_version", "is withdrawn"),
    Wrong({"username": "my_admin"}, "username", "1 to 16 letters and digits"),
    Wrong({"username": "administrator1234"}, "username", "1 to 16 letters and digits"),
    Wrong({"username": "rdsadmin"}, "username", "is reserved; the course uses admin"),
    Wrong({"username": ...}, "username", "is missing; add it"),
    Wrong({"database": "aurora-test"}, "database", "1 to 64 letters and digits"),
    Wrong({"database": "sys"}, "database", "is MySQL's own"),
    Wrong({"writer": ...}, "writer", "is missing; add it"),
    Wrong({"writer": "myapp-aurora-a"}, "writer", "write keys and values here"),
    Wrong({"writer/zone": "us-east-1a"}, "writer.zone", "write its letter, such as a"),
    Wrong({"writer/zone": "A"}, "writer.zone", "write its letter, such as a"),
    Wrong({"writer/zone": "ab"}, "writer.zone", "write its letter, such as a"),
    Wrong({"writer/zone": 1}, "writer.zone", 'write text here, in quotes: "1"'),
    Wrong({"writer/zone": "d"}, "writer.zone", "not one of network.zones; choose a, b, c"),
    Wrong({"readers/1/zone": "f"}, "readers.1.zone", "not one of network.zones; choose a, b, c"),
    Wrong({"readers/0/zone": ...}, "readers.0.zone", "is missing; add it"),
    Wrong({"readers/0/class": "db.r5.large"}, "readers.0.class", "is not a key here"),
    Wrong({"readers/0/indentifier": "x"}, "readers.0.indentifier", "did you mean 'identifier'?"),
    Wrong({"readers": 2, "custom_endpoints": {}}, "readers", "is 2; write a list here"),
    Wrong({"readers": ..., "custom_endpoints": {}}, "readers", "is missing; add it"),
    Wrong(
        {"readers": READERS, "custom_endpoints": {}},
        "readers",
        "has 16 entries; the most is 15",
    ),
    Wrong(
        {"readers/0/identifier": "myapp-aurora-a"},
        "readers.0.identifier",
        "is topologies.aurora.writer.identifier in us-east-1, too; rename one of them",
    ),
    Wrong(
        {"readers/0/identifier": "myapp-aurora-reader-2"},
        "readers.1.identifier",
        "is topologies.aurora.readers.0.identifier in us-east-1, too; rename one of them",
    ),
    Wrong(
        {"custom_endpoints/analytics": ["myapp-aurora-reader-3"]},
        "custom_endpoints.analytics",
        "'myapp-aurora-reader-3' is no member; did you mean 'myapp-aurora-reader-",
    ),
    Wrong(
        {"custom_endpoints/analytics": ["reader"]},
        "custom_endpoints.analytics",
        "'reader' is no member; there are myapp-aurora-a, myapp-aurora-reader-1, ",
    ),
    Wrong(
        {"custom_endpoints/analytics": []},
        "custom_endpoints.analytics",
        "has no member; name one of myapp-aurora-a, ",
    ),
    Wrong(
        {"custom_endpoints/analytics": ["myapp-aurora-a"] * 2},
        "custom_endpoints.analytics",
        "'myapp-aurora-a' is there twice; leave one out",
    ),
    Wrong(
        {"custom_endpoints/analytics": "myapp-aurora-reader-2"},
        "custom_endpoints.analytics",
        "write a list here",
    ),
    Wrong(
        {"custom_endpoints": {"My Reports": ["myapp-aurora-a"]}},
        "custom_endpoints.My Reports",
        "is no identifier: use 1 to 63 lower-case letters",
    ),
    Wrong(
        {"custom_endpoints": {f"e{n}": ["myapp-aurora-a"] for n in range(6)}},
        "custom_endpoints",
        "has 6 entries; Aurora allows 5",
    ),
    Wrong(
        {"custom_endpoints": {"e" * 43: ["myapp-aurora-a"]}},
        f"custom_endpoints.{'e' * 43}",
        "over 63 characters",
    ),
    Wrong({"backups/retention_days": 0}, "backups.retention_days", "the least is 1"),
    Wrong({"backups/retention_days": 36}, "backups.retention_days", "the most is 35"),
    Wrong({"backups/window": "03:00-03:20"}, "backups.window", "shorter than 30 minutes"),
    Wrong({"maintenance_window": "sun:04:00-sun:04:20"}, "maintenance_window", "make it longer"),
    Wrong({"maintenance_window": "sun:22:00-mon:03:30"}, "maintenance_window", "move one"),
    Wrong(
        {"backups/window": "23:00-00:10", "maintenance_window": "mon:00:00-mon:01:00"},
        "maintenance_window",
        "move one",
    ),
    Wrong({"class": "db.t3.medium"}, "performance_insights", "leave it out, or take db.t4g.medium"),
    Wrong(
        {"performance_insights/retention_days": 100},
        "performance_insights.retention_days",
        "write 7, 731, or a multiple of 31",
    ),
    # What Aurora owns elsewhere, or does not have.
    Wrong({"storage": {"type": "gp3"}}, "storage", "is not a key here"),
    Wrong({"availability": "multi-az"}, "availability", "is not a key here"),
    Wrong(
        {"enhanced_monitoring": {"interval_seconds": 20}},
        "enhanced_monitoring.interval_seconds",
        "1, 5, 10, 15, 30 or 60",
    ),
    Wrong({"kind": "aurora"}, "kind", "'aurora' is not known; did you mean 'aurora-"),
]


@pytest.mark.parametrize("changes", RIGHT, ids=str)
def test_what_aws_takes(changes: dict[str, Any]) -> None:
    assert problems({"aurora": changed(AURORA, changes)}, NETWORK) == []


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_aws_refuses(wrong: Wrong) -> None:
    found = problems({"aurora": changed(AURORA, wrong.changes)}, NETWORK)
    assert_only(found, f"topologies.aurora.{wrong.path}", wrong.says)


def test_any_zone_is_taken_where_the_network_names_none() -> None:
    assert problems({"aurora": changed(AURORA, {"readers/1/zone": "f"})}, None) == []


def test_endpoints_that_become_one_name_are_refused() -> None:
    # "a" + "b-c" and "a-b" + "c" are one identifier to AWS.
    first = changed(AURORA, {"identifier": "a", "custom_endpoints": {"b-c": ["one-1"]}})
    first |= {"writer": {"identifier": "one-1", "zone": "a"}, "readers": []}
    second = changed(AURORA, {"identifier": "a-b", "custom_endpoints": {"c": ["one-2"]}})
    second |= {"writer": {"identifier": "one-2", "zone": "a"}, "readers": []}
    assert_only(
        problems({"first": first, "second": second}),
        "topologies.second.custom_endpoints.c",
        "'a-b-c' is topologies.first.custom_endpoints.b-c in us-east-1, too",
    )
    assert problems({"first": first, "second": second | {"region": "us-west-2"}}) == []


@given(
    zones=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=16),
    network=st.lists(st.sampled_from("abcdef"), min_size=2, max_size=6, unique=True),
)
def test_members_stand_in_the_network_s_zones(zones: list[str], network: list[str]) -> None:
    members = [{"identifier": f"member-{n}", "zone": zone} for n, zone in enumerate(zones)]
    config = changed(AURORA, {"custom_endpoints": {}, "shared_zones": True})
    config |= {"writer": members[0], "readers": members[1:]}
    keys = ["writer", *(f"readers.{n}" for n in range(15))]
    outside = {key for key, zone in zip(keys, zones, strict=False) if zone not in network}
    found = problems({"aurora": config}, {"zones": network})
    assert {p.path for p in found} == {f"topologies.aurora.{key}.zone" for key in outside}
    if not found:
        spec = stack({"aurora": config}, {"zones": network}).topologies["aurora"]
        assert isinstance(spec, AuroraMysql)
        assert [reader.zone for reader in spec.readers] == zones[1:]
