from __future__ import annotations

import pytest

from contract import Database
from verify.errors import UnknownName
from verify.registry import EXERCISES, Planned, plan


def database(kind: str) -> Database:
    return Database(kind=kind, engine="e", version="1", region="us-east-1", endpoints=())


STACK = {
    "aurora": database("aurora-mysql"),
    "cache": database("redis"),
    "mysql": database("rds-mysql"),
    "near": database("read-replica"),
    "far": database("read-replica"),
    "future": database("a-kind-without-exercise"),
}


def names(planned: list[Planned]) -> list[tuple[str, str]]:
    return [(p.exercise, p.database) for p in planned]


def test_all_that_apply_in_the_registry_s_order() -> None:
    assert list(EXERCISES) == [
        "mysql",
        "mariadb",
        "postgres",
        "oracle",
        "sqlserver",
        "replica",
        "aurora",
        "aurora_postgres",
        "multi_az",
        "serverless",
        "global_database",
        "redis",
        "valkey",
        "memcached",
        "serverless_cache",
        "proxy",
        "migration",
        "restored",
        "backup",
        "security",
        "monitoring",
        "lag",
    ]
    assert names(plan(STACK)) == [
        ("mysql", "mysql"),
        ("replica", "near"),
        ("replica", "far"),
        ("aurora", "aurora"),
        ("redis", "cache"),
        ("backup", "mysql"),
        ("security", "aurora"),
        ("security", "cache"),
        ("security", "mysql"),
        ("monitoring", "mysql"),
    ]


def test_names_are_exercises_or_databases() -> None:
    assert names(plan(STACK, ["replica"])) == [("replica", "near"), ("replica", "far")]
    assert names(plan(STACK, ["far", "cache"])) == [
        ("replica", "far"),
        ("redis", "cache"),
        ("security", "cache"),
    ]


def test_an_exercise_wins_over_a_database_of_its_name() -> None:
    stack = {"redis": database("rds-mysql"), "other": database("redis")}
    assert names(plan(stack, ["redis"])) == [("redis", "other")]


def test_a_command_of_one_exercise_narrows_the_choice() -> None:
    assert names(plan(STACK, [], ["replica"])) == [("replica", "near"), ("replica", "far")]
    assert names(plan(STACK, ["far"], ["replica"])) == [("replica", "far")]


@pytest.mark.parametrize(
    ("stack", "wanted", "exercises", "says"),
    [
        (STACK, ["nonsense"], [], "'nonsense' is neither an exercise"),
        ({}, ["nonsense"], [], "it has none"),
        (STACK, ["future"], [], "no database for future; it has aurora"),
        (STACK, ["mysql"], ["redis"], "no database for mysql, redis"),
        ({"future": STACK["future"]}, [], [], "no database for any exercise"),
    ],
)
def test_a_name_that_fits_nothing_is_said(
    stack: dict[str, Database], wanted: list[str], exercises: list[str], says: str
) -> None:
    with pytest.raises(UnknownName, match=says):
        plan(stack, wanted, exercises)


def test_of_a_chosen_exercise_a_name_is_a_databases() -> None:
    """`python -m verify.security mysql` found nothing: mysql is an exercise's name, too."""
    stack = {"mysql": database("rds-mysql"), "other": database("rds-mysql")}
    assert names(plan(stack, ["mysql"], ["backup"])) == [("backup", "mysql")]
