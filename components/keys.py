"""Encryption at rest: one key a region and purpose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pulumi
import pulumi_aws as aws

from components.key_policy import key_policy
from components.logs_key import LogsKey, LogsKeyArgs
from components.tags import tags


@dataclass(frozen=True)
class RegionKeyArgs:
    """``deletion_window_days``: 7 to 30, how long a deleted key can be had back."""

    region: str
    deletion_window_days: int = 7


class RegionKey(pulumi.ComponentResource):
    """The KMS key for everything this stack stores in one region.

    A key of its own, not AWS's default one, which does not exist in a region where RDS was never
    used; and a cross-region replica needs a key of its destination.

    Creates: a key that rotates every year, its alias, and a key for logs as soon as something
    in the region has any. Costs 1 USD a key and month plus
    0.03 USD for 10,000 requests. Deleting the stack schedules the key's deletion: snapshots
    that were encrypted with it are unreadable after the window.
    """

    region: str
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: RegionKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:RegionKey", name, None, opts)
        self.region = args.region
        self._name, self._window = name, args.deletion_window_days
        child = pulumi.ResourceOptions(parent=self)
        within = pulumi.InvokeOptions(parent=self)
        account = aws.get_caller_identity(opts=within).account_id
        partition = aws.get_partition(opts=within).partition
        key = aws.kms.Key(
            f"{name}-key",
            region=args.region,
            description=f"Databases of {pulumi.get_project()}, stack {pulumi.get_stack()}",
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_window_days,
            # What KMS would give it: said, so that a change of it by hand is seen.
            policy=key_policy(partition, account),
            tags=tags(name),
            opts=child,
        )
        aws.kms.Alias(
            f"{name}-alias",
            region=args.region,
            name=f"alias/{pulumi.get_project()}-{pulumi.get_stack()}",
            target_key_id=key.key_id,
            opts=child,
        )
        self.arn = key.arn
        self.register_outputs({"region": self.region, "arn": self.arn})

    @cached_property
    def logs_arn(self) -> pulumi.Output[str]:
        """The ARN of the key for log groups, which the first of them makes."""
        return LogsKey(
            f"{self._name}-logs",
            LogsKeyArgs(self.region, self._window),
            pulumi.ResourceOptions(parent=self),
        ).arn
