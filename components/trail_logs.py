"""Where a trail's events can be searched and alarmed on: a log group, and the way into it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.logs_key import LogsKey, LogsKeyArgs
from components.tags import tags
from components.trust_policy import trust

_KEPT_DAYS = 365
"""What auditors ask for; the bucket keeps them as long as the config says."""


@dataclass(frozen=True)
class TrailLogsArgs:
    """``region`` is the trail's home, ``trail`` its name."""

    region: str
    trail: str


class TrailLogs(pulumi.ComponentResource):
    """The log group of one trail, and a role by which CloudTrail writes there and nowhere else.

    Creates: a key, the group, a role and its policy. Costs: 0.50 USD a GB taken in and 0.03 USD a
    GB and month kept (us-east-1), the key's 1 USD a month.
    """

    group_arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    """Known when the policy is there: CloudTrail tries to write when it is told."""

    def __init__(
        self, name: str, args: TrailLogsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:TrailLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        within = pulumi.InvokeOptions(parent=self)
        account = aws.get_caller_identity(opts=within).account_id
        partition = aws.get_partition(opts=within).partition
        called = f"/aws/cloudtrail/{args.trail}"
        group = aws.cloudwatch.LogGroup(
            f"{name}-group",
            region=args.region,
            name=called,
            kms_key_id=LogsKey(f"{name}-encryption", LogsKeyArgs(args.region), child).arn,
            retention_in_days=_KEPT_DAYS,
            tags=tags(called),
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            description="CloudTrail writes to one log group",
            assume_role_policy=trust("cloudtrail.amazonaws.com"),
            tags=tags(name),
            opts=child,
        )
        # CloudTrail names its streams by account and region.
        own = f"arn:{partition}:logs:{args.region}:{account}:log-group:{called}"
        statement = {
            "Sid": "Write",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{own}:log-stream:{account}_CloudTrail_{args.region}*",
        }
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]}),
            opts=child,
        )
        self.group_arn = group.name.apply(lambda _: f"{own}:*")
        self.role_arn = pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))
        self.register_outputs({"groupArn": self.group_arn, "roleArn": self.role_arn})
