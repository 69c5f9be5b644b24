"""The roles that DMS works by: two that an account has once, and one for each migration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.tags import tags
from components.trust_policy import trust
from specs.migration import AccountWide

_POLICIES = {
    "dms-vpc-role": "AmazonDMSVPCManagementRole",
    "dms-cloudwatch-logs-role": "AmazonDMSCloudWatchLogsRole",
}
"""AWS's policies by the role names that DMS looks for."""


class DmsAccountRoles(pulumi.ComponentResource):
    """``dms-vpc-role`` and ``dms-cloudwatch-logs-role``, made or found.

    Creates: with ``create`` the two roles and the attachments of AWS's policies, with ``adopt``
    nothing. Costs nothing.
    Fails: ``create`` with EntityAlreadyExists where the account has them, ``adopt`` where it has
    not. IAM takes some seconds until DMS can use a new role ("is not configured properly"): run
    the deployment again.
    """

    arns: Mapping[str, pulumi.Output[str]]
    """By role name; known when the policy is attached."""

    def __init__(
        self, name: str, how: AccountWide, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:DmsAccountRoles", name, None, opts)
        find = {"create": self._create, "adopt": self._adopt}[how]
        self.arns = {role: find(name, role) for role in _POLICIES}
        self.register_outputs({"arns": dict(self.arns)})

    def _create(self, name: str, role_name: str) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-{role_name}",
            name=role_name,
            description="Database Migration Service",
            assume_role_policy=trust("dms.amazonaws.com"),
            tags=tags(role_name),
            opts=child,
        )
        partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).partition
        policy = f"arn:{partition}:iam::aws:policy/service-role/{_POLICIES[role_name]}"
        attachment = aws.iam.RolePolicyAttachment(
            f"{name}-{role_name}-policy", role=role.name, policy_arn=policy, opts=child
        )
        return pulumi.Output.all(role.arn, attachment.id).apply(lambda known: str(known[0]))

    def _adopt(self, name: str, role_name: str) -> pulumi.Output[str]:
        found = aws.iam.get_role(name=role_name, opts=pulumi.InvokeOptions(parent=self))
        return pulumi.Output.from_input(found.arn)


@dataclass(frozen=True)
class SecretsAccessArgs:
    """What the role may read: ``secrets``, encrypted by ``keys``, all in ``region``."""

    region: str
    secrets: Sequence[pulumi.Output[str]]
    keys: Sequence[pulumi.Output[str]]


class SecretsAccess(pulumi.ComponentResource):
    """The role by which DMS reads the endpoints' secrets.

    Creates: the role, which the region's own DMS principal may assume (it refuses the global
    one), and its policy. Costs nothing.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: SecretsAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:SecretsAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            description="Endpoint secrets of a migration",
            assume_role_policy=trust(f"dms.{args.region}.amazonaws.com"),
            tags=tags(name),
            opts=child,
        )
        statements = [
            {
                "Effect": "Allow",
                "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
                "Resource": list(args.secrets),
            },
            {
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:DescribeKey"],
                "Resource": list(args.keys),
            },
        ]
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
            opts=child,
        )
        self.arn = pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn})
