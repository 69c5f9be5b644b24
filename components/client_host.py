"""The course's EC2 client: where a laptop's connections to private databases come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.facts import Facts
from components.interface_endpoints import HTTPS
from components.keys import RegionKey
from components.network import Network
from components.security_group import DatabaseSecurityGroup
from components.ssm_endpoints import SsmEndpoints, SsmEndpointsArgs
from components.tags import tags
from components.trust_policy import trust
from contract import ClientHost as HostFacts
from specs.client_host import ClientHost as Spec
from specs.client_host import PublicHost

_ROOT_GB = 8
"""The size of the image; nothing is kept on it."""
_IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{}"
_SESSIONS = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
"""What Session Manager needs, and no more: AmazonSSMManagedInstanceCore would also let whoever is
on the host read every parameter of the account."""


@dataclass(frozen=True)
class ClientHostArgs:
    """``databases`` are the doors of its region by what they belong to."""

    spec: Spec
    network: Network
    key: RegionKey
    databases: Mapping[str, DatabaseSecurityGroup]


class ClientHost(pulumi.ComponentResource):
    """An EC2 instance that nobody can connect to, and that takes sessions of Systems Manager.

    It wears the network's client security group, which the databases of its region let in, and
    one of its own with what it may reach: these databases and HTTPS. Neither has an inbound rule.

    Creates: a role for sessions only, its profile, the security group with an egress rule for
    each database, the instance: newest Amazon Linux 2023, metadata by token only (IMDSv2), root
    volume encrypted with the stack's key, in the first zone of the network.

    How it reaches Systems Manager: subnets of a default VPC are public, so that with a public
    address (``address: public``) it goes out by the VPC's internet gateway. Without one
    (``private``) it needs interface endpoints for ssm and ssmmessages: its own ``-endpoints``, or
    what the VPC has (``adopt``).

    Costs (us-east-1): t4g.nano 3.07 USD a month, its volume 0.64, and a public address 3.65 or
    two endpoints 14.60.

    Fails: StartSession answers TargetNotConnected in the first minutes, and for as long as it
    does not reach Systems Manager. A release of Amazon Linux replaces the instance at the next
    update, which is how it gets its patches: keep nothing on it.

    Whoever uses it needs ssm:StartSession on the instance and on the document
    AWS-StartPortForwardingSessionToRemoteHost, and ssm:TerminateSession on their own sessions.
    """

    instance: pulumi.Output[str]
    facts: Facts

    def __init__(
        self, name: str, args: ClientHostArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:ClientHost", name, None, opts)
        self._name, self._args, self._region = name, args, args.network.region
        self._child = pulumi.ResourceOptions(parent=self)
        group = self._group()
        self.instance = self._instance(group, self._profile()).id
        self.facts = self.instance.apply(
            lambda known: HostFacts(instance=known, region=self._region).model_dump(mode="json")
        )
        self.register_outputs({"region": self._region, "instance": self.instance})

    def _profile(self) -> aws.iam.InstanceProfile:
        name, child = self._name, self._child
        role = aws.iam.Role(
            f"{name}-role",
            description="Sessions of Systems Manager on the client host",
            assume_role_policy=trust("ec2.amazonaws.com"),
            tags=tags(name),
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-sessions",
            role=role.name,
            policy=json.dumps(
                {
                    "Version": "2012-10-17",
                    # None of these actions is about a resource that a policy could name.
                    "Statement": [{"Effect": "Allow", "Action": _SESSIONS, "Resource": "*"}],
                }
            ),
            opts=child,
        )
        return aws.iam.InstanceProfile(
            f"{name}-profile", role=role.name, tags=tags(name), opts=child
        )

    def _group(self) -> aws.ec2.SecurityGroup:
        name, region, child = self._name, self._region, self._child
        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            region=region,
            vpc_id=self._args.network.vpc_id,
            description="Client host",
            tags=tags(name),
            opts=child,
        )
        # The provider removes AWS's own egress rule.
        for what, database in self._args.databases.items():
            self._egress(
                what,
                group,
                (database.port, database.last_port),
                "A database of this stack",
                referenced_security_group_id=database.id,
            )
        spec = self._args.spec
        if isinstance(spec, PublicHost) or spec.ssm_endpoints == "adopt":
            everywhere = {"cidr_ipv4": "0.0.0.0/0"}
            self._egress("services", group, (HTTPS, HTTPS), "Systems Manager", **everywhere)
        else:
            endpoints = SsmEndpoints(
                f"{name}-endpoints", SsmEndpointsArgs(self._args.network, self._subnet), child
            )
            self._egress(
                "services",
                group,
                (HTTPS, HTTPS),
                "Systems Manager",
                referenced_security_group_id=endpoints.security_group,
            )
        return group

    def _egress(
        self,
        what: str,
        group: aws.ec2.SecurityGroup,
        ports: tuple[int, int],
        description: str,
        **whom: Any,
    ) -> None:
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-to-{what}",
            region=self._region,
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=ports[0],
            to_port=ports[1],
            description=description,
            tags=tags(f"{self._name}-to-{what}"),
            opts=self._child,
            **whom,
        )

    @property
    def _subnet(self) -> str:
        return next(iter(self._args.network.subnets.values()))

    def _instance(
        self, group: aws.ec2.SecurityGroup, profile: aws.iam.InstanceProfile
    ) -> aws.ec2.Instance:
        args, name = self._args, self._name
        image = aws.ssm.get_parameter(
            name=_IMAGE.format(args.spec.architecture),
            region=self._region,
            opts=pulumi.InvokeOptions(parent=self),
        )
        return aws.ec2.Instance(
            f"{name}-instance",
            region=self._region,
            # A public parameter of AWS: the other member would make a secret of it.
            ami=image.insecure_value,
            instance_type=args.spec.instance_class,
            # Without it what is used beyond the credits is billed.
            credit_specification={"cpu_credits": "standard"},
            subnet_id=self._subnet,
            associate_public_ip_address=isinstance(args.spec, PublicHost),
            vpc_security_group_ids=[args.network.client_security_group, group.id],
            iam_instance_profile=profile.name,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
            },
            ebs_optimized=True,
            root_block_device={
                "volume_type": "gp3",
                "volume_size": _ROOT_GB,
                "encrypted": True,
                "kms_key_id": args.key.arn,
                "delete_on_termination": True,
                "tags": tags(name),
            },
            tags=tags(name),
            opts=self._child,
        )
