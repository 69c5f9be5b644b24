from __future__ import annotations

from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from tests.components.ground import ground, inputs
from tests.recorder import Recording, record

RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def made(*allowed: str) -> Recording:
    def program() -> None:
        network = ground(allowed_cidrs=allowed).network
        DatabaseSecurityGroup("db-access", DatabaseSecurityGroupArgs(network, 3306))

    return record(program)


def test_only_the_clients_of_the_stack_get_in() -> None:
    recording = made()
    assert recording.below("db-access") == {
        "db-access-group": "aws:ec2/securityGroup:SecurityGroup",
        "db-access-from-clients": RULE,
    }
    # No ingress and no egress inline: they would fight with the rules of their own.
    assert inputs(recording, "db-access-group") == {
        "region": "us-east-1",
        "vpcId": "vpc-us-east-1",
        "description": "Database access",
    }
    assert inputs(recording, "db-access-from-clients") == {
        "region": "us-east-1",
        "securityGroupId": "db-access-group-id",
        "referencedSecurityGroupId": "network-us-east-1-clients-id",
        "ipProtocol": "tcp",
        "fromPort": 3306,
        "toPort": 3306,
        "description": "Clients of this stack",
    }
    assert recording.registered["db-access"] == {"id": "db-access-group-id"}


def test_a_rule_for_each_allowed_range() -> None:
    recording = made("10.0.0.0/16", "2001:db8::/32")
    assert recording.below("db-access") == {
        "db-access-group": "aws:ec2/securityGroup:SecurityGroup",
        "db-access-from-clients": RULE,
        "db-access-from-10.0.0.0-16": RULE,
        "db-access-from-2001-db8---32": RULE,
    }
    same = {
        "region": "us-east-1",
        "securityGroupId": "db-access-group-id",
        "ipProtocol": "tcp",
        "fromPort": 3306,
        "toPort": 3306,
        "description": "Allowed by the stack's config",
    }
    assert inputs(recording, "db-access-from-10.0.0.0-16") == same | {"cidrIpv4": "10.0.0.0/16"}
    assert inputs(recording, "db-access-from-2001-db8---32") == same | {"cidrIpv6": "2001:db8::/32"}


def test_a_range_that_is_written_twice_is_one_rule() -> None:
    below = made("10.0.0.0/16", "10.1.0.0/16", "10.0.0.0/16").resources
    rules = [r.name for r in below if "from-10." in r.name]
    assert sorted(rules) == ["db-access-from-10.0.0.0-16", "db-access-from-10.1.0.0-16"]
