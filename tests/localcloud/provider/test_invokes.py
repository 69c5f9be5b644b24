"""Pulumi's functions over the API."""

from __future__ import annotations

import re
from typing import Any

import pytest

from localcloud.errors import DeployFailed
from tests.localcloud.provider.life import Cloud


def test_the_default_vpc_and_its_subnets_in_either_region(cloud: Cloud) -> None:
    invoke = cloud.provider.invoke
    for region in ("us-east-1", "us-west-2"):
        vpc = invoke("aws:ec2/getVpc:getVpc", {"default": True, "region": region})
        assert vpc["default"] is True
        by_vpc = [{"name": "vpc-id", "values": [vpc["id"]]}]
        found = invoke("aws:ec2/getSubnets:getSubnets", {"filters": by_vpc, "region": region})
        assert len(found["ids"]) >= 2
        zones = set()
        for subnet in found["ids"]:
            facts = invoke("aws:ec2/getSubnet:getSubnet", {"id": subnet, "region": region})
            assert facts["vpcId"] == vpc["id"]
            assert re.fullmatch(r"us[ew]\d-az\d", facts["availabilityZoneId"])
            zones.add(facts["availabilityZone"])
        assert len(zones) == len(found["ids"])
        assert all(zone.startswith(region) for zone in zones)


def test_zones(cloud: Cloud) -> None:
    found = cloud.provider.invoke(
        "aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"}
    )
    assert found["names"][:2] == ["us-east-1a", "us-east-1b"]
    assert len(found["zoneIds"]) == len(found["names"])


def test_who_and_where_we_are(cloud: Cloud) -> None:
    invoke = cloud.provider.invoke
    identity = invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert identity["accountId"] == "123456789012"
    assert invoke("aws:index/getRegion:getRegion", {})["name"] == "us-east-1"
    west = invoke("aws:index/getRegion:getRegion", {"region": "us-west-2"})
    assert west["name"] == "us-west-2"
    assert invoke("aws:index/getPartition:getPartition", {})["partition"] == "aws"


@pytest.mark.parametrize(
    ("arguments", "version"),
    [
        ({"engine": "mysql", "version": "8.4.8"}, r"8\.4\.8"),
        ({"engine": "mysql", "latest": True}, r"8\.4\.\d+"),
        ({"engine": "mysql", "preferredVersions": ["9.9.9", "8.4.8"]}, r"8\.4\.8"),
    ],
)
def test_engine_versions(cloud: Cloud, arguments: dict[str, Any], version: str) -> None:
    found = cloud.provider.invoke("aws:rds/getEngineVersion:getEngineVersion", arguments)
    assert re.fullmatch(version, found["version"])
    assert found["parameterGroupFamily"] == "mysql8.4"


def test_orderable_classes(cloud: Cloud) -> None:
    token = "aws:rds/getOrderableDbInstance:getOrderableDbInstance"
    wish = {"engine": "mysql", "preferredInstanceClasses": ["db.x99.large", "db.t3.micro"]}
    assert cloud.provider.invoke(token, wish)["instanceClass"] == "db.t3.micro"
    with pytest.raises(DeployFailed, match="no orderable instance of mysql"):
        cloud.provider.invoke(token, {"engine": "mysql", "instanceClass": "db.x99.large"})


@pytest.mark.parametrize(
    ("token", "arguments", "says"),
    [
        ("aws:ec2/getVpc:getVpc", {"id": "vpc-00000000"}, "InvalidVpcID.NotFound"),
        (
            "aws:ec2/getVpc:getVpc",
            {"filters": [{"name": "cidr-block", "values": ["1.2.3.0/24"]}]},
            "0 VPCs match, not one",
        ),
        ("aws:ec2/getSubnet:getSubnet", {}, r"\d+ subnets match, not one"),
        ("aws:rds/getEngineVersion:getEngineVersion", {"engine": "mysql"}, "versions of mysql"),
        ("aws:s3/getBucket:getBucket", {}, "no function aws:s3/getBucket:getBucket"),
    ],
)
def test_what_cannot_be_answered_is_said(
    cloud: Cloud, token: str, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(DeployFailed, match=says):
        cloud.provider.invoke(token, arguments)
