from __future__ import annotations

import json

import pytest

from components.trail_logs import TrailLogs, TrailLogsArgs
from tests.components.ground import inputs
from tests.recorder import Recording, record

GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/cloudtrail/shop"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/logs-encryption-key"


@pytest.fixture(scope="module")
def logs() -> Recording:
    def program() -> None:
        TrailLogs("logs", TrailLogsArgs("eu-west-1", "shop"))

    return record(program)


def test_the_exact_children(logs: Recording) -> None:
    assert logs.below("logs") == {
        "logs-encryption": "aws-databases:index:LogsKey",
        "logs-encryption-key": "aws:kms/key:Key",
        "logs-group": "aws:cloudwatch/logGroup:LogGroup",
        "logs-role": "aws:iam/role:Role",
        "logs-policy": "aws:iam/rolePolicy:RolePolicy",
    }


def test_a_group_that_is_encrypted_and_kept_for_a_year(logs: Recording) -> None:
    assert inputs(logs, "logs-group") == {
        "region": "eu-west-1",
        "name": "/aws/cloudtrail/shop",
        "kmsKeyId": KEY,
        "retentionInDays": 365,
    }


def test_cloudtrail_writes_its_own_streams_and_nothing_else(logs: Recording) -> None:
    (trusted,) = json.loads(logs.named("logs-role").inputs["assumeRolePolicy"])["Statement"]
    assert trusted["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    (statement,) = json.loads(logs.named("logs-policy").inputs["policy"])["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    own = "log-stream:123456789012_CloudTrail_eu-west-1*"
    assert statement["Resource"] == f"{GROUP}:{own}"


def test_the_arn_is_the_one_that_cloudtrail_wants(logs: Recording) -> None:
    # With the streams in it: CreateTrail refuses the group's own.
    assert logs.registered["logs"]["groupArn"] == f"{GROUP}:*"
