"""The role by which RDS delivers Enhanced Monitoring."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from components.tags import tags
from components.trust_policy import trust
from specs.parts import EnhancedMonitoring

_PRINCIPAL = "monitoring.rds.amazonaws.com"
_POLICY = "policy/service-role/AmazonRDSEnhancedMonitoringRole"


class MonitoringRole(pulumi.ComponentResource):
    """An IAM role that RDS's monitoring may assume.

    Creates: the role and the attachment of AWS's policy. Costs nothing; what it delivers is
    billed as CloudWatch Logs. The ARN is only known when the policy is attached: RDS refuses a
    role that cannot write yet.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aws-databases:index:MonitoringRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            description="RDS Enhanced Monitoring",
            assume_role_policy=trust(_PRINCIPAL),
            tags=tags(name),
            opts=child,
        )
        partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).partition
        attachment = aws.iam.RolePolicyAttachment(
            f"{name}-policy",
            role=role.name,
            policy_arn=f"arn:{partition}:iam::aws:{_POLICY}",
            opts=child,
        )
        self.arn = pulumi.Output.all(role.arn, attachment.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn})


def enhanced_monitoring(
    wanted: EnhancedMonitoring | None, role: MonitoringRole | None
) -> dict[str, Any]:
    """Arguments of an RDS instance; `ValueError` when it wants monitoring and there is no role."""
    if wanted is None:
        return {}
    if role is None:
        raise ValueError("Enhanced Monitoring needs a MonitoringRole")
    return {"monitoring_interval": wanted.interval_seconds, "monitoring_role_arn": role.arn}
