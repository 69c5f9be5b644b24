from __future__ import annotations

import pytest

from components.ssm_endpoints import SsmEndpoints, SsmEndpointsArgs
from tests.components.ground import ground, inputs
from tests.recorder import Recording, record


@pytest.fixture(scope="module")
def endpoints() -> Recording:
    def program() -> None:
        network = ground("us-west-2").network
        SsmEndpoints("ssm", SsmEndpointsArgs(network, network.subnets["b"]))

    return record(program)


def test_the_exact_children(endpoints: Recording) -> None:
    assert endpoints.below("ssm") == {
        "ssm-group": "aws:ec2/securityGroup:SecurityGroup",
        "ssm-from-vpc": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "ssm-ssm": "aws:ec2/vpcEndpoint:VpcEndpoint",
        "ssm-ssmmessages": "aws:ec2/vpcEndpoint:VpcEndpoint",
    }
    assert endpoints.registered["ssm"] == {"securityGroup": "ssm-group-id"}


@pytest.mark.parametrize("service", ["ssm", "ssmmessages"])
def test_a_service_has_its_own_name_in_one_zone(endpoints: Recording, service: str) -> None:
    assert inputs(endpoints, f"ssm-{service}") == {
        "region": "us-west-2",
        "vpcId": "vpc-us-west-2",
        "serviceName": f"com.amazonaws.us-west-2.{service}",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": ["subnet-us-west-2-b"],
        "securityGroupIds": ["ssm-group-id"],
    }


def test_every_machine_of_the_vpc_may_ask_for_the_name_leads_them_all_here(
    endpoints: Recording,
) -> None:
    assert inputs(endpoints, "ssm-from-vpc") == {
        "region": "us-west-2",
        "securityGroupId": "ssm-group-id",
        "cidrIpv4": "172.31.0.0/16",
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "description": "HTTPS from the VPC",
    }
