from __future__ import annotations

from typing import Any

import pytest

from tests.components.ground import inputs
from tests.components.migrated import made
from tests.recorder import Recording

SUBNETS = [f"subnet-us-east-1-{letter}" for letter in "abcdf"]


@pytest.fixture(scope="module")
def instance() -> Recording:
    return made()


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("to-source", {"securityGroupId": "move-access-group-id", "fromPort": 3306,
                       "referencedSecurityGroupId": "mysql-access-group-id"}),
        ("into-source", {"securityGroupId": "mysql-access-group-id", "fromPort": 3306,
                         "referencedSecurityGroupId": "move-access-group-id"}),
        ("to-target", {"securityGroupId": "move-access-group-id", "fromPort": 3306,
                       "referencedSecurityGroupId": "aurora-access-group-id"}),
        ("into-target", {"securityGroupId": "aurora-access-group-id", "fromPort": 3306,
                         "referencedSecurityGroupId": "move-access-group-id"}),
        ("to-services", {"securityGroupId": "move-access-group-id", "fromPort": 443,
                         "cidrIpv4": "172.31.0.0/16"}),
    ],
)  # fmt: skip
def test_the_doors(instance: Recording, rule: str, wanted: dict[str, Any]) -> None:
    found = inputs(instance, f"move-access-{rule}")
    assert wanted.items() <= found.items()
    assert (found["ipProtocol"], found["toPort"]) == ("tcp", found["fromPort"])


def test_secrets_manager_is_inside_the_vpc(instance: Recording) -> None:
    assert inputs(instance, "secrets-endpoint") == {
        "region": "us-east-1",
        "vpcId": "vpc-us-east-1",
        "serviceName": "com.amazonaws.us-east-1.secretsmanager",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": SUBNETS,
        "securityGroupIds": ["secrets-group-id"],
    }


def test_an_adopted_endpoint_is_not_made_and_may_be_anywhere() -> None:
    recording = made(secrets_endpoint="adopt")
    assert recording.below("secrets") == {}
    assert inputs(recording, "move-access-to-services")["cidrIpv4"] == "0.0.0.0/0"
