"""Passwords that RDS makes: what a database is given, and when they are rotated."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stacks.program import run
from tests.recorder import UNKNOWN, Recording, record
from tests.specs.configs import AURORA, MYSQL, REDIS, changed

KEY = "arn:aws:kms:us-east-1:123456789012:key/key-us-east-1-key"
DB = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-myapp-mysql-db-AbCdEf"
CLUSTER = (
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!cluster-myapp-aurora-cluster-AbCdEf"
)
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
MANAGED = {"db-credentials": "aws-databases:index:ManagedCredentials"}


def deployed(config: dict[str, Any], *, preview: bool = False, **password: Any) -> Recording:
    if password:
        config = changed(config, {"password": password})
    topologies = {"db": config}
    return record(
        run, {"aws:region": "us-east-1", "aws-databases:topologies": topologies}, preview=preview
    )


def credentials(recording: Recording) -> dict[str, str]:
    return {n: t for n, t in recording.below("db").items() if n.startswith("db-credentials")}


@pytest.mark.parametrize(
    ("config", "resource", "secret", "password"),
    [(MYSQL, "db-instance", DB, "password"), (AURORA, "db-cluster", CLUSTER, "masterPassword")],
)
def test_rds_makes_it_and_says_where_it_is(
    config: dict[str, Any], resource: str, secret: str, password: str
) -> None:
    recording = deployed(config)
    # Every seven days is what RDS does anyway.
    assert credentials(recording) == MANAGED
    inputs = recording.named(resource).inputs
    assert inputs["manageMasterUserPassword"] is True
    assert inputs["masterUserSecretKmsKeyId"] == KEY
    assert password not in inputs
    assert recording.registered["db-credentials"] == {"secretArn": secret}
    assert recording.outputs["databases"]["db"]["secret_arn"] == secret


@pytest.mark.parametrize(
    ("rotation", "inputs"),
    [
        (
            {"type": "every", "days": 30},
            {"rotationRules": {"automaticallyAfterDays": 30}, "rotateImmediately": False},
        ),
        (
            {"type": "schedule", "cron": "0 4 ? * SUN *", "window_hours": 2},
            {
                "rotationRules": {"scheduleExpression": "cron(0 4 ? * SUN *)", "duration": "2h"},
                "rotateImmediately": False,
            },
        ),
        ({"type": "never"}, {"rotationEnabled": False}),
    ],
)
@pytest.mark.parametrize(("config", "secret"), [(MYSQL, DB), (AURORA, CLUSTER)])
def test_another_rotation_is_a_resource(
    config: dict[str, Any], secret: str, rotation: dict[str, Any], inputs: dict[str, Any]
) -> None:
    recording = deployed(config, made_by="rds", rotation=rotation)
    assert credentials(recording) == MANAGED | {"db-credentials-rotation": ROTATION}
    found = recording.named("db-credentials-rotation")
    assert found.inputs == {"region": "us-east-1", "secretId": secret, **inputs}


def test_a_cluster_s_password_is_rotated_when_somebody_is_there_to_be_told() -> None:
    recording = deployed(AURORA, made_by="rds", rotation={"type": "every", "days": 30})
    members = {r.name for r in recording.resources if r.type.endswith(":ClusterInstance")}
    assert len(members) == 3
    assert members <= set(recording.named("db-credentials-rotation").depends_on)


def test_a_preview_shows_the_same_resources() -> None:
    rotation = {"type": "every", "days": 30}
    shown = deployed(MYSQL, preview=True, made_by="rds", rotation=rotation)
    done = deployed(MYSQL, made_by="rds", rotation=rotation)
    assert shown.below("db") == done.below("db")
    assert shown.named("db-credentials-rotation").inputs["secretId"] == UNKNOWN


@pytest.mark.parametrize(
    ("written", "keepers"),
    [({}, None), ({"rotated": "2026-11-28"}, {"rotated": "2026-11-28"})],
)
@pytest.mark.parametrize("config", [MYSQL, AURORA])
def test_the_stack_makes_another_one_on_another_day(
    config: dict[str, Any], written: dict[str, Any], keepers: dict[str, str] | None
) -> None:
    recording = deployed(config, made_by="stack", **written)
    assert recording.named("db-credentials-password").inputs.get("keepers") == keepers


def test_so_do_caches() -> None:
    token = deployed(changed(REDIS, {"access": {"auth": "token", "rotated": "2026-11-28"}}))
    assert token.named("db-credentials-password").inputs["keepers"] == {"rotated": "2026-11-28"}
    user = {"name": "app", "may": "read-write", "keys": ["user:*"], "rotated": "2026-11-27"}
    users = deployed(changed(REDIS, {"access": {"auth": "users", "users": [user]}}))
    assert users.named("db-users-app-password").inputs["keepers"] == {"rotated": "2026-11-27"}


def test_nothing_that_is_said_has_a_password() -> None:
    recording = deployed(MYSQL)
    assert "password-of" not in json.dumps([recording.outputs, recording.registered], default=str)
