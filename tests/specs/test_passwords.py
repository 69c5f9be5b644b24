"""Who makes a master user's password, and when it is another one."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from specs.passwords import ByRds, ByStack, EveryDays, Never, OnSchedule, WithMaster
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
from tests.specs.test_restored_instance import RESTORED
from tests.stacks.run_program import stack_config

BY_RDS = {"made_by": "rds"}
SUNDAY = {"made_by": "rds", "rotation": {"type": "schedule", "cron": "0 4 ? * SUN *"}}
BY_STACK = {"made_by": "stack", "rotated": "2026-11-28"}
USERS = {"auth": "users", "users": [{"name": "app", "may": "read-write", "keys": ["user:*"]}]}


def password(topologies: dict[str, Any], name: str) -> Any:
    found = stack(topologies).topologies[name]
    assert isinstance(found, WithMaster)
    return found.password


@pytest.mark.parametrize("config", [MYSQL, AURORA])
def test_rds_makes_it_where_nothing_stands_against_it(config: dict[str, Any]) -> None:
    found = password({"db": config}, "db")
    assert found == ByRds(made_by="rds", rotation=EveryDays(type="every", days=7))


def test_the_source_of_a_replica_has_one_of_the_stack_s() -> None:
    found = {"mysql": MYSQL, "copy": REPLICA}
    assert password(found, "mysql") == ByStack(made_by="stack", rotated=None)


@pytest.mark.parametrize(
    ("name", "made_by"),
    [
        ("orders", "stack"),  # replicas, a migration
        ("catalog", "stack"),  # a migration
        ("store", "stack"),  # a global database
        ("ledger", "stack"),  # a replica
        ("wiki", "rds"),
    ],
)
def test_in_production_rds_makes_those_that_nobody_else_must_know(name: str, made_by: str) -> None:
    topologies = stack_config("prod")["aws-databases:topologies"]
    assert password(topologies, name).made_by == made_by


def test_the_source_of_a_restored_instance_keeps_the_password_of_that_moment() -> None:
    found = {"mysql": MYSQL, "before": RESTORED}
    assert password(found, "mysql") == ByStack(made_by="stack")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"type": "every", "days": 30}, EveryDays(type="every", days=30)),
        (
            {"type": "schedule", "cron": "0 4 ? * SUN *"},
            OnSchedule(type="schedule", cron="0 4 ? * SUN *", window_hours=4),
        ),
        (
            {"type": "schedule", "cron": "0 0/8 1,15 * ? *", "window_hours": 3},
            OnSchedule(type="schedule", cron="0 0/8 1,15 * ? *", window_hours=3),
        ),
        ({"type": "never"}, Never(type="never")),
    ],
)
def test_a_rotation_of_one_s_own(written: dict[str, Any], read: object) -> None:
    config = changed(MYSQL, {"password": {"made_by": "rds", "rotation": written}})
    assert password({"db": config}, "db").rotation == read


@pytest.mark.parametrize(
    ("rotation", "rules"),
    [
        (EveryDays(type="every", days=30), {"automatically_after_days": 30}),
        (
            OnSchedule(type="schedule", cron="0 4 ? * SUN *", window_hours=2),
            {"schedule_expression": "cron(0 4 ? * SUN *)", "duration": "2h"},
        ),
    ],
)
def test_a_rotation_as_secrets_manager_takes_it(
    rotation: EveryDays | OnSchedule, rules: dict[str, Any]
) -> None:
    assert rotation.rules == rules


def test_a_day_may_be_written_with_quotes_or_without() -> None:
    day = datetime.date(2026, 11, 28)
    for written in (day, "2026-11-28"):
        config = changed(MYSQL, {"password": {"made_by": "stack", "rotated": written}})
        assert password({"db": config}, "db").rotated == day


WRONG = [
    Wrong({"password": {}}, "password.made_by", "is missing; choose rds, stack"),
    Wrong({"password": {"made_by": "aws"}}, "password.made_by", "is not known"),
    Wrong({"password": {**BY_RDS, "rotated": "2026-11-28"}}, "password.rotated", "is not a key"),
    Wrong({"password": {**BY_STACK, "rotation": {}}}, "password.rotation", "is not a key"),
    Wrong({"password": {**BY_RDS, "rotation": {}}}, "password.rotation.type", "choose every"),
    Wrong({"password": SUNDAY, "password/rotation/cron": ...}, "password.rotation.cron", "missing"),
    Wrong(
        {"password": {**BY_RDS, "rotation": {"type": "every", "days": 0}}},
        "password.rotation.days",
        "the least is 1",
    ),
    Wrong(
        {"password": {**BY_RDS, "rotation": {"type": "every", "days": 1001}}},
        "password.rotation.days",
        "the most is 1000",
    ),
    *(
        Wrong({"password": SUNDAY, "password/rotation/cron": cron}, "password.rotation.cron", says)
        for cron, says in (
            ("every sunday", "six fields"),
            ("0 4 ? * SUN", "six fields"),
            ("0 4 ? * SUN; *", "six fields"),
            ("30 4 ? * SUN *", "on the hour"),
            ("0 4 ? * SUN 2027", "in every year"),
            ("0 4 1 * SUN *", "a question mark"),
            ("0 4 ? * ? *", "a question mark"),
        )
    ),
    Wrong(
        {"password": SUNDAY, "password/rotation/window_hours": 24},
        "password.rotation.window_hours",
        "the most is 23",
    ),
    Wrong(
        {"password": SUNDAY, "password/rotation/window_hours": 21},
        "password.rotation.window_hours",
        "reach into the next day",
    ),
    *(
        Wrong({"password": {**BY_STACK, "rotated": day}}, "password.rotated", says)
        for day, says in (
            ("today", "is no day"),
            ("2026-11-31", "is no day"),
            (20261128, "is no day"),
            ("2999-01-01", "at most today"),
            ("1970-01-01", "at most today"),
        )
    ),
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_refused(wrong: Wrong) -> None:
    found = problems({"db": changed(MYSQL, wrong.changes)})
    assert_only(found, f"topologies.db.{wrong.path}", wrong.says)


@pytest.mark.parametrize("written", ["hunter2hunter2", 12345678, ["hunter2"], True])
def test_a_password_in_a_config_is_never_repeated(written: object) -> None:
    (problem,) = problems({"db": changed(AURORA, {"password": written})})
    assert problem.path == "topologies.db.password"
    assert "is no place for a password" in problem.text
    assert str(written) not in problem.text


@pytest.mark.parametrize("name", ["orders", "catalog", "store", "ledger"])
def test_rds_makes_none_in_their_place(name: str) -> None:
    topologies = stack_config("prod")["aws-databases:topologies"]
    found = problems(changed(topologies, {f"{name}/password": BY_RDS}))
    assert_only(found, f"topologies.{name}.password.made_by", "write made_by: stack")


def test_rds_makes_none_for_a_source() -> None:
    found = problems({"mysql": changed(MYSQL, {"password": BY_RDS}), "copy": REPLICA})
    assert_only(found, "topologies.mysql.password.made_by", "'copy' copies it")
    assert found[0].text.endswith("write made_by: stack")


@pytest.mark.parametrize(
    ("access", "path"),
    [
        ({"auth": "token", "rotated": "soon"}, "access.rotated"),
        (changed(USERS, {"users/0/rotated": "soon"}), "access.users.0.rotated"),
    ],
)
def test_a_cache_s_secrets_are_rotated_by_days_too(access: dict[str, Any], path: str) -> None:
    found = problems({"redis": changed(REDIS, {"access": access})})
    assert_only(found, f"topologies.redis.{path}", "is no day")
