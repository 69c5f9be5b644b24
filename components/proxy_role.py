"""The role by which an RDS Proxy reads its database's secret."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.tags import tags
from components.trust_policy import trust


@dataclass(frozen=True)
class ProxyRoleArgs:
    """The secret's ARN and that of the key which encrypts it."""

    region: str
    secret_arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]


class ProxyRole(pulumi.ComponentResource):
    """An IAM role that RDS may assume, for one secret and, through Secrets Manager, its key.

    Creates: the role and its policy. Costs nothing. The ARN is only known when the policy is
    there: a proxy that cannot read its secret has no healthy target.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ProxyRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:ProxyRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            description="RDS Proxy reads one secret",
            assume_role_policy=trust("rds.amazonaws.com"),
            tags=tags(name),
            opts=child,
        )
        dns = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).dns_suffix
        statements = [
            {
                "Effect": "Allow",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": args.secret_arn,
            },
            {
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": args.key_arn,
                "Condition": {
                    "StringEquals": {"kms:ViaService": f"secretsmanager.{args.region}.{dns}"}
                },
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
