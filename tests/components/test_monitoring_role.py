from __future__ import annotations

import json

import pulumi
import pytest

from components.monitoring_role import MonitoringRole, enhanced_monitoring
from specs.parts import EnhancedMonitoring
from tests.components.ground import inputs
from tests.recorder import record

ROLE_ARN = "arn:aws:iam::123456789012:role/monitoring-role"


def test_a_role_that_monitoring_of_rds_may_assume() -> None:
    def program() -> None:
        MonitoringRole("monitoring")

    recording = record(program)
    assert recording.below("monitoring") == {
        "monitoring-role": "aws:iam/role:Role",
        "monitoring-policy": "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    }
    role = inputs(recording, "monitoring-role")
    trust = json.loads(role.pop("assumeRolePolicy"))
    assert role == {"description": "RDS Enhanced Monitoring"}
    assert trust == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "monitoring.rds.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    assert inputs(recording, "monitoring-policy") == {
        "role": "monitoring-role-1a2b3c4",
        "policyArn": "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
    }
    assert recording.registered["monitoring"] == {"arn": ROLE_ARN}


def test_whoever_uses_the_role_waits_for_its_policy() -> None:
    def program() -> None:
        role = MonitoringRole("monitoring")
        pulumi.ComponentResource("test:index:User", "user", {"role": role.arn})

    assert "monitoring-policy" in record(program).named("user").depends_on


def test_the_interval_and_the_role_go_together() -> None:
    def program() -> None:
        role = MonitoringRole("monitoring")
        pulumi.export("without", enhanced_monitoring(None, role))
        wanted = EnhancedMonitoring(interval_seconds=15)
        pulumi.export("with", enhanced_monitoring(wanted, role))

    assert record(program).outputs == {
        "without": {},
        "with": {"monitoring_interval": 15, "monitoring_role_arn": ROLE_ARN},
    }


def test_monitoring_without_a_role_is_not_left_out_silently() -> None:
    with pytest.raises(ValueError, match="needs a MonitoringRole"):
        enhanced_monitoring(EnhancedMonitoring(interval_seconds=15), None)
