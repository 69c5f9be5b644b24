from __future__ import annotations

from typing import Any

import pytest

from specs.migration import Migration
from specs.problems import ConfigError
from specs.topologies import Stack, read
from tests.stacks.run_program import dev_config, stack_config

INSTANCE: dict[str, Any] = {
    "type": "instance",
    "class": "dms.t3.medium",
    "storage_gb": 50,
    "availability": "multi-az",
    "maintenance_window": "sun:06:00-sun:06:30",
}
SERVERLESS: dict[str, Any] = {
    "type": "serverless",
    "min_units": 1,
    "max_units": 4,
    "availability": "single-az",
    "maintenance_window": "sun:06:00-sun:06:30",
}
POSTGRES: dict[str, Any] = {
    "kind": "rds-postgres",
    "identifier": "archive",
    "engine_version": "17",
    "class": "db.t3.medium",
    "storage": {"type": "gp3", "size_gb": 20, "autoscale_to_gb": 100},
    "availability": "single-az",
    "username": "app",
    "database": "archive",
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "lifetime": "disposable",
}
MIGRATION: dict[str, Any] = {
    "kind": "migration",
    "identifier": "move",
    "source": "mysql",
    "target": "aurora",
    "capacity": INSTANCE,
    "mode": "full-load-and-cdc",
    "tables": [{"schema": "myappdb", "table": "%"}],
    "account_roles": "create",
    "secrets_endpoint": "create",
}


def topologies() -> dict[str, Any]:
    """The dev stack's, with a source and a target."""
    found: dict[str, Any] = dev_config()["aws-databases:topologies"]
    found["mysql"]["migration"] = "source"
    found["aurora"]["migration"] = "target"
    return found


def stack(found: dict[str, Any] | None = None, **changes: Any) -> Stack:
    given = {key: value for key, value in (MIGRATION | changes).items() if value is not None}
    return read("us-east-1", None, {**(found or topologies()), "move": given})


def problems(found: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        stack(found, **changes)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("end", ["source", "target"])
def test_a_global_database_is_at_no_end_of_a_migration(end: str) -> None:
    prod = stack_config("prod")["aws-databases:topologies"]
    found = topologies() | {"store": prod["store"]}
    assert f"topologies.move.{end}: 'store' cannot be a migration's {end}" in "\n".join(
        problems(found, **{end: "store"})
    )


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"source": None}, "source", "is missing; add it"),
        ({"source": "mysqll"}, "source", "did you mean 'mysql'?"),
        ({"source": "mysql-replica"}, "source", "whose binary log it does not keep"),
        ({"source": "redis"}, "source", "name an rds-mysql or aurora-mysql topology"),
        ({"source": "aurora", "target": "mysql", "mode": "cdc"}, "source", "set its migration to"),
        ({"target": "redis"}, "target", "cannot be a migration's target"),
        ({"target": "mysql"}, "target", "is the source, too; name another database"),
        ({"mode": "copy"}, "mode", "choose 'full-load', 'cdc' or 'full-load-and-cdc'"),
        ({"identifier": "Move_It"}, "identifier", "is no identifier"),
        ({"account_roles": None}, "account_roles", "is missing; add it"),
        ({"secrets_endpoint": "both"}, "secrets_endpoint", "choose 'create' or 'adopt'"),
        ({"tables": []}, "tables", "selects nothing; add one"),
        (
            {"tables": [{"schema": "a", "table": "%", "action": "exclude"}]},
            "tables",
            "selects nothing",
        ),
        ({"tables": [{"schema": "%", "table": "%"}]}, "tables.0.schema", "is no schema"),
        ({"tables": [{"schema": "a", "table": "a.b"}]}, "tables.0.table", "is no table"),
        ({"tables": [{"schema": "a", "table": "t"}] * 2}, "tables.1", "is there twice"),
        ({"tables": [{"schema": "a"}]}, "tables.0.table", "is missing"),
        ({"engine_version": "3.5.4"}, "engine_version", "is not a key here"),
        ({"capacity": {"type": "big"}}, "capacity.type", "'big' is not known"),
        ({"capacity": INSTANCE | {"class": "dms.t2.micro"}}, "capacity.class", "is retired"),
        ({"capacity": INSTANCE | {"class": "db.t3.micro"}}, "capacity.class", "no class of DMS"),
        ({"capacity": INSTANCE | {"class": "dms.t3.9xlarge"}}, "capacity.class", "no class of DMS"),
        ({"capacity": INSTANCE | {"storage_gb": 4}}, "capacity.storage_gb", "the least is 5"),
        ({"capacity": INSTANCE | {"zone": "a"}}, "capacity.zone", "is not a key here"),
        (
            {"capacity": INSTANCE | {"maintenance_window": "daily"}},
            "capacity.maintenance_window",
            "is no window",
        ),
        ({"capacity": SERVERLESS | {"max_units": 3}}, "capacity.max_units", "is no step of DMS"),
        ({"capacity": SERVERLESS | {"min_units": 8}}, "capacity.min_units", "is above max_units 4"),
        ({"capacity": SERVERLESS | {"storage_gb": 50}}, "capacity.storage_gb", "is not a key here"),
    ],
)
def test_what_aws_would_refuse(changes: dict[str, Any], path: str, says: str) -> None:
    said = problems(**changes)
    found = [problem for problem in said if problem.startswith(f"topologies.move.{path}: ")]
    assert found, said
    assert any(says in problem for problem in found)


def test_a_source_without_backups_has_no_binary_log() -> None:
    found = topologies()
    found["mysql"]["backups"]["retention_days"] = 0
    del found["mysql-replica"], found["mysql-replica-west"]
    assert problems(found) == [
        "topologies.move.source: 'mysql' has no binary log without backups; set its "
        "backups.retention_days to 1 or more"
    ]
    assert stack(found, mode="full-load")


def test_both_sides_are_told_what_they_are_in_a_migration() -> None:
    found = topologies()
    del found["mysql"]["migration"], found["aurora"]["migration"]
    assert problems(found) == [
        "topologies.move.source: 'mysql' does not log rows as a migration needs them; set its "
        "migration to source",
        "topologies.move.target: 'aurora' does not take files, by which a migration loads; set "
        "its migration to target",
    ]


def test_postgresql_is_a_target_as_it_is_and_no_source() -> None:
    found = {**topologies(), "archive": POSTGRES}
    assert stack(found, target="archive")
    (said,) = problems(found, source="archive", target="aurora")
    assert said.endswith("name an rds-mysql or aurora-mysql topology")


def test_a_load_alone_needs_no_binary_log() -> None:
    found = topologies()
    del found["mysql"]["migration"]
    assert stack(found, mode="full-load")


def test_databases_of_another_region_cannot_be_reached() -> None:
    found = topologies()
    found["aurora"]["region"] = "us-west-2"
    assert problems(found) == [
        "topologies.move.target: 'aurora' stands in us-west-2 and not in us-east-1; name one of "
        "that region"
    ]


def test_it_stands_where_its_source_stands() -> None:
    found = topologies()
    for name in ("mysql", "aurora"):
        found[name]["region"] = "eu-central-1"
    assert stack(found).region_of("move") == "eu-central-1"


def test_what_an_account_has_once_is_made_or_adopted_by_all_alike() -> None:
    found = {**topologies(), "other": MIGRATION | {"identifier": "other"}}
    assert problems(found, account_roles="adopt", secrets_endpoint="adopt") == [
        "topologies.move.account_roles: is adopt and that of 'other' is not; write the same in "
        "both",
        "topologies.move.secrets_endpoint: is adopt and that of 'other' is not; write the same "
        "in both",
    ]


def test_two_migrations_of_one_name_are_one_too_many() -> None:
    found = {**topologies(), "other": MIGRATION}
    assert problems(found) == [
        "topologies.move.identifier: 'move' is topologies.other.identifier in us-east-1, too; "
        "rename one of them"
    ]


@pytest.mark.parametrize("capacity", [INSTANCE, SERVERLESS])
def test_either_capacity_is_read(capacity: dict[str, Any]) -> None:
    found = stack(capacity=capacity).topologies["move"]
    assert isinstance(found, Migration)
    assert found.capacity.type == capacity["type"]
    assert stack().in_order.index("move") > stack().in_order.index("aurora")
