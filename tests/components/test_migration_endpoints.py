from __future__ import annotations

import pytest

from components.migration_endpoints import EndpointSecret
from tests.components.ground import EAST_KEY, inputs
from tests.components.migrated import SECRET, made
from tests.recorder import Recording


@pytest.fixture(scope="module")
def instance() -> Recording:
    return made()


@pytest.mark.parametrize(
    ("role", "engine", "more"),
    [
        ("source", "mysql", {}),
        (
            "target",
            "aurora",
            {
                "extraConnectionAttributes": "initstmt=SET FOREIGN_KEY_CHECKS=0;"
                "parallelLoadThreads=2"
            },
        ),
    ],
)
def test_an_endpoint_logs_in_by_its_secret_over_verified_tls(
    instance: Recording, role: str, engine: str, more: dict[str, str]
) -> None:
    # Never a server, user or password, which DMS refuses beside a secret; and no database.
    assert inputs(instance, f"move-{role}") == {
        "region": "us-east-1",
        "endpointId": f"move-{role}",
        "endpointType": role,
        "engineName": engine,
        "secretsManagerArn": SECRET.format(role),
        "secretsManagerAccessRoleArn": "arn:aws:iam::123456789012:role/move-secrets-role",
        "sslMode": "verify-full",
        "certificateArn": "arn:aws:dms:us-east-1:123456789012:cert:move-authorities",
        "kmsKeyArn": EAST_KEY,
        **more,
    }


def test_no_password_and_no_bundle_is_in_plain_text(instance: Recording) -> None:
    assert ("move-source-login-version", "secretString") in instance.secret_inputs
    assert ("move-target-login-version", "secretString") in instance.secret_inputs
    assert inputs(instance, "move-authorities")["certificatePem"] == "<secret>"


def test_an_endpoint_of_postgresql_names_its_database() -> None:
    found = made(postgres=True)
    target = inputs(found, "move-target")
    assert (target["engineName"], target["databaseName"]) == ("postgres", "archive")
    assert (target["sslMode"], "extraConnectionAttributes" in target) == ("verify-full", False)
    door = inputs(found, "move-access-to-target")
    assert (door["fromPort"], door["toPort"]) == (5432, 5432)


def test_a_login_is_a_secret_of_its_own(instance: Recording) -> None:
    login = instance.named("move-source-login")
    assert login.type == f"aws-databases:index:{EndpointSecret.__name__}"
    assert inputs(instance, "move-source-login-secret") == {
        "region": "us-east-1",
        "description": "Endpoint move-source of DMS",
        "kmsKeyId": EAST_KEY,
        # As its database: a disposable one leaves nothing behind.
        "recoveryWindowInDays": 0,
    }
