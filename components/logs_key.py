"""The KMS key of a region's log groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.key_policy import key_policy
from components.tags import tags


@dataclass(frozen=True)
class LogsKeyArgs:
    """``deletion_window_days``: 7 to 30, how long a deleted key can be had back."""

    region: str
    deletion_window_days: int = 7


class LogsKey(pulumi.ComponentResource):
    """A key that CloudWatch Logs may use, for log groups of this account and region.

    Not the databases' own: a service that keeps logs need not be able to read a database.
    Creates: a key that rotates every year. Costs 1 USD a month plus 0.03 USD for 10,000 requests.
    Fails: log events are unreadable when the key is gone; its deletion waits for the window.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: LogsKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:LogsKey", name, None, opts)
        within = pulumi.InvokeOptions(parent=self)
        account = aws.get_caller_identity(opts=within).account_id
        partition = aws.get_partition(opts=within)
        key = aws.kms.Key(
            f"{name}-key",
            region=args.region,
            description=f"Logs of {pulumi.get_project()}, stack {pulumi.get_stack()}",
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_window_days,
            policy=key_policy(
                partition.partition,
                account,
                _logs_of(partition.partition, account, partition.dns_suffix, args.region),
            ),
            tags=tags(name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})


def _logs_of(partition: str, account: str, dns_suffix: str, region: str) -> dict[str, Any]:
    groups = f"arn:{partition}:logs:{region}:{account}:log-group:*"
    return {
        "Sid": "Logs",
        "Principal": {"Service": f"logs.{region}.{dns_suffix}"},
        "Action": [
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:DescribeKey",
        ],
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    }
