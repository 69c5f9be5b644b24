from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from components.client_host import ClientHost, ClientHostArgs
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from specs import client_host
from tests.components.ground import EAST_KEY, ground, inputs
from tests.recorder import Recording, record

SPEC: TypeAdapter[client_host.ClientHost] = TypeAdapter(client_host.ClientHost)
PUBLIC = {"class": "t4g.nano", "address": "public"}
PRIVATE = {"class": "t3.micro", "address": "private", "ssm_endpoints": "create"}
GROUP = "aws:ec2/securityGroup:SecurityGroup"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ALWAYS = {
    "host-role": "aws:iam/role:Role",
    "host-sessions": "aws:iam/rolePolicy:RolePolicy",
    "host-profile": "aws:iam/instanceProfile:InstanceProfile",
    "host-group": GROUP,
    "host-to-mysql": EGRESS,
    "host-to-edge": EGRESS,
    "host-to-services": EGRESS,
    "host-instance": "aws:ec2/instance:Instance",
}


def made(spec: dict[str, str]) -> Recording:
    def program() -> None:
        here = ground()
        doors = {
            "mysql": DatabaseSecurityGroup("mysql", DatabaseSecurityGroupArgs(here.network, 3306)),
            "edge": DatabaseSecurityGroup(
                "edge", DatabaseSecurityGroupArgs(here.network, 6379, 6380)
            ),
        }
        args = ClientHostArgs(SPEC.validate_python(spec), here.network, here.key, doors)
        ClientHost("host", args)

    return record(program)


@pytest.fixture(scope="module")
def public() -> Recording:
    return made(PUBLIC)


@pytest.fixture(scope="module")
def private() -> Recording:
    return made(PRIVATE)


def test_the_exact_children(public: Recording) -> None:
    assert public.below("host") == ALWAYS


def test_the_exact_children_of_one_without_a_public_address(private: Recording) -> None:
    assert private.below("host") == ALWAYS | {
        "host-endpoints": "aws-databases:index:SsmEndpoints",
        "host-endpoints-group": GROUP,
        "host-endpoints-from-vpc": INGRESS,
        "host-endpoints-ssm": ENDPOINT,
        "host-endpoints-ssmmessages": ENDPOINT,
    }
    assert made(PRIVATE | {"ssm_endpoints": "adopt"}).below("host") == ALWAYS


INSTANCE: dict[str, Any] = {
    "region": "us-east-1",
    "ami": "al2023-ami-kernel-default-arm64.us-east-1",
    "instanceType": "t4g.nano",
    "creditSpecification": {"cpuCredits": "standard"},
    "subnetId": "subnet-us-east-1-a",
    "associatePublicIpAddress": True,
    "vpcSecurityGroupIds": ["network-us-east-1-clients-id", "host-group-id"],
    "iamInstanceProfile": "host-profile-1a2b3c4",
    # Version 2 of the metadata service only.
    "metadataOptions": {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    },
    "ebsOptimized": True,
    "rootBlockDevice": {
        "volumeType": "gp3",
        "volumeSize": 8,
        "encrypted": True,
        "kmsKeyId": EAST_KEY,
        "deleteOnTermination": True,
        "tags": {"Name": "host", "Project": "aws-databases", "Stack": "dev"},
    },
}


def test_the_instance(public: Recording) -> None:
    # No key to log in with: keyName is not there.
    assert inputs(public, "host-instance") == INSTANCE


def test_an_instance_of_the_other_architecture_without_a_public_address(
    private: Recording,
) -> None:
    assert inputs(private, "host-instance") == INSTANCE | {
        "ami": "al2023-ami-kernel-default-x86_64.us-east-1",
        "instanceType": "t3.micro",
        "associatePublicIpAddress": False,
    }


@pytest.mark.parametrize("spec", [PUBLIC, PRIVATE])
def test_nobody_can_connect_to_it(spec: dict[str, str]) -> None:
    recording = made(spec)
    worn = recording.named("host-instance").inputs["vpcSecurityGroupIds"]
    let_in = [r.name for r in recording.resources if r.type == INGRESS]
    assert let_in
    for name in let_in:
        assert recording.named(name).inputs["securityGroupId"] not in worn
    for group in ("host-group", "network-us-east-1-clients"):
        assert not recording.named(group).inputs.keys() & {"ingress", "egress"}


def egress(recording: Recording, name: str) -> dict[str, Any]:
    found = inputs(recording, name)
    assert found["securityGroupId"] == "host-group-id"
    assert found["ipProtocol"] == "tcp"
    whom = found.get("referencedSecurityGroupId") or found.get("cidrIpv4")
    return {"ports": (found["fromPort"], found["toPort"]), "to": whom}


def test_what_it_may_reach(public: Recording, private: Recording) -> None:
    for recording in (public, private):
        assert egress(recording, "host-to-mysql") == {"ports": (3306, 3306), "to": "mysql-group-id"}
        assert egress(recording, "host-to-edge") == {"ports": (6379, 6380), "to": "edge-group-id"}
    assert egress(public, "host-to-services") == {"ports": (443, 443), "to": "0.0.0.0/0"}
    assert egress(private, "host-to-services") == {
        "ports": (443, 443),
        "to": "host-endpoints-group-id",
    }
    adopting = made(PRIVATE | {"ssm_endpoints": "adopt"})
    assert egress(adopting, "host-to-services") == {"ports": (443, 443), "to": "0.0.0.0/0"}


def test_its_role_takes_sessions_and_does_nothing_else(public: Recording) -> None:
    trust = json.loads(public.named("host-role").inputs["assumeRolePolicy"])
    assert [each["Principal"] for each in trust["Statement"]] == [{"Service": "ec2.amazonaws.com"}]
    policy = public.named("host-sessions").inputs
    assert policy["role"] == "host-role-1a2b3c4"
    # AWS's own policy for Cloud9 has the same five, and no resource they could be about.
    assert json.loads(policy["policy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Action": [
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": "*",
        }
    ]
    assert inputs(public, "host-profile") == {"role": "host-role-1a2b3c4"}


def test_what_it_tells(public: Recording) -> None:
    assert public.registered["host"] == {"region": "us-east-1", "instance": "host-instance-id"}
