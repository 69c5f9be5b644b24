"""A KMS key that named AWS services use for this account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.key_policy import key_policy
from components.tags import tags


@dataclass(frozen=True)
class ServiceKeyArgs:
    """``services`` are principals such as cloudwatch.amazonaws.com; ``purpose`` is for people.

    They may use the key for this account, or where there is a ``source`` for that ARN alone.
    """

    region: str
    purpose: str
    services: tuple[str, ...]
    source: str | None = None


class ServiceKey(pulumi.ComponentResource):
    """The key of one purpose in one region.

    Not the databases' own: its policy lets services in that never need to read a database.
    Creates: a key that rotates every year. Costs 1 USD a month plus 0.03 USD for 10,000 requests.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ServiceKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:ServiceKey", name, None, opts)
        within = pulumi.InvokeOptions(parent=self)
        account = aws.get_caller_identity(opts=within).account_id
        partition = aws.get_partition(opts=within).partition
        key = aws.kms.Key(
            f"{name}-key",
            region=args.region,
            description=f"{args.purpose} of {pulumi.get_project()}, stack {pulumi.get_stack()}",
            enable_key_rotation=True,
            deletion_window_in_days=7,
            policy=key_policy(partition, account, _services(account, args)),
            tags=tags(name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})


def _services(account: str, args: ServiceKeyArgs) -> dict[str, Any]:
    whom = {"aws:SourceArn": args.source} if args.source else {"aws:SourceAccount": account}
    return {
        "Sid": "Services",
        "Principal": {"Service": list(args.services)},
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
        "Condition": {"StringEquals": whom},
    }
