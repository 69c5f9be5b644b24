"""Each rule with stacks it passes and stacks it must find."""

from __future__ import annotations

from typing import Any

import pytest

from policy.resources import UNKNOWN, Resource
from policy.rules import RULES, judge
from tests.policy.ground import ABSENT, a, stack

REPLICA: dict[str, Any] = {
    "replicateSourceDb": "orders",
    "multiAz": False,
    "backupRetentionPeriod": ABSENT,
}
TWO_ZONES = (
    a("ClusterInstance"),
    a("ClusterInstance", identifier="catalog-b", availabilityZone="us-east-1b"),
)
SECONDARY = a("Cluster", globalClusterIdentifier="store", masterUsername=ABSENT,
              backupRetentionPeriod=ABSENT)  # fmt: skip

THREE: dict[str, Any] = {
    "engine": "mysql",
    "dbClusterInstanceClass": "db.m6gd.large",
    "monitoringInterval": 60,
    "enabledCloudwatchLogsExports": ["error"],
}
"""A Multi-AZ DB cluster, whose three members are no resources."""


def alarm(metric: str, **dimensions: str) -> Resource:
    return a("MetricAlarm", metricName=metric, dimensions=dimensions)


PASS: list[tuple[str, list[Resource]]] = [
    ("multi-az", [a("Instance")]),
    ("multi-az", [a("Instance", **REPLICA)]),
    ("multi-az", [a("Cluster"), *TWO_ZONES]),
    ("multi-az", [SECONDARY, a("ClusterInstance")]),
    ("multi-az", [a("Cluster", **THREE)]),
    ("monitoring",
     [a("Cluster", **THREE), alarm("CPU", DBInstanceIdentifier="catalog-instance-3")]),
    ("replica-lag",
     [a("Cluster", **THREE), alarm("ReplicaLag", DBInstanceIdentifier="catalog-instance-1")]),
    ("over-provisioning", [a("Cluster", **THREE)]),
    ("multi-az", [a("ReplicationGroup"), a("Memcached"), a("ReplicationInstance")]),
    ("security-groups", [a("Instance"), a("Cluster"), a("Proxy"), a("ReplicationGroup")]),
    ("security-groups", [a("Memcached"), a("ServerlessCache"), a("SecurityGroup")]),
    ("security-groups", [a("SecurityGroupIngressRule")]),
    ("security-groups", [a("SecurityGroupIngressRule", cidrIpv4=UNKNOWN)]),
    ("backups", [a("Instance"), a("Cluster"), a("ReplicationGroup"), a("ServerlessCache")]),
    ("backups", [a("Instance", skipFinalSnapshot=True, **REPLICA), SECONDARY]),
    ("backups", [a("Memcached")]),
    ("backup-copies", [a("Instance"), a("BackupCopy")]),
    ("backup-copies", [a("Instance", region="us-east-1"), a("BackupCopy")]),
    ("backup-copies", [a("Cluster"), a("Plan"), a("Selection")]),
    # Whose rows are another's, whom AWS copies nothing of, and who has nothing to copy.
    ("backup-copies", [a("Instance", **REPLICA), SECONDARY]),
    ("backup-copies", [a("Cluster", **THREE)]),
    ("backup-copies", [a("ReplicationGroup"), a("ServerlessCache"), a("Memcached")]),
    ("backup-copies", [a("Instance", backupRetentionPeriod=0)]),
    ("monitoring", [a("Instance"), a("MetricAlarm")]),
    ("monitoring", [a("Cluster"), *TWO_ZONES, alarm("CPU", DBClusterIdentifier="catalog")]),
    ("monitoring", [a("Cluster"), *TWO_ZONES, alarm("CPU", DBInstanceIdentifier="catalog-b")]),
    ("monitoring", [a("ReplicationGroup"), alarm("CPU", CacheClusterId="sessions-002")]),
    ("monitoring", [a("ReplicationGroup"), alarm("CPU", CacheClusterId="sessions-0001-002")]),
    ("monitoring", [a("Memcached"), alarm("Evictions", CacheClusterId="pages")]),
    ("replica-lag", [a("Instance")]),
    ("replica-lag", [a("Instance", **REPLICA), alarm("ReplicaLag", DBInstanceIdentifier="orders")]),
    ("replica-lag", [a("Cluster"), a("ClusterInstance")]),
    ("replica-lag", [a("ReplicationGroup", numCacheClusters=1)]),
    ("replica-lag",
     [a("ReplicationGroup"), alarm("ReplicationLag", CacheClusterId="sessions-002")]),
    ("over-provisioning", [a("Instance", instanceClass="db.m6g.8xlarge"), a("ReplicationGroup")]),
    ("over-provisioning", [a("Instance", allocatedStorage=1000, maxAllocatedStorage=ABSENT)]),
    ("over-provisioning",
     [a("Cluster", serverlessv2ScalingConfiguration={"minCapacity": 8, "maxCapacity": 16})]),
    ("connection-pooling", [a("Instance"), a("ProxyTarget")]),
    ("connection-pooling", [a("Instance", engine="oracle-se2"), a("ReplicationGroup")]),
    ("connection-pooling-of-each", [a("Instance"), a("ProxyTarget")]),
    ("connection-pooling-of-each", [a("Instance")]),
    ("encryption", [a("Instance"), a("Cluster"), a("ReplicationGroup"), a("ServerlessCache")]),
    ("encryption", [a("Secret"), a("Proxy"), a("Memcached"), a("ParameterGroup")]),
    ("encryption", [a("Instance", storageEncrypted=ABSENT, kmsKeyId=ABSENT, **REPLICA)]),
    ("encryption", [a("ParameterGroup", family="oracle-se2-19", parameters=[])]),
    ("log-encryption", [a("LogGroup")]),
    ("public-access", [a("Instance"), a("ClusterInstance")]),
    ("client-host", [a("Host"), a("SecurityGroupIngressRule"), a("SecurityGroup")]),
    ("client-host", [a("Host", rootBlockDevice={"encrypted": True, "kmsKeyId": UNKNOWN})]),
    ("client-host", [a("SecurityGroupIngressRule", ipProtocol="-1", fromPort=ABSENT)]),
    ("iam-authentication", [a("Instance"), a("Cluster"), SECONDARY, a("Instance", **REPLICA)]),
    ("iam-authentication",
     [a("Instance", engine="oracle-se2", iamDatabaseAuthenticationEnabled=ABSENT)]),
    ("plaintext-secrets", [a("Instance", password="x", secrets=("password",))]),
    ("plaintext-secrets", [a("Instance", password=UNKNOWN)]),
    ("plaintext-secrets", [a("Instance", secretArn="arn:aws:secretsmanager:x:1:secret:a")]),
    ("deletion-protection", [a("Instance"), a("Cluster"), a("GlobalCluster")]),
    ("deletion-protection", [a("ReplicationGroup")]),
    ("deletion-protection", [a("Instance", deletionProtection=False, **REPLICA)]),
]  # fmt: skip

FAIL: list[tuple[str, list[Resource], str]] = [
    ("multi-az", [a("Instance", multiAz=False)], "has no standby in another zone"),
    ("multi-az", [a("ReplicationInstance", multiAz=False)], "has no standby in another zone"),
    ("multi-az", [a("Cluster"), a("ClusterInstance")], "has 1 instance(s) in 1 zone(s)"),
    ("multi-az", [a("Cluster"), a("ClusterInstance"), a("ClusterInstance", identifier="b")],
     "has 2 instance(s) in 1 zone(s)"),
    ("multi-az", [a("ReplicationGroup", automaticFailoverEnabled=False)],
     "does not fail over to another zone"),
    ("multi-az", [a("Memcached", azMode="single-az")], "has its nodes in one zone"),
    ("multi-az", [a("Cluster", engine="mysql")], "has 0 instance(s) in 0 zone(s)"),
    ("monitoring", [a("Cluster", **THREE)], "has no alarm"),
    ("monitoring", [a("Cluster", **THREE), alarm("CPU", DBInstanceIdentifier="catalog-instance-4")],
     "has no alarm"),
    ("monitoring",
     [a("Cluster", **{**THREE, "monitoringInterval": 0}),
      alarm("CPU", DBInstanceIdentifier="catalog-instance-2")],
     "has neither Performance Insights nor Enhanced Monitoring"),
    ("monitoring",
     [a("Cluster", **{**THREE, "enabledCloudwatchLogsExports": []}),
      alarm("CPU", DBInstanceIdentifier="catalog-instance-2")],
     "exports no log"),
    ("replica-lag",
     [a("Cluster", **THREE), alarm("CPU", DBInstanceIdentifier="catalog-instance-1")],
     "may fall behind unnoticed"),
    ("over-provisioning", [a("Cluster", **{**THREE, "dbClusterInstanceClass": "db.m6gd.12xlarge"})],
     "is a db.m6gd.12xlarge"),
    ("public-access", [a("Cluster", publiclyAccessible=True, **THREE)], "has a public address"),
    ("security-groups", [a("Instance", vpcSecurityGroupIds=[])],
     "is in the VPC's default security group"),
    ("security-groups", [a("Memcached", securityGroupIds=ABSENT)],
     "is in the VPC's default security group"),
    ("security-groups", [a("SecurityGroupIngressRule", cidrIpv4="0.0.0.0/0")], "lets in 0.0.0.0/0"),
    ("security-groups", [a("SecurityGroupIngressRule", cidrIpv6="::/0")], "lets in ::/0"),
    ("security-groups", [a("SecurityGroupIngressRule", cidrIpv4="10.0.0.0/8")],
     "lets in 10.0.0.0/8"),
    ("security-groups", [a("SecurityGroupIngressRule", ipProtocol="-1")], "opens every port"),
    ("security-groups", [a("SecurityGroup", ingress=[{"cidrBlocks": ["0.0.0.0/0"]}])],
     "lets in 0.0.0.0/0"),
    ("backups", [a("Instance", backupRetentionPeriod=0)], "keeps its backups for 0 days"),
    ("backups", [a("Cluster", backupRetentionPeriod=6)], "keeps its backups for 6 days"),
    ("backups", [a("Cluster", skipFinalSnapshot=True)], "is deleted without a final snapshot"),
    ("backups", [a("ReplicationGroup", snapshotRetentionLimit=ABSENT)], "takes no snapshots"),
    ("backups", [a("ServerlessCache", snapshotRetentionLimit=0)], "takes no snapshots"),
    ("backup-copies", [a("Instance")], "has its backups in one region only"),
    ("backup-copies", [a("Instance", identifier="ledger"), a("BackupCopy")],
     "has its backups in one region only"),
    ("backup-copies", [a("Instance", region="us-west-2"), a("BackupCopy")],
     "has its backups in one region only"),
    ("backup-copies", [a("Cluster"), a("Selection")], "has its backups in one region only"),
    ("backup-copies", [a("Cluster"), a("Plan")], "has its backups in one region only"),
    ("backup-copies", [a("Cluster"), a("Plan", rules=[{"ruleName": "daily"}]), a("Selection")],
     "has its backups in one region only"),
    ("backup-copies", [a("Cluster", region="us-west-2"), a("Plan"), a("Selection")],
     "has its backups in one region only"),
    ("backup-copies", [a("Cluster", clusterIdentifier="store"), a("Plan"), a("Selection")],
     "has its backups in one region only"),
    ("monitoring", [a("Instance")], "has no alarm"),
    ("monitoring", [a("Instance"), alarm("CPU", DBInstanceIdentifier="orders-replica")],
     "has no alarm"),
    ("monitoring", [a("ReplicationGroup"), alarm("CPU", CacheClusterId="sessions-eu-001")],
     "has no alarm"),
    ("monitoring", [a("Instance", performanceInsightsEnabled=False), a("MetricAlarm")],
     "has neither Performance Insights nor Enhanced Monitoring"),
    ("monitoring", [a("Instance", enabledCloudwatchLogsExports=[]), a("MetricAlarm")],
     "exports no log"),
    ("replica-lag", [a("Instance", **REPLICA)], "may fall behind unnoticed"),
    ("replica-lag", [a("Instance", **REPLICA), alarm("CPU", DBInstanceIdentifier="orders")],
     "may fall behind unnoticed"),
    ("replica-lag", [SECONDARY, alarm("CPU", DBClusterIdentifier="catalog")],
     "may fall behind unnoticed"),
    ("replica-lag", [a("Cluster"), *TWO_ZONES], "may fall behind unnoticed"),
    ("replica-lag", [a("ReplicationGroup")], "may fall behind unnoticed"),
    ("replica-lag", [a("ReplicationGroup", numCacheClusters=ABSENT, replicasPerNodeGroup=1)],
     "may fall behind unnoticed"),
    ("over-provisioning", [a("Instance", instanceClass="db.m6g.12xlarge")], "is a db.m6g.12xlarge"),
    ("over-provisioning", [a("ReplicationGroup", nodeType="cache.r6g.16xlarge")],
     "is a cache.r6g.16xlarge"),
    ("over-provisioning", [a("Instance", allocatedStorage=1001, maxAllocatedStorage=ABSENT)],
     "has 1001 GB from the first day"),
    ("over-provisioning",
     [a("Cluster", serverlessv2ScalingConfiguration={"minCapacity": 9, "maxCapacity": 16})],
     "idles at 9 of 16 ACU"),
    ("connection-pooling", [a("Instance")], "has no RDS Proxy"),
    ("connection-pooling-of-each", [a("Cluster"), a("ProxyTarget")], "has no RDS Proxy"),
    ("encryption", [a("Instance", storageEncrypted=False)], "is not encrypted at rest"),
    ("encryption", [a("Cluster", kmsKeyId=ABSENT)], "is encrypted with AWS's key"),
    ("encryption", [a("ReplicationGroup", atRestEncryptionEnabled=False)],
     "is not encrypted at rest"),
    ("encryption", [a("Secret", kmsKeyId=ABSENT)], "is encrypted with AWS's key"),
    ("encryption", [a("ReplicationGroup", transitEncryptionEnabled=False)],
     "takes connections without TLS"),
    ("encryption", [a("Proxy", requireTls=False)], "takes connections without TLS"),
    ("encryption", [a("ParameterGroup", parameters=[])],
     "lets the server take connections without TLS"),
    ("encryption", [a("ParameterGroup", family="postgres17")],
     "lets the server take connections without TLS"),
    ("log-encryption", [a("LogGroup", kmsKeyId=ABSENT)], "is encrypted with AWS's key"),
    ("public-access", [a("Instance", publiclyAccessible=True)], "has a public address"),
    ("public-access", [a("ClusterInstance", publiclyAccessible=True)], "has a public address"),
    ("client-host", [a("Host", associatePublicIpAddress=True)], "has a public address"),
    ("client-host", [a("Host", keyName="mine")], "is logged in to by a key"),
    ("client-host", [a("Host", metadataOptions=ABSENT)],
     "gives its role away without a token (IMDSv1)"),
    ("client-host", [a("Host", metadataOptions={"httpTokens": "optional"})],
     "gives its role away without a token (IMDSv1)"),
    ("client-host", [a("Host", rootBlockDevice=ABSENT)], "is not encrypted at rest"),
    ("client-host", [a("Host", rootBlockDevice={"encrypted": True})],
     "is encrypted with AWS's key"),
    ("client-host", [a("SecurityGroupIngressRule", fromPort=22, toPort=22)], "lets SSH in"),
    ("client-host", [a("SecurityGroupIngressRule", fromPort=3000, toPort=4000)], "lets RDP in"),
    ("iam-authentication", [a("Instance", iamDatabaseAuthenticationEnabled=ABSENT)],
     "takes no tokens of IAM"),
    ("iam-authentication", [a("Cluster", iamDatabaseAuthenticationEnabled=False)],
     "takes no tokens of IAM"),
    ("iam-authentication",
     [a("Instance", engine=ABSENT, iamDatabaseAuthenticationEnabled=ABSENT, **REPLICA)],
     "takes no tokens of IAM"),
    ("plaintext-secrets", [a("Instance", password="hunter2")], "has its password in plain text"),
    ("plaintext-secrets", [a("Instance", tags={"Password": "hunter2"})],
     "has a password spelt out in tags"),
    ("plaintext-secrets", [a("Instance", attributes="user=a;password=hunter2")],
     "has a password spelt out in attributes"),
    ("deletion-protection", [a("Instance", deletionProtection=False)], "is deleted by one call"),
    ("deletion-protection", [a("GlobalCluster", deletionProtection=False)],
     "is deleted by one call"),
    ("deletion-protection", [a("ReplicationGroup", finalSnapshotIdentifier=ABSENT)],
     "is deleted without a final snapshot"),
]  # fmt: skip


def found(rule: str, resources: list[Resource]) -> set[str]:
    return {each.problem for each in judge("prod", stack(*resources)) if each.rule == rule}


@pytest.mark.parametrize(("rule", "resources"), PASS)
def test_passes(rule: str, resources: list[Resource]) -> None:
    assert found(rule, resources) == set()


@pytest.mark.parametrize(("rule", "resources", "problem"), FAIL)
def test_finds(rule: str, resources: list[Resource], problem: str) -> None:
    assert found(rule, resources) == {problem}


def test_every_rule_has_both() -> None:
    ids = {rule.id for rule in RULES}
    assert {rule for rule, _ in PASS} == ids
    assert {rule for rule, _, _ in FAIL} == ids


def test_an_alarm_on_a_node_that_only_aws_names_is_its_parents() -> None:
    cache = a("ReplicationGroup", parent="urn:sessions")
    below = a("MetricAlarm", parent="urn:alarms", dimensions={"CacheClusterId": UNKNOWN})
    component = [
        Resource("urn:sessions", "aws-databases:index:Redis", "sessions", {}),
        Resource("urn:alarms", "aws-databases:index:Alarms", "alarms", {}, "urn:sessions"),
    ]
    assert found("monitoring", [cache, below, *component]) == set()
    assert found("monitoring", [cache, below, component[0]]) == {"has no alarm"}


def test_a_copy_whose_source_only_aws_names_is_its_parents() -> None:
    database = a("Instance", parent="urn:orders", region="us-east-1")
    copy = a("BackupCopy", parent="urn:copy", sourceDbInstanceArn=UNKNOWN)
    cluster = a("Cluster", parent="urn:orders", region="us-east-1")
    vault = [{"copyActions": [{"destinationVaultArn": UNKNOWN}]}]
    planned = [
        a("Plan", parent="urn:copy", rules=vault),
        a("Selection", parent="urn:copy", resources=[UNKNOWN]),
    ]
    own = Resource("urn:copy", "aws-databases:index:InstanceBackupCopy", "copy", {}, "urn:orders")
    other = Resource(own.urn, own.type, own.name, {}, "urn:ledger")
    components = [
        Resource(f"urn:{n}", "aws-databases:index:X", n, {}) for n in ("orders", "ledger")
    ]
    for source, copies in ((database, [copy]), (cluster, planned)):
        assert found("backup-copies", [source, *copies, own, *components]) == set()
        assert found("backup-copies", [source, *copies, other, *components]) != set()


def test_where_secrets_are_not_marked_only_a_spelt_out_one_is_found() -> None:
    # Pulumi's engine hands a policy pack secrets like anything else.
    def unmarked(**props: str) -> list[Resource]:
        return [Resource("urn", "aws:rds/instance:Instance", "orders", props, secrets=None)]

    assert found("plaintext-secrets", unmarked(password="x")) == set()
    assert found("plaintext-secrets", unmarked(description="password: x")) == {
        "has a password spelt out in description"
    }
