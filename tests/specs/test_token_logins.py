"""What a config may say of logins by a token, and what AWS or a person would regret of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.specs.configs import (
    AURORA,
    MYSQL,
    REDIS,
    REPLICA,
    Wrong,
    assert_only,
    changed,
    problems,
)

APP = {"role": "orders-app", "user": "app"}
ON: dict[str, Any] = {"iam_auth": True}
SOURCE = MYSQL | ON
POSTGRES: dict[str, Any] = {
    **{key: value for key, value in MYSQL.items() if key != "performance_insights"},
    "kind": "rds-postgres",
    "engine_version": "17",
    "username": "ledger",
}
MARIADB = POSTGRES | {"kind": "rds-mariadb", "engine_version": "11.4"}
SERVERLESS: dict[str, Any] = {
    "kind": "aurora-serverless",
    "identifier": "myapp-serverless",
    "engine_version": "8.0.mysql_aurora.3.10.6",
    "capacity": {"min_acu": 0, "max_acu": 16},
    "username": "admin",
    "writer": {"zone": "a"},
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
}
WORLDWIDE: dict[str, Any] = {
    "kind": "global-database",
    "identifier": "prod-store",
    "engine_version": "8.0.mysql_aurora.3.10.6",
    "username": "admin",
    "primary": {
        "identifier": "store-east",
        "class": "db.r6g.large",
        "writer": {"identifier": "store-east-a", "zone": "a"},
    },
    "secondaries": [],
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
}
KINDS = {
    "rds-mysql": MYSQL,
    "rds-mariadb": MARIADB,
    "rds-postgres": POSTGRES,
    "aurora-mysql": AURORA,
    "aurora-serverless": SERVERLESS,
    "global-database": WORLDWIDE,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_that_can_may(kind: str) -> None:
    for extra in (ON, {"iam_auth": False}, ON | {"connect": [APP]}):
        assert problems({"db": KINDS[kind] | extra}) == []


@pytest.mark.parametrize(
    "connect",
    [
        [],
        [APP, APP | {"user": "app_reader"}, APP | {"role": "report"}],
        [{"role": "Team+One=a,b.c@d_e-f", "user": "_jane.doe-2"}],
        [{"role": "r" * 48, "user": "u" * 32}],
        [{"role": "r" * 64, "user": "u" * 16}],
    ],
    ids=str,
)
def test_roles_and_users_that_aws_has(connect: list[dict[str, str]]) -> None:
    assert problems({"mysql": SOURCE | {"connect": connect}}) == []


WRONG = [
    Wrong({"iam_auth": "sometimes"}, "iam_auth", "write true or false"),
    Wrong({"iam_auth": None}, "iam_auth", "is empty"),
    Wrong({"iam_auth": False}, "connect", "needs tokens to be taken; add iam_auth: true"),
    Wrong({"iam_auth": ...}, "connect", "add iam_auth: true"),
    Wrong({"iam_authentication": True}, "iam_authentication", "is not a key here"),
    Wrong({"connect": [APP | {"role": "arn:aws:iam::1:role/app"}]}, "connect.0.role", "name, app"),
    Wrong({"connect": [APP | {"role": "two words"}]}, "connect.0.role", "such as orders-app"),
    Wrong({"connect": [APP | {"role": "r" * 65}]}, "connect.0.role", "is no name of an IAM role"),
    Wrong({"connect": [APP | {"role": ""}]}, "connect.0.role", "is no name of an IAM role"),
    Wrong({"connect": [APP | {"role": "*"}]}, "connect.0.role", "is no name of an IAM role"),
    Wrong({"connect": [APP | {"user": "*"}]}, "connect.0.user", "an entry each"),
    Wrong({"connect": [APP | {"user": "app_*"}]}, "connect.0.user", "more than one user"),
    Wrong({"connect": [APP | {"user": "app/x"}]}, "connect.0.user", "is no database user"),
    Wrong({"connect": [APP | {"user": "u" * 33}]}, "connect.0.user", "1 to 32"),
    Wrong({"connect": [APP | {"user": "1app"}]}, "connect.0.user", "an underscore first"),
    Wrong({"connect": [APP | {"user": "admin"}]}, "connect.0.user", "is the master user"),
    Wrong({"connect": [APP, APP]}, "connect.1", "once more; leave it out"),
    Wrong({"connect": [{"role": "r" * 49, "user": "u" * 32}]}, "connect.0", "shorten one"),
    Wrong({"connect": [{"role": "app"}]}, "connect.0.user", "is missing; add it"),
    Wrong({"connect": [APP | {"password": "x"}]}, "connect.0.password", "is not a key here"),
    Wrong({"connect": APP}, "connect", "write a list"),
    Wrong({"connect": ["orders-app"]}, "connect.0", "write keys and values here"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_refused(wrong: Wrong) -> None:
    found = problems({"mysql": changed(SOURCE | {"connect": [APP]}, wrong.changes)})
    assert_only(found, f"topologies.mysql.{wrong.path}", wrong.says)


def test_each_cluster_s_master_user_has_a_password() -> None:
    for kind in ("aurora-mysql", "aurora-serverless", "global-database"):
        config = KINDS[kind] | ON | {"connect": [APP | {"user": "admin"}]}
        assert_only(problems({"db": config}), "topologies.db.connect.0.user", "the master user")


@pytest.mark.parametrize(
    ("kind", "key"), [("redis", "iam_auth"), ("read-replica", "iam_auth"), ("redis", "connect")]
)
def test_what_has_no_such_setting(kind: str, key: str) -> None:
    # A replica has its source's.
    config = {"redis": REDIS, "read-replica": REPLICA}[kind] | {key: True}
    found = problems({"mysql": MYSQL, "db": config})
    assert_only(found, f"topologies.db.{key}", "is not a key here")


REPLICAS: dict[str, dict[str, Any]] = {
    "near": REPLICA | {"backups": {"retention_days": 1}},
    "far": REPLICA | {"source": "near", "identifier": "far", "connect": [APP]},
}


def test_a_replica_takes_tokens_when_the_beginning_of_its_chain_does() -> None:
    assert problems({"mysql": SOURCE, **REPLICAS}) == []
    found = problems({"mysql": MYSQL, **REPLICAS})
    assert_only(found, "topologies.far.connect", "add iam_auth: true there")


def test_mariadb_takes_none_in_every_region() -> None:
    for region in ("ap-south-2", "ap-southeast-4"):
        there = {"wiki": MARIADB | {"region": region}}
        assert problems(there) == []
        found = problems({"wiki": there["wiki"] | ON})
        assert_only(found, "topologies.wiki.iam_auth", f"takes no tokens in {region}; choose")
        copy = REPLICA | {"source": "wiki", "region": region}
        found = problems({"wiki": MARIADB | ON, "copy": copy})
        assert_only(found, "topologies.copy.region", "choose another region")
        assert problems({"mysql": SOURCE | {"region": region}}) == []


def test_a_replica_s_master_user_is_its_source_s() -> None:
    far = REPLICAS["far"] | {"connect": [APP | {"user": "admin"}]}
    found = problems({"mysql": SOURCE, **REPLICAS, "far": far})
    assert_only(found, "topologies.far.connect.0.user", "is the master user")


def test_a_replica_of_a_circle_is_told_of_the_circle_only() -> None:
    circle = {"near": REPLICAS["near"] | {"source": "far"}, "far": REPLICAS["far"]}
    circle["far"] = circle["far"] | {"backups": {"retention_days": 1}}
    assert {problem.path for problem in problems(circle)} == {
        "topologies.near.source",
        "topologies.far.source",
    }
