from __future__ import annotations

import json

import pytest

from components.credentials import SPECIALS, Credentials, CredentialsArgs
from tests.components.ground import EAST_KEY, ground, inputs
from tests.recorder import SECRET, Recording, record

SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-secret-AbCdEf"


def made(**changes: object) -> Recording:
    def program() -> None:
        plain = {"key": ground().key, "description": "Master user of a database", **changes}
        Credentials("db", CredentialsArgs(**plain))  # type: ignore[arg-type]

    return record(program)


def test_a_password_in_a_secret_of_the_region() -> None:
    recording = made(facts={"username": "admin"})
    assert recording.below("db") == {
        "db-password": "random:index/randomPassword:RandomPassword",
        "db-secret": "aws:secretsmanager/secret:Secret",
        "db-version": "aws:secretsmanager/secretVersion:SecretVersion",
    }
    assert inputs(recording, "db-password") == {
        "length": 32,
        "overrideSpecial": "!&#$^<>-",
        "minLower": 1,
        "minUpper": 1,
        "minNumeric": 1,
    }
    # No name: a deleted secret keeps its name for its recovery window.
    assert inputs(recording, "db-secret") == {
        "region": "us-east-1",
        "description": "Master user of a database",
        "kmsKeyId": EAST_KEY,
        "recoveryWindowInDays": 30,
    }
    assert inputs(recording, "db-version") == {
        "region": "us-east-1",
        "secretId": SECRET_ARN,
        "secretString": SECRET,
    }
    assert recording.registered["db"] == {"secretArn": SECRET_ARN}


@pytest.mark.parametrize(
    ("shape", "content"),
    [
        (
            {"facts": {"username": "admin"}},
            {"username": "admin", "password": "password-of-db-password"},
        ),
        ({"password_key": "auth_token"}, {"auth_token": "password-of-db-password"}),
    ],
)
def test_the_secret_is_json(shape: dict[str, object], content: dict[str, str]) -> None:
    recording = made(**shape)
    assert json.loads(recording.secret_inputs["db-version", "secretString"]) == content


def test_a_disposable_secret_is_gone_at_once() -> None:
    assert made(disposable=True).named("db-secret").inputs["recoveryWindowInDays"] == 0


@pytest.mark.parametrize(
    ("service", "allowed"),
    [
        ("rds", {chr(code) for code in range(0x21, 0x7F)} - set('/"@')),
        ("elasticache", set("!&#$^<>-")),
    ],
)
def test_every_service_takes_the_special_characters(service: str, allowed: set[str]) -> None:
    assert set(SPECIALS) <= allowed
