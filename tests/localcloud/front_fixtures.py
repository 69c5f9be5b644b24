"""Fixtures of the API tests: a folder, an endpoint, and what a database stands in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.site import Site
from tests.addresses import prefix
from tests.localcloud.front_site import Endpoint, served
from tests.localcloud.recording_fleet import RecordingFleet

PASSWORD = "correct-horse-1"


@pytest.fixture
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="front-", dir="/var/tmp"))
    yield Site(folder, prefix(82))
    shutil.rmtree(folder)


@pytest.fixture
def endpoint(site: Site) -> Iterator[Endpoint]:
    with served(site, RecordingFleet()) as found:
        yield found


@dataclass(frozen=True)
class Ground:
    """A security group and two keys in two regions."""

    security_group: str
    key: str
    west_key: str
    subnets: tuple[str, ...]


@pytest.fixture
def ground(endpoint: Endpoint) -> Ground:
    ec2 = endpoint.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = sorted(ec2.describe_subnets()["Subnets"], key=lambda s: str(s["AvailabilityZone"]))
    group = ec2.create_security_group(GroupName="db", Description="db", VpcId=vpc)["GroupId"]
    key = endpoint.client("kms").create_key()["KeyMetadata"]["Arn"]
    west = endpoint.client("kms", "us-west-2").create_key()["KeyMetadata"]["Arn"]
    return Ground(group, key, west, tuple(s["SubnetId"] for s in subnets))


def mysql(**changes: Any) -> dict[str, Any]:
    """The arguments of the course's MySQL instance, with changes; None leaves one out."""
    arguments: dict[str, Any] = {
        "DBInstanceIdentifier": "myapp-mysql-db",
        "Engine": "mysql",
        "EngineVersion": "8.4",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": 20,
        "StorageType": "gp2",
        "MasterUsername": "admin",
        "MasterUserPassword": PASSWORD,
        "BackupRetentionPeriod": 7,
    } | changes
    return {name: value for name, value in arguments.items() if value is not None}


def refusal(operation: Any, **arguments: Any) -> str:
    """The error code a call is refused with; the test fails when it is not refused."""
    with pytest.raises(ClientError) as caught:
        operation(**arguments)
    return str(caught.value.response["Error"]["Code"])
