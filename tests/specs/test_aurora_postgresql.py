"""What a config may say of an Aurora PostgreSQL cluster, and what AWS would refuse of it."""

from __future__ import annotations

from typing import Any

import pytest

from specs.aurora_postgresql import AuroraPostgresql
from tests.specs.configs import (
    AURORA,
    AURORA_POSTGRESQL,
    MYSQL,
    NETWORK,
    Wrong,
    assert_only,
    changed,
    problems,
    stack,
)

PROXY = {"kind": "rds-proxy", "identifier": "p", "target": "db"}
SERVERLESS: dict[str, Any] = {
    **{k: AURORA[k] for k in ("username", "database", "backups", "maintenance_window")},
    "kind": "aurora-serverless",
    "identifier": "s",
    "engine_version": "17.7",
    "capacity": {"min_acu": 1, "max_acu": 4},
    "writer": {"zone": "a"},
}

RIGHT: list[dict[str, Any]] = [
    {},
    {"readers": [], "custom_endpoints": {}},
    {"database": ...},
    {"engine_version": "14.6"},
    {"engine_version": "14.17"},
    {"engine_version": "15.10"},
    {"engine_version": "16.8"},
    {"engine_version": "18.3"},
    {"class": "db.t3.medium"},
    {"class": "db.t4g.large"},
    {"class": "db.r6gd.xlarge"},
    {"class": "db.r6id.32xlarge"},
    {"class": "db.r8gd.48xlarge"},
    {"class": "db.x2g.large"},
    # Database Insights has no class that Aurora PostgreSQL refuses.
    {"class": "db.t3.medium", "performance_insights": {"retention_days": 7}},
    {"activity_stream": "sync"},
    {"activity_stream": "async"},
    {"readers/1/zone": "b", "shared_zones": True},
    {"username": "postgres"},
    {"database": "d" * 63},
]

WRONG = [
    Wrong({"engine_version": "17"}, "engine_version", "write one such as 17.7"),
    Wrong({"engine_version": "17.3"}, "engine_version", "is withdrawn; write 17.7, or 17"),
    Wrong({"engine_version": "15.11"}, "engine_version", "is withdrawn; write 17.7, or 15"),
    Wrong({"engine_version": "14.7"}, "engine_version", "is withdrawn"),
    Wrong({"engine_version": "13.23"}, "engine_version", "billed as extended support; write 17.7"),
    Wrong({"engine_version": "9.6.22"}, "engine_version", "billed as extended support; write 17.7"),
    Wrong({"engine_version": "16.9-limitless"}, "engine_version", "write one such as 17.7"),
    Wrong(
        {"engine_version": "8.0.mysql_aurora.3.10.6"}, "engine_version", "write one such as 17.7"
    ),
    Wrong({"class": "db.serverless"}, "class", "those are Aurora MySQL here; write a class"),
    Wrong({"class": "db.t3.small"}, "class", "the smallest it takes are db.t3.medium"),
    Wrong({"class": "db.t4g.xlarge"}, "class", "the smallest it takes are db.t3.medium"),
    Wrong({"class": "db.r4.large"}, "class", "one for production is db.r6g.large"),
    Wrong({"class": "db.m6g.large"}, "class", "one for production is db.r6g.large"),
    Wrong({"class": "db.r6gd.large"}, "class", "one for production is db.r6g.large"),
    Wrong({"class": "db.r6id.xlarge"}, "class", "one for production is db.r6g.large"),
    Wrong(
        {"class": "db.t4g.medium", "activity_stream": "async"},
        "activity_stream",
        "is refused on db.t4g.medium; leave it out, or take db.r6g.large",
    ),
    Wrong({"activity_stream": "always"}, "activity_stream", "choose 'sync' or 'async'"),
    Wrong({"username": "admin"}, "username", "is reserved by PostgreSQL; write another"),
    Wrong({"username": "rdsadmin"}, "username", "is reserved"),
    Wrong({"username": "my_user"}, "username", "1 to 16 letters and digits"),
    Wrong({"database": "user"}, "database", "is reserved by PostgreSQL; write another"),
    Wrong({"database": "d" * 64}, "database", "has 64 characters; PostgreSQL allows 63"),
    Wrong({"database": "my-db"}, "database", "1 to 64 letters and digits"),
    Wrong(
        {"writer/identifier": "ledger-writer"},
        "writer.identifier",
        "until a failover makes another member the writer; call it by its zone",
    ),
    Wrong({"readers/1/zone": "b"}, "readers.1.zone", "its loss would take both; choose another"),
    Wrong({"readers/0/zone": "e"}, "readers.0.zone", "not one of network.zones; choose a, b, c"),
    Wrong(
        {"readers": [{"identifier": f"r-{n}", "zone": "abc"[n % 3]} for n in range(16)],
         "custom_endpoints": {}},
        "readers",
        "has 16 entries; the most is 15",
    ),
    Wrong({"custom_endpoints/reports": ["nobody"]}, "custom_endpoints.reports", "is no member"),
    Wrong({"custom_endpoints/reports": []}, "custom_endpoints.reports", "has no member; name one"),
    Wrong({"backups/retention_days": 0}, "backups.retention_days", "the least is 1"),
    Wrong({"backups/retention_days": 36}, "backups.retention_days", "the most is 35"),
    Wrong({"maintenance_window": "sun:03:30-sun:04:30"}, "maintenance_window", "overlaps"),
    # What somebody may look for, and where it is.
    Wrong({"capacity": {"min_acu": 1}}, "capacity", "is for kind aurora-serverless, which is"),
    Wrong({"secondaries": []}, "secondaries", "are for kind global-database, which is Aurora M"),
    Wrong({"primary": {}}, "primary", "write writer and readers"),
    Wrong({"audit_log": {}}, "audit_log", "pgaudit, which somebody must create by SQL"),
    Wrong({"migration": "target"}, "migration", "a migration ends at kind rds-postgres"),
    Wrong({"storage": {"type": "gp3"}}, "storage", "is not a key here"),
    Wrong({"availability": "multi-az"}, "availability", "is not a key here"),
    Wrong({"kind": "aurora-postgres"}, "kind", "did you mean 'aurora-postgresql'?"),
]  # fmt: skip


@pytest.mark.parametrize("changes", RIGHT, ids=str)
def test_what_aws_takes(changes: dict[str, Any]) -> None:
    assert problems({"db": changed(AURORA_POSTGRESQL, changes)}, NETWORK) == []


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_aws_refuses(wrong: Wrong) -> None:
    found = problems({"db": changed(AURORA_POSTGRESQL, wrong.changes)}, NETWORK)
    assert_only(found, f"topologies.db.{wrong.path}", wrong.says)


@pytest.mark.parametrize(
    ("version", "family"), [("17.7", "aurora-postgresql17"), ("14.6", "aurora-postgresql14")]
)
def test_what_the_version_decides(version: str, family: str) -> None:
    config = changed(AURORA_POSTGRESQL, {"engine_version": version})
    spec = stack({"db": config}).topologies["db"]
    assert isinstance(spec, AuroraPostgresql)
    assert (spec.engine, spec.port, spec.family) == ("aurora-postgresql", 5432, family)
    assert spec.log_exports == ("postgresql",)


def test_a_serverless_cluster_is_no_postgresql() -> None:
    found = problems({"s": SERVERLESS})
    assert_only(found, "topologies.s.engine_version", "'17.7' is Aurora PostgreSQL, which has kind")


def test_a_global_database_is_no_postgresql() -> None:
    config = {
        **{k: AURORA[k] for k in ("username", "database", "backups", "maintenance_window")},
        "kind": "global-database",
        "identifier": "g",
        "engine_version": "16.8",
        "primary": {"identifier": "g-a", "class": "db.r6g.large", "writer": AURORA["writer"]},
        "secondaries": [],
    }
    says = "Serverless and global databases are Aurora MySQL here"
    assert_only(problems({"g": config}), "topologies.g.engine_version", says)


def test_a_proxy_stands_in_front_of_it_and_of_its_readers() -> None:
    here = {"db": AURORA_POSTGRESQL}
    assert problems({**here, "proxy": {**PROXY, "reader_endpoint": True}}) == []
    alone = changed(AURORA_POSTGRESQL, {"readers": [], "custom_endpoints": {}})
    found = problems({"db": alone, "proxy": {**PROXY, "reader_endpoint": True}})
    assert_only(found, "topologies.proxy.target", "has no readers; add one, or leave")
    pinned = {**PROXY, "pool": {"pinned_by_variables": False}}
    found = problems({**here, "proxy": pinned})
    assert_only(found, "topologies.proxy.target", "is PostgreSQL, where a client that sets")


@pytest.mark.parametrize(
    ("other", "path", "says"),
    [
        (
            {"kind": "read-replica", "source": "db", "identifier": "r", "class": "db.t3.micro"},
            "source",
            "is no rds-mysql, rds-mariadb or rds-postgres topology; name one",
        ),
        (
            {"kind": "restored-instance", "source": "db", "identifier": "r", "at": "latest",
             "class": "db.t3.micro"},
            "source",
            "is no rds-mysql or rds-mariadb topology; name one",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_made_of_it(other: dict[str, Any], path: str, says: str) -> None:
    found = problems({"db": AURORA_POSTGRESQL, "other": other, "mysql": MYSQL})
    assert_only(found, f"topologies.other.{path}", says)
