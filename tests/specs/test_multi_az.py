"""What a config may say of a Multi-AZ DB cluster, and what AWS would refuse of it."""

from __future__ import annotations

from typing import Any

import pytest

from specs.multi_az import MultiAzCluster
from specs.problems import Problem
from tests.specs.configs import (
    AURORA,
    MULTI_AZ_MYSQL,
    MULTI_AZ_POSTGRES,
    NETWORK,
    Wrong,
    assert_only,
    changed,
    problems,
    stack,
)

IO1: dict[str, Any] = {"type": "io1", "size_gb": 100, "iops": 1000}

RIGHT: list[dict[str, Any]] = [
    {},
    {"class": "db.c6gd.medium"},
    {"class": "db.m5d.24xlarge"},
    {"class": "db.r6gd.16xlarge"},
    {"class": "db.m6id.32xlarge"},
    {"class": "db.r8gd.48xlarge"},
    {"class": "db.x2iedn.xlarge"},
    {"storage": {"type": "gp3", "size_gb": 20}},
    {"storage": {"type": "gp3", "size_gb": 400}},
    {"storage": {"type": "gp3", "size_gb": 400, "iops": 20_000}},
    {"storage": {"type": "gp3", "size_gb": 65_536, "iops": 64_000}},
    {"storage": IO1},
    {"storage": {"type": "io1", "size_gb": 100, "iops": 5000}},
    {"storage": {"type": "io2", "size_gb": 6000, "iops": 256_000}},
    {"identifier": "c" * 52},
    {"zones": ["c", "a", "b"]},
    {"backups/retention_days": 35},
    {"performance_insights": ..., "enhanced_monitoring": ..., "slow_query_log": ...},
    {"lifetime": "protected", "apply_changes": "maintenance-window"},
    {"region": "eu-west-1"},
    {"iam_auth": True, "connect": [{"role": "app", "user": "app_user"}]},
]

WRONG = [
    Wrong({"identifier": "c" * 53}, "identifier", "has 53 characters; a Multi-AZ DB cluster's has"),
    Wrong({"class": "db.m6g.large"}, "class", "takes classes with a disk of their own"),
    Wrong({"class": "db.t4g.medium"}, "class", "write one such as db.m6gd.large, the cheapest is"),
    Wrong({"class": "db.m6gd.medium"}, "class", "the cheapest is db.c6gd.medium"),
    Wrong({"class": "db.r5d.16xlarges"}, "class", "takes classes with a disk of their own"),
    Wrong({"class": "db.m6gd.24xlarge"}, "class", "takes classes with a disk of their own"),
    Wrong({"class": "db.serverless"}, "class", "takes classes with a disk of their own"),
    Wrong({"storage/type": "gp2"}, "storage.type", "'gp2' is not known"),
    Wrong({"storage/type": "standard"}, "storage.type", "'standard' is not known"),
    Wrong({"storage": {"type": "gp3", "size_gb": 19}}, "storage.size_gb", "the least is 20"),
    Wrong({"storage": {"type": "gp3", "size_gb": 65_537}}, "storage.size_gb", "the most is 65536"),
    Wrong(
        {"storage": {"type": "gp3", "size_gb": 399, "iops": 12_000}},
        "storage.iops",
        "needs 400 GB or more and size_gb is 399; leave iops out",
    ),
    Wrong(
        {"storage": {"type": "gp3", "size_gb": 400, "iops": 3000}},
        "storage.iops",
        "is 3000; write 12000 to 64000, or leave iops out",
    ),
    Wrong(
        {"storage": {"type": "gp3", "size_gb": 400, "iops": 20_001}},
        "storage.iops",
        "20001 is not 0.5 to 50 for each of 400 GB; write 200 to 20000",
    ),
    Wrong(
        {"storage": {"type": "gp3", "size_gb": 100, "autoscale_to_gb": 200}},
        "storage.autoscale_to_gb",
        "whose storage never grows by itself; leave it out and write the size you need",
    ),
    Wrong(
        {"storage": {"type": "gp3", "size_gb": 400, "throughput_mb": 500}},
        "storage.throughput_mb",
        "leave it out",
    ),
    Wrong({"storage": {"type": "io1", "size_gb": 100}}, "storage.iops", "is missing; add it"),
    Wrong({"storage": {**IO1, "size_gb": 99}}, "storage.size_gb", "the least is 100"),
    Wrong({"storage": {**IO1, "iops": 999}}, "storage.iops", "the least is 1000"),
    Wrong({"storage": {**IO1, "iops": 5001}}, "storage.iops", "write 50 to 5000"),
    Wrong({"storage": {**IO1, "size_gb": 3000}}, "storage.iops", "write 1500 to 150000"),
    Wrong({"zones": ["a", "b"]}, "zones", "name 3 different zones"),
    Wrong({"zones": ["a", "b", "b"]}, "zones", "name 3 different zones"),
    Wrong({"zones": ["a", "b", "f"]}, "zones.2", "not one of network.zones; choose a, b, c"),
    Wrong({"backups/retention_days": 0}, "backups.retention_days", "the least is 1"),
    Wrong({"backups/retention_days": 36}, "backups.retention_days", "the most is 35"),
    Wrong(
        {"backups/copy_to": {"region": "us-west-2", "retention_days": 7}},
        "backups.copy_to",
        "RDS neither replicates its backups nor copies its snapshots; leave it out",
    ),
    Wrong({"connect": [{"role": "app", "user": "app_user"}]}, "connect", "add iam_auth: true"),
    Wrong(
        {"iam_auth": True, "connect": [{"role": "app", "user": "app"}]},
        "connect.0.user",
        "is the master user, who has a password",
    ),
    Wrong({"backups/window": "03:00-03:20"}, "backups.window", "shorter than 30 minutes"),
    Wrong({"maintenance_window": "sun:03:30-sun:04:30"}, "maintenance_window", "overlaps"),
    Wrong(
        {"enhanced_monitoring/interval_seconds": 20},
        "enhanced_monitoring.interval_seconds",
        "is 20; choose",
    ),
    Wrong({"region": "us-west-1"}, "region", "us-west-1 has no Multi-AZ DB clusters; choose"),
    Wrong({"database": ...}, "database", "is missing; add it"),
    # What somebody may look for, and why it is not.
    Wrong({"availability": "multi-az"}, "availability", "is what the kind says: three zones"),
    Wrong({"writer": {"zone": "a"}}, "writer", "it puts a member into each of three zones"),
    Wrong({"readers": []}, "readers", "it puts a member into each of three zones"),
    Wrong({"custom_endpoints": {}}, "custom_endpoints", "are Aurora's; leave them out"),
    Wrong({"activity_stream": "async"}, "activity_stream", "is Aurora's; leave it out"),
    Wrong({"audit_log": {}}, "audit_log", "a Multi-AZ DB cluster has no option group"),
    Wrong({"port": 3307}, "port", "is the engine's; leave it out"),
    Wrong({"migration": "source"}, "migration", "leave it out"),
]
IN_MYSQL = [
    Wrong({"engine_version": "8.0.44"}, "engine_version", "past RDS's standard support and billed"),
    Wrong({"engine_version": "8.4.3"}, "engine_version", "is withdrawn; write 8.4"),
    Wrong({"engine_version": "17"}, "engine_version", "is not a version that RDS offers"),
    Wrong({"username": "root"}, "username", "is reserved"),
    Wrong({"database": "sys"}, "database", "is MySQL's own"),
    Wrong({"kind": "multi-az-mariadb"}, "kind", "did you mean 'multi-az-"),
]
IN_POSTGRES = [
    Wrong({"engine_version": "13.23"}, "engine_version", "past RDS's standard support and billed"),
    Wrong({"engine_version": "17.4"}, "engine_version", "is withdrawn; write 17"),
    Wrong({"engine_version": "8.4"}, "engine_version", "is not a version that RDS offers"),
    Wrong({"username": "admin"}, "username", "is reserved by PostgreSQL"),
    Wrong({"database": "d" * 64}, "database", "has 64 characters; PostgreSQL allows 63"),
    Wrong({"kind": "multi-az-postgresql"}, "kind", "did you mean 'multi-az-postgres'?"),
]
KINDS = {"mysql": MULTI_AZ_MYSQL, "postgres": MULTI_AZ_POSTGRES}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changes", RIGHT, ids=str)
def test_what_aws_takes(changes: dict[str, Any], kind: str) -> None:
    assert problems({"db": changed(KINDS[kind], changes)}, NETWORK) == []


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        *((kind, wrong) for kind in KINDS for wrong in WRONG),
        *(("mysql", wrong) for wrong in IN_MYSQL),
        *(("postgres", wrong) for wrong in IN_POSTGRES),
    ],
    ids=str,
)
def test_what_aws_refuses(kind: str, wrong: Wrong) -> None:
    found = problems({"db": changed(KINDS[kind], wrong.changes)}, NETWORK)
    assert_only(found, f"topologies.db.{wrong.path}", wrong.says)


DECIDED = [
    ("mysql", "8.4", 3306, "mysql8.4", True, ("error", "slowquery")),
    ("mysql", "8.4.8", 3306, "mysql8.4", False, ("error", "slowquery")),
    ("postgres", "17", 5432, "postgres17", True, ("postgresql",)),
    ("postgres", "16.10", 5432, "postgres16", False, ("postgresql",)),
]


@pytest.mark.parametrize(("kind", "version", "port", "family", "moves", "logs"), DECIDED)
def test_what_the_version_decides(
    kind: str, version: str, port: int, family: str, moves: bool, logs: tuple[str, ...]
) -> None:
    config = changed(KINDS[kind], {"engine_version": version})
    spec = stack({"db": config}).topologies["db"]
    assert isinstance(spec, MultiAzCluster)
    assert (spec.engine, spec.facts.port, spec.family) == (kind, port, family)
    assert (spec.moves_by_itself, spec.log_exports) == (moves, logs)


@pytest.mark.parametrize(
    ("storage", "iops"),
    [
        ({"type": "gp3", "size_gb": 399}, None),
        ({"type": "gp3", "size_gb": 400}, 12_000),
        ({"type": "gp3", "size_gb": 400, "iops": 13_000}, 13_000),
        (IO1, 1000),
    ],
)
def test_how_many_iops_rds_is_told(storage: dict[str, Any], iops: int | None) -> None:
    # Of a small gp3 volume it refuses even the value that it has; of any other it asks for one.
    spec = stack({"db": changed(MULTI_AZ_MYSQL, {"storage": storage})}).topologies["db"]
    assert isinstance(spec, MultiAzCluster)
    assert spec.storage.provisioned_iops == iops


def test_three_zones_or_none_at_all() -> None:
    # "Add subnets to cover at least 3 AZs"
    found = problems({"db": MULTI_AZ_MYSQL}, {"zones": ["a", "b"]})
    assert_only(found, "topologies.db.kind", "needs 3 zones and network.zones has 2; add one there")


def test_a_stack_in_a_region_without_such_clusters() -> None:
    found = problems({"db": MULTI_AZ_MYSQL}, region="us-west-1")
    assert_only(found, "topologies.db.region", "us-west-1 has no Multi-AZ DB clusters")


def test_the_names_that_rds_will_give_are_taken() -> None:
    other = changed(MULTI_AZ_POSTGRES, {"identifier": "myapp-multi-az"})
    named = {"identifier": "myapp-multi-az-instance-2", "zone": "a"}
    found = problems({"db": MULTI_AZ_MYSQL, "other": other})
    assert "topologies.other.identifier" in {problem.path for problem in found}
    aurora = changed(AURORA, {"readers": [], "custom_endpoints": {}, "writer": named})
    assert problems({"db": MULTI_AZ_MYSQL, "aurora": aurora}) == [
        Problem(
            "topologies.aurora.writer.identifier",
            "'myapp-multi-az-instance-2' is topologies.db.identifier in us-east-1, too; rename "
            "one of them",
        )
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_stands_in_front_of_it_and_of_its_standbys(kind: str) -> None:
    proxy = {"kind": "rds-proxy", "identifier": "p", "target": "db", "reader_endpoint": True}
    assert problems({"db": KINDS[kind], "proxy": proxy}) == []


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (
            {"kind": "read-replica", "source": "db", "identifier": "r", "class": "db.t3.micro"},
            "has two standbys that read, and replicas of it are not offered here",
        ),
        (
            {"kind": "restored-instance", "source": "db", "identifier": "r", "at": "latest",
             "class": "db.t3.micro"},
            "is no rds-mysql or rds-mariadb topology; name one",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_made_of_it(other: dict[str, Any], says: str) -> None:
    found = problems({"db": MULTI_AZ_MYSQL, "other": other})
    assert_only(found, "topologies.other.source", says)
