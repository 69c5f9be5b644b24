"""What a migration stands in at the API: roles, secrets, a subnet group, endpoints."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud.site import Site
from tests.localcloud.front_fixtures import Ground
from tests.localcloud.front_site import Endpoint, served
from tests.localcloud.recording_fleet import RecordingFleet
from verify.trust import stranger

MAPPINGS = json.dumps(
    {
        "rules": [
            {
                "rule-type": "selection",
                "rule-id": "1",
                "rule-name": "1",
                "object-locator": {"schema-name": "app", "table-name": "%"},
                "rule-action": "include",
            }
        ]
    }
)


def trust(principal: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_vpc_role(endpoint: Endpoint) -> None:
    make_vpc_role_with(endpoint.client("iam"))


def make_vpc_role_with(iam: Any) -> None:
    iam.create_role(RoleName="dms-vpc-role", AssumeRolePolicyDocument=trust("dms.amazonaws.com"))
    iam.attach_role_policy(
        RoleName="dms-vpc-role",
        PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole",
    )


@dataclass(frozen=True)
class DmsGround:
    """ARNs of what a task needs."""

    dms: Any
    role: str
    secret: str
    certificate: str
    instance: str
    source: str
    target: str

    def by_secret(self, **changes: Any) -> dict[str, Any]:
        """The arguments of an endpoint that logs in by the secret."""
        return {
            "EndpointIdentifier": "another",
            "EndpointType": "source",
            "EngineName": "mysql",
            "SslMode": "verify-full",
            "CertificateArn": self.certificate,
            "MySQLSettings": {
                "SecretsManagerSecretId": self.secret,
                "SecretsManagerAccessRoleArn": self.role,
            },
        } | changes

    def task(self, **changes: Any) -> dict[str, Any]:
        return {
            "ReplicationTaskIdentifier": "move",
            "SourceEndpointArn": self.source,
            "TargetEndpointArn": self.target,
            "ReplicationInstanceArn": self.instance,
            "MigrationType": "full-load-and-cdc",
            "TableMappings": MAPPINGS,
        } | changes

    def config(self, **changes: Any) -> dict[str, Any]:
        return {
            "ReplicationConfigIdentifier": "move",
            "SourceEndpointArn": self.source,
            "TargetEndpointArn": self.target,
            "ComputeConfig": {"ReplicationSubnetGroupId": "group", "MaxCapacityUnits": 4},
            "ReplicationType": "full-load-and-cdc",
            "TableMappings": MAPPINGS,
        } | changes


@pytest.fixture
def dms_ground(endpoint: Endpoint, ground: Ground) -> DmsGround:
    return make_ground(endpoint, list(ground.subnets[:2]), ground.security_group)


@pytest.fixture(scope="module")
def refusing() -> Iterator[DmsGround]:
    """One for all tests that only have something refused."""
    folder = Path(tempfile.mkdtemp(prefix="front-", dir="/var/tmp"))
    with served(Site(folder, "127.82"), RecordingFleet()) as endpoint:
        ec2 = endpoint.client("ec2")
        subnets = sorted(ec2.describe_subnets()["Subnets"], key=lambda s: s["AvailabilityZone"])
        group = ec2.create_security_group(
            GroupName="db", Description="db", VpcId=subnets[0]["VpcId"]
        )["GroupId"]
        yield make_ground(endpoint, [s["SubnetId"] for s in subnets[:2]], group)
    shutil.rmtree(folder)


def make_ground(endpoint: Endpoint, subnets: list[str], security_group: str) -> DmsGround:
    make_vpc_role(endpoint)
    dms = endpoint.client("dms")
    role = endpoint.client("iam").create_role(
        RoleName="secrets", AssumeRolePolicyDocument=trust("dms.us-east-1.amazonaws.com")
    )["Role"]["Arn"]
    login = {"host": "127.0.0.9", "port": 3306, "username": "admin", "password": "hidden-1"}
    secret = endpoint.client("secretsmanager").create_secret(
        Name="login", SecretString=json.dumps(login)
    )["ARN"]
    certificate = dms.import_certificate(
        CertificateIdentifier="authorities", CertificatePem=stranger()
    )["Certificate"]["CertificateArn"]
    dms.create_replication_subnet_group(
        ReplicationSubnetGroupIdentifier="group",
        ReplicationSubnetGroupDescription="d",
        SubnetIds=subnets,
    )
    instance = dms.create_replication_instance(
        ReplicationInstanceIdentifier="instance",
        ReplicationInstanceClass="dms.t3.medium",
        ReplicationSubnetGroupIdentifier="group",
        VpcSecurityGroupIds=[security_group],
    )["ReplicationInstance"]["ReplicationInstanceArn"]
    found = DmsGround(dms, role, secret, certificate, instance, "", "")
    ends = {
        kind: dms.create_endpoint(
            **found.by_secret(EndpointIdentifier=kind, EndpointType=kind, EngineName=engine)
        )["Endpoint"]["EndpointArn"]
        for kind, engine in (("source", "mysql"), ("target", "aurora"))
    }
    return DmsGround(dms, role, secret, certificate, instance, ends["source"], ends["target"])
