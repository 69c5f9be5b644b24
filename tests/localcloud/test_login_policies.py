"""What policies of IAM allow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.logins.policies import allows

ACTION = "rds-db:connect"
APP = "arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABC/app"
HERE = {"Effect": "Allow", "Action": ACTION, "Resource": APP}
DENIED = HERE | {"Effect": "Deny"}

ALLOWED: list[list[dict[str, Any]]] = [
    [HERE],
    [HERE | {"Action": ["s3:*", "RDS-DB:Connect"]}],
    [HERE | {"Action": "rds-db:*"}],
    [HERE | {"Action": "*", "Resource": "*"}],
    [HERE | {"Resource": ["x", APP.replace("db-ABC", "*")]}],
    [HERE | {"Resource": APP.replace("app", "a?p")}],
    [{"Effect": "Allow", "NotAction": "rds:*", "NotResource": "arn:aws:s3:::*"}],
    [HERE, DENIED | {"Resource": APP + "lication"}],
]
REFUSED: list[list[dict[str, Any]]] = [
    [],
    [DENIED],
    [HERE, DENIED],
    [HERE, DENIED | {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}],
    [HERE | {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}],
    [HERE | {"Action": "rds:connect"}],
    [HERE | {"Resource": APP.replace("app", "App")}],
    [HERE | {"Resource": APP.replace("db-ABC", "db-ABD")}],
    [HERE | {"Resource": APP.replace("us-east-1", "us-west-2")}],
    [HERE | {"Resource": APP.replace("app", "a.p")}],
    [HERE | {"Resource": APP[:-1]}],
    [{"Effect": "Allow", "NotAction": "rds-db:*", "Resource": "*"}],
    [{"Effect": "Allow", "Action": ACTION, "NotResource": APP}],
    [{"Effect": "Allow", "Action": ACTION}],
]


def asked(statements: object) -> bool:
    return allows([json.dumps({"Version": "2012-10-17", "Statement": statements})], ACTION, APP)


@pytest.mark.parametrize("statements", ALLOWED, ids=str)
def test_what_is_allowed(statements: list[dict[str, Any]]) -> None:
    assert asked(statements)


@pytest.mark.parametrize("statements", REFUSED, ids=str)
def test_what_is_not(statements: list[dict[str, Any]]) -> None:
    assert not asked(statements)


def test_a_single_statement_needs_no_list() -> None:
    assert asked(HERE)


def test_a_denial_in_another_policy_counts() -> None:
    documents = [json.dumps({"Statement": [each]}) for each in (HERE, DENIED)]
    assert allows(documents[:1], ACTION, APP)
    assert not allows(documents, ACTION, APP)
    assert not allows([], ACTION, APP)
