"""What a config may say of PostgreSQL and MariaDB, and what AWS would refuse of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.problems import ConfigError, Problem
from specs.rds_engines import MARIADB, MYSQL, POSTGRES, Engine
from specs.rds_instance import RdsInstance
from specs.topologies import KINDS, read

COMMON: dict[str, Any] = {
    "engine_version": "17",
    "class": "db.m6g.large",
    "storage": {"type": "gp3", "size_gb": 400, "autoscale_to_gb": 2000},
    "availability": "multi-az",
    "username": "app",
    "database": "appdb",
    "backups": {"retention_days": 30, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
}
POSTGRES_CONFIG = {"kind": "rds-postgres", "identifier": "prod-ledger", **COMMON}
MARIADB_CONFIG = POSTGRES_CONFIG | {"kind": "rds-mariadb", "engine_version": "11.4"}
FAST = {"iops": 12000, "throughput_mb": 500}


def problems(**topologies: dict[str, Any]) -> list[Problem]:
    try:
        read("us-east-1", None, topologies)
    except ConfigError as error:
        return error.problems
    return []


def changed(config: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``config`` with values by path; ``...`` removes a key."""
    found = copy.deepcopy(config)
    for path, value in changes.items():
        *parents, key = path.split("/")
        place = found
        for parent in parents:
            place = place[parent]
        if value is ...:
            del place[key]
        else:
            place[key] = value
    return found


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"engine_version": "16.9"},
        {"engine_version": "18.6"},
        {"engine_version": "14"},
        {"class": "db.t3.micro", "performance_insights": {"retention_days": 7}},
        {"storage/provisioned": FAST},
        {"storage": {"type": "gp2", "size_gb": 20, "autoscale_to_gb": 22}},
        {"username": "postgres", "database": "postgres"},
        {"database": "d" * 63},
        {"slow_query_log": {"threshold_seconds": 0.5}, "availability": "single-az"},
    ],
)
def test_what_postgresql_may_be(changes: dict[str, Any]) -> None:
    assert problems(ledger=changed(POSTGRES_CONFIG, changes)) == []


@pytest.mark.parametrize(
    ("changes", "key", "says"),
    [
        ({"engine_version": "8.4"}, "engine_version", "is not a version that RDS offers; write 17"),
        ({"engine_version": "13.23"}, "engine_version", "billed as extended support; write 17"),
        ({"engine_version": "17.4"}, "engine_version", "withdrawn; write 17"),
        ({"engine_version": "17.5.1"}, "engine_version", "is not a version"),
        ({"engine_version": 17}, "engine_version", 'write text here, in quotes: "17"'),
        ({"username": "admin"}, "username", "reserved by PostgreSQL; write another, such as app"),
        ({"username": "User"}, "username", "reserved by PostgreSQL"),
        ({"username": "pg_app"}, "username", "letters and digits"),
        ({"username": "rdsadmin"}, "username", "is reserved"),
        ({"database": "select"}, "database", "reserved by PostgreSQL"),
        ({"database": "d" * 64}, "database", "64 characters; PostgreSQL allows 63"),
        ({"database": ...}, "database", "is missing; add it"),
        ({"class": "db.t2.micro"}, "class", "cannot run PostgreSQL 17"),
        ({"class": "db.m6g.micro"}, "class", "is no instance class"),
        ({"storage/size_gb": 399, "storage/provisioned": FAST}, "storage.provisioned", "400 GB"),
        (
            {"storage/provisioned": {"iops": 3000, "throughput_mb": 500}},
            "storage.provisioned.iops",
            "is 3000; the least is 12000",
        ),
        (
            {"storage/provisioned": {"iops": 64001, "throughput_mb": 500}},
            "storage.provisioned.iops",
            "is 64001; the most is 64000",
        ),
        (
            {"storage/provisioned": {"iops": 12000, "throughput_mb": 3001}},
            "storage.provisioned.throughput_mb",
            "write iops 12004 or more",
        ),
        ({"storage/autoscale_to_gb": 439}, "storage.autoscale_to_gb", "write 440 or more"),
        ({"license": "postgresql-license"}, "license", "is not a key here"),
        ({"port": 5433}, "port", "is not a key here"),
        ({"maintenance_window": "sun:03:30-sun:04:30"}, "maintenance_window", "overlaps"),
        ({"backups/retention_days": 36}, "backups.retention_days", "the most is 35"),
    ],
)
def test_what_aws_refuses_of_postgresql(changes: dict[str, Any], key: str, says: str) -> None:
    found = problems(ledger=changed(POSTGRES_CONFIG, changes))
    assert f"topologies.ledger.{key}" in [problem.path for problem in found]
    assert says in "; ".join(problem.text for problem in found)


@pytest.mark.parametrize(
    ("changes", "key", "says"),
    [
        ({"engine_version": "17"}, "engine_version", "write 11.4"),
        ({"engine_version": "10.6"}, "engine_version", "past RDS's standard support; write 11.4"),
        ({"engine_version": "11.4.2"}, "engine_version", "withdrawn; write 11.4"),
        ({"engine_version": "11.4-rc"}, "engine_version", "is not a version"),
        ({"username": "mariadb"}, "username", "reserved by MariaDB"),
        ({"username": "root"}, "username", "is reserved"),
        ({"database": "9lives"}, "database", "is no database name"),
        ({"class": "db.r3.large"}, "class", "cannot run MariaDB 11.4"),
        (
            {"class": "db.t4g.small", "performance_insights": {"retention_days": 7}},
            "performance_insights",
            "is refused on db.t4g.small",
        ),
        ({"storage/size_gb": 19}, "storage.size_gb", "the least is 20"),
        ({"storage/provisioned": {"iops": 12000}}, "storage.provisioned.throughput_mb", "missing"),
        ({"log_exports": ["error"]}, "log_exports", "is not a key here"),
        ({"identifier": "prod--wiki"}, "identifier", "is no identifier"),
    ],
)
def test_what_aws_refuses_of_mariadb(changes: dict[str, Any], key: str, says: str) -> None:
    found = problems(wiki=changed(MARIADB_CONFIG, changes))
    assert f"topologies.wiki.{key}" in [problem.path for problem in found]
    assert says in "; ".join(problem.text for problem in found)


@pytest.mark.parametrize("source", [POSTGRES_CONFIG, MARIADB_CONFIG])
def test_each_of_them_can_be_replicated(source: dict[str, Any]) -> None:
    replica = {"kind": "read-replica", "identifier": "copy", "class": "db.m6g.large"}
    here = replica | {"source": "db"}
    assert problems(db=source, here=here) == []
    without = changed(source, {"backups/retention_days": 0})
    (found,) = problems(db=without, here=here)
    assert found.path == "topologies.here.source"
    assert "set its backups.retention_days to 1 or more" in found.text


def test_a_replica_is_replicated_once_it_has_backups() -> None:
    replica = {"kind": "read-replica", "class": "db.m6g.large"}
    one = replica | {"source": "db", "identifier": "copy"}
    two = replica | {"source": "one", "identifier": "copy-two"}
    (found,) = problems(db=POSTGRES_CONFIG, one=one, two=two)
    assert found.path == "topologies.two.source"
    assert "set its backups.retention_days" in found.text
    backed_up = one | {"backups": {"retention_days": 1}}
    assert problems(db=POSTGRES_CONFIG, one=backed_up, two=two) == []


@pytest.mark.parametrize(
    ("config", "family", "logs", "slow", "by_itself"),
    [
        (POSTGRES_CONFIG, "postgres17", ("postgresql", "upgrade"), (), True),
        (POSTGRES_CONFIG | {"engine_version": "16.9"}, "postgres16", None, (), False),
        (MARIADB_CONFIG, "mariadb11.4", ("error",), ("slowquery",), True),
        (
            MARIADB_CONFIG | {"engine_version": "10.11.18"},
            "mariadb10.11",
            ("error",),
            ("slowquery",),
            False,
        ),
    ],
)
def test_what_the_engine_decides_is_derived(
    config: dict[str, Any],
    family: str,
    logs: tuple[str, ...] | None,
    slow: tuple[str, ...],
    by_itself: bool,
) -> None:
    quiet = _spec(config)
    loud = _spec(config | {"slow_query_log": {"threshold_seconds": 1}})
    assert quiet.family == family
    assert quiet.moves_by_itself is by_itself
    if logs is not None:
        assert quiet.log_exports == logs
    assert loud.log_exports == (*quiet.log_exports, *slow)


@given(st.integers(0, 200_000), st.integers(0, 10_000), st.integers(20, 59_000))
def test_a_volume_is_taken_exactly_when_every_rule_of_gp3_holds(
    iops: int, throughput: int, size: int
) -> None:
    storage = {
        "type": "gp3",
        "size_gb": size,
        "autoscale_to_gb": 65_536,
        "provisioned": {"iops": iops, "throughput_mb": throughput},
    }
    allowed = (
        size >= 400
        and 12_000 <= iops <= 64_000
        and 500 <= throughput <= 4_000
        and throughput * 4 <= iops
    )
    for config in (POSTGRES_CONFIG, MARIADB_CONFIG):
        assert (problems(db=config | {"storage": storage}) == []) is allowed


@pytest.mark.parametrize("engine", [MYSQL, MARIADB, POSTGRES])
def test_every_major_version_is_taken_with_and_without_its_oldest_patch(engine: Engine) -> None:
    for major, patch in engine.majors.items():
        for text in (major, f"{major}.{patch}"):
            assert engine.check_version(text) == text
            assert engine.major(text) == major
        assert engine.is_prefix(major)
        assert not engine.is_prefix(f"{major}.{patch}")
    assert engine.example in engine.majors


def _spec(config: dict[str, Any]) -> RdsInstance:
    found = KINDS[config["kind"]].model_validate(config)
    assert isinstance(found, RdsInstance)
    return found
