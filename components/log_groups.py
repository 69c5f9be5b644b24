"""Log groups for what a database exports, made before RDS would make them without an end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.keys import RegionKey
from components.tags import tags


@dataclass(frozen=True)
class LogGroupsArgs:
    """``owner`` is an instance or cluster of RDS, or a cache; ``logs`` are AWS's names such as
    slowquery.
    """

    region: str
    key: RegionKey
    owner: Literal["instance", "cluster", "cache"]
    identifier: str
    logs: tuple[str, ...]
    retention_days: int = 30
    audit_days: int = 365
    """Of the log that is called `audit`: auditors ask for a year."""
    audit: str = "audit"


class LogGroups(pulumi.ComponentResource):
    """One CloudWatch log group for each exported log.

    Creates: the groups, encrypted, with a retention. RDS creates missing ones itself, and those
    never expire. Costs 0.50 USD a GB taken in and 0.03 USD a GB and month kept (us-east-1).
    """

    names: tuple[str, ...]
    made: tuple[pulumi.Output[str], ...]
    """The names, known when the groups are there."""

    def __init__(
        self, name: str, args: LogGroupsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:LogGroups", name, None, opts)
        below = "/aws/elasticache" if args.owner == "cache" else f"/aws/rds/{args.owner}"
        self.names = tuple(f"{below}/{args.identifier}/{log}" for log in args.logs)
        self.made = tuple(
            aws.cloudwatch.LogGroup(
                f"{name}-{log}",
                region=args.region,
                name=group,
                kms_key_id=args.key.logs_arn,
                retention_in_days=args.audit_days if log == args.audit else args.retention_days,
                tags=tags(group),
                opts=pulumi.ResourceOptions(parent=self),
            ).name
            for log, group in zip(args.logs, self.names, strict=True)
        )
        self._audit = f"{below}/{args.identifier}/{args.audit}"
        self.register_outputs({"names": list(self.names)})

    @property
    def audit(self) -> str | None:
        """The name of the group that auditors read, ``None`` where there is none."""
        return self._audit if self._audit in self.names else None
