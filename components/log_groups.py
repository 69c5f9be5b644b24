"""Log groups for what a database exports, made before RDS would make them without an end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.tags import tags


@dataclass(frozen=True)
class LogGroupsArgs:
    """``owner`` is instance or cluster; ``logs`` are RDS's names such as slowquery."""

    region: str
    owner: Literal["instance", "cluster"]
    identifier: str
    logs: tuple[str, ...]
    retention_days: int = 30
    audit_days: int = 365
    """Of the log that is called audit: auditors ask for a year."""


class LogGroups(pulumi.ComponentResource):
    """One CloudWatch log group for each exported log.

    Creates: the groups, with a retention. RDS creates missing ones itself, and those never
    expire. Costs 0.50 USD a GB taken in and 0.03 USD a GB and month kept (us-east-1).
    """

    names: tuple[str, ...]

    def __init__(
        self, name: str, args: LogGroupsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:LogGroups", name, None, opts)
        self.names = tuple(f"/aws/rds/{args.owner}/{args.identifier}/{log}" for log in args.logs)
        for log, group in zip(args.logs, self.names, strict=True):
            aws.cloudwatch.LogGroup(
                f"{name}-{log}",
                region=args.region,
                name=group,
                retention_in_days=args.audit_days if log == "audit" else args.retention_days,
                tags=tags(group),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"names": list(self.names)})
