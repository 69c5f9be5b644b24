from __future__ import annotations

import json

import pulumi
import pytest

from components.proxy_role import ProxyRole, ProxyRoleArgs
from tests.components.ground import EAST_KEY, inputs
from tests.recorder import Recording, record

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"


@pytest.fixture(scope="module")
def made() -> Recording:
    def program() -> None:
        secret, key = pulumi.Output.from_input(SECRET), pulumi.Output.from_input(EAST_KEY)
        pulumi.export("arn", ProxyRole("access", ProxyRoleArgs("us-east-1", secret, key)).arn)

    return record(program)


def test_the_exact_children(made: Recording) -> None:
    assert made.below("access") == {
        "access-role": "aws:iam/role:Role",
        "access-policy": "aws:iam/rolePolicy:RolePolicy",
    }


def test_only_rds_may_assume_it(made: Recording) -> None:
    (statement,) = json.loads(inputs(made, "access-role")["assumeRolePolicy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "rds.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_it_may_read_this_secret_and_no_other(made: Recording) -> None:
    assert json.loads(inputs(made, "access-policy")["policy"])["Statement"] == [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET},
        {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": EAST_KEY,
            # The key opens this secret and nothing else that it encrypts.
            "Condition": {
                "StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}
            },
        },
    ]


def test_the_arn_is_known_when_the_policy_is_there(made: Recording) -> None:
    assert made.outputs["arn"] == "arn:aws:iam::123456789012:role/access-role"
