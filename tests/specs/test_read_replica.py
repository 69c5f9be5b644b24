"""What a config may say of a read replica, and what AWS would refuse of it."""

from __future__ import annotations

from typing import Any

import pytest

from specs.problems import Problem
from specs.read_replica import MOST_REPLICAS
from tests.specs.configs import (
    AURORA,
    MYSQL,
    REDIS,
    REPLICA,
    Wrong,
    assert_only,
    changed,
    problems,
    stack,
)

RIGHT: list[dict[str, Any]] = [
    {},
    {"region": ...},
    {"region": "us-east-1"},
    {"availability": "multi-az"},
    {"availability": ...},
    {"class": "db.r6g.large"},
    {"enhanced_monitoring": ...},
    {"lifetime": "protected"},
    # Instances are told apart within a region only.
    {"identifier": "myapp-mysql-db"},
]

WRONG = [
    Wrong({"source": "mysqll"}, "source", "no database of this stack; did you mean 'mysql'?"),
    Wrong({"source": "postgres"}, "source", "'postgres' is no database of this stack"),
    Wrong({"source": "myapp-mysql-db"}, "source", "is no database of this stack"),
    Wrong({"source": ""}, "source", "'' is no database of this stack"),
    Wrong({"source": "aurora"}, "source", "name"),
    Wrong({"source": "redis"}, "source", "rds-mysql"),
    Wrong({"source": "mysql-replica"}, "source", "set its backups.retention_days"),
    Wrong({"source": ...}, "source", "is missing; add it"),
    Wrong({"source": 1}, "source", 'write text here, in quotes: "1"'),
    Wrong({"source": ["mysql"]}, "source", "write text here"),
    Wrong({"identifier": "Replica"}, "identifier", "lower-case letters"),
    Wrong({"identifier": "myapp--replica"}, "identifier", "single hyphens"),
    Wrong({"identifier": "replica-"}, "identifier", "not ending with a hyphen"),
    Wrong({"identifier": "r" * 64}, "identifier", "use 1 to 63"),
    Wrong(
        {"identifier": "myapp-mysql-db", "region": ...},
        "identifier",
        "'myapp-mysql-db' is topologies.mysql.identifier in us-east-1, too; rename one",
    ),
    Wrong(
        {"identifier": "myapp-aurora-reader-1", "region": "us-east-1"},
        "identifier",
        "is topologies.aurora.readers.0.identifier in us-east-1, too; rename one",
    ),
    Wrong({"region": "us-west-2b"}, "region", "write one such as us-east-1"),
    Wrong({"region": "US-WEST-2"}, "region", "write one such as us-east-1"),
    Wrong({"class": "db.t3"}, "class", "write one such as db.t3.micro"),
    Wrong({"class": "db.t2.small"}, "class", "write a newer one such as db.t3.micro"),
    Wrong({"class": ...}, "class", "is missing; add it"),
    Wrong({"availability": "none"}, "availability", "choose 'multi-az' or 'single-az'"),
    Wrong(
        {"enhanced_monitoring/interval_seconds": 20},
        "enhanced_monitoring.interval_seconds",
        "choose 1, 5, 10, 15, 30 or 60",
    ),
    # What RDS takes from the source and refuses here.
    Wrong({"username": "admin"}, "username", "is not a key here"),
    Wrong({"database": "myappdb"}, "database", "is not a key here"),
    Wrong({"engine_version": "8.4"}, "engine_version", "is not a key here"),
    Wrong({"storage": MYSQL["storage"]}, "storage", "is not a key here"),
    Wrong({"kind": "read_replica"}, "kind", "did you mean 'read-replica'?"),
]


def _beside(replica: dict[str, Any]) -> dict[str, Any]:
    return {"mysql": MYSQL, "aurora": AURORA, "redis": REDIS, "mysql-replica": replica}


@pytest.mark.parametrize("changes", RIGHT, ids=str)
def test_what_aws_takes(changes: dict[str, Any]) -> None:
    assert problems(_beside(changed(REPLICA, changes))) == []


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_aws_refuses(wrong: Wrong) -> None:
    found = problems(_beside(changed(REPLICA, wrong.changes)))
    assert_only(found, f"topologies.mysql-replica.{wrong.path}", wrong.says)


def test_a_replica_may_stand_before_its_source() -> None:
    found = stack({"mysql-replica": changed(REPLICA, {"region": ...}), "mysql": MYSQL})
    assert list(found.topologies) == ["mysql-replica", "mysql"]
    assert found.region_of("mysql-replica") == "us-east-1"


def test_a_source_without_backups_can_have_no_replica() -> None:
    bare = changed(MYSQL, {"backups/retention_days": 0})
    assert_only(
        problems({"mysql": bare, "mysql-replica": REPLICA}),
        "topologies.mysql-replica.source",
        "backups.retention_days to 1 or more",
    )


def test_a_source_that_is_wrong_itself_is_not_also_unknown() -> None:
    wrong = changed(MYSQL, {"class": "db.t2.micro"})
    assert_only(
        problems({"mysql": wrong, "mysql-replica": REPLICA}), "topologies.mysql.class", "newer"
    )


def test_the_source_s_own_contradictions_do_not_hide_the_replica_s_problem() -> None:
    wrong = changed(
        MYSQL, {"backups/retention_days": 0, "maintenance_window": "sun:03:00-sun:04:00"}
    )
    assert [problem.path for problem in problems({"mysql": wrong, "mysql-replica": REPLICA})] == [
        "topologies.mysql-replica.source",
        "topologies.mysql.maintenance_window",
    ]


def _replicas(count: int, source: str = "mysql") -> dict[str, Any]:
    return {
        f"{source}-replica-{n}": changed(
            REPLICA, {"source": source, "identifier": f"{source}-replica-{n}"}
        )
        for n in range(1, count + 1)
    }


def test_fifteen_replicas_of_each_source_are_taken() -> None:
    second = changed(MYSQL, {"identifier": "myapp-other-db"})
    both = {"mysql": MYSQL, "other": second}
    assert problems(both | _replicas(MOST_REPLICAS) | _replicas(MOST_REPLICAS, "other")) == []


def test_the_sixteenth_replica_is_refused() -> None:
    assert problems({"mysql": MYSQL} | _replicas(17)) == [
        Problem(
            "topologies.mysql-replica-16.source",
            "'mysql' has more than 15 replicas; leave this one out",
        )
    ]
