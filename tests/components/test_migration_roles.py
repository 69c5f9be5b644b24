from __future__ import annotations

import json

import pytest

from tests.components.ground import EAST_KEY, inputs
from tests.components.migrated import SECRET, made
from tests.recorder import Recording


@pytest.fixture(scope="module")
def instance() -> Recording:
    return made()


def test_the_secrets_role_trusts_the_regions_own_principal(instance: Recording) -> None:
    role = inputs(instance, "move-secrets-role")
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "dms.us-east-1.amazonaws.com"}
    policy = json.loads(inputs(instance, "move-secrets-policy")["policy"])
    secrets, keys = policy["Statement"]
    assert secrets["Resource"] == [SECRET.format("source"), SECRET.format("target")]
    assert keys["Resource"] == [EAST_KEY]


def test_what_an_account_has_once(instance: Recording) -> None:
    assert {
        name: inputs(instance, name)["policyArn"]
        for name in ("dms-dms-vpc-role-policy", "dms-dms-cloudwatch-logs-role-policy")
    } == {
        "dms-dms-vpc-role-policy": (
            "arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole"
        ),
        "dms-dms-cloudwatch-logs-role-policy": (
            "arn:aws:iam::aws:policy/service-role/AmazonDMSCloudWatchLogsRole"
        ),
    }
    role = inputs(instance, "dms-dms-vpc-role")
    assert role["name"] == "dms-vpc-role"
    assert "dms.amazonaws.com" in role["assumeRolePolicy"]


def test_what_is_adopted_is_not_made() -> None:
    found = made(account_roles="adopt", secrets_endpoint="adopt")
    assert found.below("dms") == {}
