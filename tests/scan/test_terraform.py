"""A recorded stack in Terraform's words, against names and shapes that stand here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recorder import Recording
from tests.scan.stack import recorded
from tests.scan.terraform import plan_of, type_of, values_of

TYPES = {
    "aws:backup/plan:Plan": "aws_backup_plan",
    "aws:backup/selection:Selection": "aws_backup_selection",
    "aws:backup/vault:Vault": "aws_backup_vault",
    "aws:cloudtrail/trail:Trail": "aws_cloudtrail",
    "aws:cloudwatch/logGroup:LogGroup": "aws_cloudwatch_log_group",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "aws_cloudwatch_metric_alarm",
    "aws:dms/endpoint:Endpoint": "aws_dms_endpoint",
    "aws:dms/replicationInstance:ReplicationInstance": "aws_dms_replication_instance",
    "aws:ec2/securityGroup:SecurityGroup": "aws_security_group",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "aws_vpc_endpoint",
    "aws:elasticache/replicationGroup:ReplicationGroup": "aws_elasticache_replication_group",
    "aws:elasticache/serverlessCache:ServerlessCache": "aws_elasticache_serverless_cache",
    "aws:iam/rolePolicy:RolePolicy": "aws_iam_role_policy",
    "aws:kms/key:Key": "aws_kms_key",
    "aws:rds/cluster:Cluster": "aws_rds_cluster",
    "aws:rds/clusterInstance:ClusterInstance": "aws_rds_cluster_instance",
    "aws:rds/globalCluster:GlobalCluster": "aws_rds_global_cluster",
    "aws:rds/instance:Instance": "aws_db_instance",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (
        "aws_db_instance_automated_backups_replication"
    ),
    "aws:rds/parameterGroup:ParameterGroup": "aws_db_parameter_group",
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": (
        "aws_db_proxy_default_target_group"
    ),
    "aws:rds/subnetGroup:SubnetGroup": "aws_db_subnet_group",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "aws_s3_bucket_public_access_block",
    "aws:secretsmanager/secret:Secret": "aws_secretsmanager_secret",
    "aws:sns/topicPolicy:TopicPolicy": "aws_sns_topic_policy",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "aws_vpc_security_group_ingress_rule"
    ),
    "random:index/randomPassword:RandomPassword": "random_password",
}
VALUES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"storageEncrypted": True, "kmsKeyId": "k"}, {"storage_encrypted": True, "kms_key_id": "k"}),
    ({"vpcSecurityGroupIds": ["sg-1"]}, {"vpc_security_group_ids": ["sg-1"]}),
    ({"cidrIpv4": "10.0.0.0/16"}, {"cidr_ipv4": "10.0.0.0/16"}),
    # Maps stay what they are, with keys of one's own.
    ({"tags": {"Name": "x", "dataClass": "y"}}, {"tags": {"Name": "x", "dataClass": "y"}}),
    (
        {"dimensions": {"DBInstanceIdentifier": "x"}},
        {"dimensions": {"DBInstanceIdentifier": "x"}},
    ),
    # One block is a list of one; a list of blocks has the name of one.
    (
        {"serverlessv2ScalingConfiguration": {"minCapacity": 0}},
        {"serverlessv2_scaling_configuration": [{"min_capacity": 0}]},
    ),
    ({"parameters": [{"applyMethod": "x"}]}, {"parameter": [{"apply_method": "x"}]}),
    (
        {"options": [{"optionSettings": [{"name": "a"}]}]},
        {"option": [{"option_settings": [{"name": "a"}]}]},
    ),
    (
        {"rules": [{"copyActions": [{"lifecycle": {"deleteAfter": 30}}]}]},
        {"rule": [{"copy_action": [{"lifecycle": [{"delete_after": 30}]}]}]},
    ),
    ({"alarmActions": []}, {"alarm_actions": []}),
]  # fmt: skip


@pytest.mark.parametrize(("token", "name"), TYPES.items())
def test_a_type(token: str, name: str) -> None:
    assert type_of(token) == name


@pytest.mark.parametrize(("inputs", "values"), VALUES)
def test_properties(inputs: dict[str, Any], values: dict[str, Any]) -> None:
    assert values_of(inputs) == values


@pytest.fixture(scope="module")
def prod() -> Recording:
    return recorded("prod")


@pytest.fixture(scope="module")
def plan(prod: Recording) -> dict[str, Any]:
    return plan_of(prod)


def test_every_resource_of_the_stack_is_in_the_plan(prod: Recording, plan: dict[str, Any]) -> None:
    resources = plan["planned_values"]["root_module"]["resources"]
    assert len(resources) == len([each for each in prod.resources if each.custom]) > 250
    assert len({each["address"] for each in resources}) == len(resources)
    assert [each["address"] for each in plan["resource_changes"]] == [
        each["address"] for each in resources
    ]


def test_a_database_as_a_scanner_sees_it(plan: dict[str, Any]) -> None:
    (orders,) = (
        each["values"]
        for each in plan["planned_values"]["root_module"]["resources"]
        if each["address"] == "aws_db_instance.orders-instance"
    )
    assert orders["storage_encrypted"] is True
    assert orders["backup_retention_period"] == 30
    assert orders["tags"]["Stack"] == "prod"
    assert orders["password"] == "<secret>"


def expressions(plan: dict[str, Any], address: str) -> dict[str, Any]:
    (found,) = (
        each["expressions"]
        for each in plan["configuration"]["root_module"]["resources"]
        if each["address"] == address
    )
    return dict(found)


def test_what_a_resource_refers_to(plan: dict[str, Any]) -> None:
    selection = expressions(plan, "aws_backup_selection.catalog-copy-selection")
    assert selection["resources"] == {
        "references": ["aws_rds_cluster.catalog-cluster.arn", "aws_rds_cluster.catalog-cluster"]
    }
    assert selection["plan_id"] == {
        "references": ["aws_backup_plan.catalog-copy-plan.id", "aws_backup_plan.catalog-copy-plan"]
    }
    assert "name" not in selection


def test_what_is_made_of_an_output_refers_to_the_resource(plan: dict[str, Any]) -> None:
    database = expressions(plan, "aws_db_instance.orders-instance")
    assert database["password"] == {"references": ["random_password.orders-credentials-password"]}


def test_blocks_are_told_from_lists_of_maps(plan: dict[str, Any]) -> None:
    key = "aws_kms_key.trail-encryption-key"
    encryption = expressions(
        plan, "aws_s3_bucket_server_side_encryption_configuration.trail-encrypted"
    )
    default = {"kms_master_key_id": {"references": [f"{key}.arn", key]}}
    assert encryption["rule"] == [{"apply_server_side_encryption_by_default": [default]}]
    database = expressions(plan, "aws_db_instance.orders-instance")
    assert "tags" not in database


def test_what_aws_chooses_is_not_known_before(plan: dict[str, Any]) -> None:
    """By what is unknown, and refers to a resource, scanners put rules into their groups."""
    (rule, *_) = (
        each["change"]
        for each in plan["resource_changes"]
        if each["type"] == "aws_vpc_security_group_ingress_rule"
        and "cidr_ipv4" in each["change"]["after"]
    )
    assert rule["after_unknown"] == {"security_group_id": True}
    assert "security_group_id" not in rule["after"]
    assert rule["after"]["ip_protocol"] == "tcp"


def test_policies_are_known_to_the_last_arn(plan: dict[str, Any]) -> None:
    policies = [
        each["values"]["policy"]
        for each in plan["planned_values"]["root_module"]["resources"]
        if each["type"] in ("aws_iam_role_policy", "aws_kms_key", "aws_sns_topic_policy")
    ]
    assert len(policies) > 10
    assert [each for each in policies if "unknown" in each] == []
