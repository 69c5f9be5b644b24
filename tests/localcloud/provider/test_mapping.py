"""From Pulumi's values to the API's: every kind of member, and what has no member."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from localcloud.errors import DeployFailed
from localcloud.provider.mapping import members, parameters

OPERATION = "CreateDBInstance"


@pytest.fixture(scope="module")
def rds() -> Any:
    return boto3.client(
        "rds", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ({"allocatedStorage": 20.0}, {"AllocatedStorage": 20}),
        ({"engineVersion": 8.4}, {"EngineVersion": "8.4"}),
        ({"engineVersion": 16.0}, {"EngineVersion": "16"}),
        ({"multiAz": True}, {"MultiAZ": True}),
        ({"multiAz": "false"}, {"MultiAZ": False}),
        ({"vpcSecurityGroupIds": ["sg-1"]}, {"VpcSecurityGroupIds": ["sg-1"]}),
        ({"tags": {"Name": "db"}}, {"Tags": [{"Key": "Name", "Value": "db"}]}),
        ({"processorFeatures": [{"name": "coreCount", "value": "2"}]},
         {"ProcessorFeatures": [{"Name": "coreCount", "Value": "2"}]}),
        ({"port": None}, {}),
    ],
)  # fmt: skip
def test_a_value_becomes_what_the_api_wants(
    rds: Any, inputs: dict[str, Any], found: dict[str, Any]
) -> None:
    assert parameters(rds, OPERATION, inputs, {}) == found


def test_a_name_of_its_own_is_used(rds: Any) -> None:
    names = {"password": "MasterUserPassword"}
    found = parameters(rds, OPERATION, {"password": "x"}, names)
    assert found == {"MasterUserPassword": "x"}


def test_a_property_without_a_member_is_an_error_or_left_out(rds: Any) -> None:
    inputs = {"teleport": True, "engine": "mysql"}
    with pytest.raises(DeployFailed, match="'teleport' means to CreateDBInstance"):
        parameters(rds, OPERATION, inputs, {})
    assert parameters(rds, OPERATION, inputs, {}, strict=False) == {"Engine": "mysql"}
    ignored = {"teleport"}
    assert parameters(rds, OPERATION, inputs, {}, ignored) == {"Engine": "mysql"}
    assert members(rds, OPERATION, inputs, {}) == {"engine": "Engine"}


def test_a_name_that_the_operation_does_not_have_is_no_member(rds: Any) -> None:
    names = {"replicateSourceDb": "SourceDBInstanceIdentifier"}
    assert members(rds, OPERATION, ["replicateSourceDb"], names) == {}
    assert members(rds, "CreateDBInstanceReadReplica", ["replicateSourceDb"], names) == names


def test_tags_of_kms_have_members_of_their_own() -> None:
    kms = boto3.client(
        "kms", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    found = parameters(kms, "CreateKey", {"tags": {"Name": "key"}}, {})
    assert found == {"Tags": [{"TagKey": "Name", "TagValue": "key"}]}
