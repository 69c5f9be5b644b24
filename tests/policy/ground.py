"""Stacks written by hand: one good resource of each type, and what a test changes of it."""

from __future__ import annotations

from typing import Any

from policy.resources import Registered, Resource

GROUP = ["sg-1"]
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
GOOD: dict[str, dict[str, Any]] = {
    "aws:rds/instance:Instance": {
        "identifier": "orders",
        "engine": "mysql",
        "instanceClass": "db.m6g.large",
        "allocatedStorage": 400,
        "maxAllocatedStorage": 2000,
        "multiAz": True,
        "vpcSecurityGroupIds": GROUP,
        "backupRetentionPeriod": 30,
        "skipFinalSnapshot": False,
        "deletionProtection": True,
        "storageEncrypted": True,
        "kmsKeyId": KEY,
        "performanceInsightsEnabled": True,
        "enabledCloudwatchLogsExports": ["error"],
        "publiclyAccessible": False,
        "iamDatabaseAuthenticationEnabled": True,
    },
    "aws:rds/cluster:Cluster": {
        "clusterIdentifier": "catalog",
        "engine": "aurora-mysql",
        "masterUsername": "admin",
        "vpcSecurityGroupIds": GROUP,
        "backupRetentionPeriod": 30,
        "deletionProtection": True,
        "storageEncrypted": True,
        "kmsKeyId": KEY,
        "iamDatabaseAuthenticationEnabled": True,
    },
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": {
        "region": "us-west-2",
        "sourceDbInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:orders",
    },
    "aws:backup/plan:Plan": {
        "rules": [
            {
                "copyActions": [
                    {"destinationVaultArn": "arn:aws:backup:us-west-2:123456789012:backup-vault:v"}
                ]
            }
        ]
    },
    "aws:backup/selection:Selection": {
        "resources": ["arn:aws:rds:us-east-1:123456789012:cluster:catalog"]
    },
    "aws:rds/clusterInstance:ClusterInstance": {
        "identifier": "catalog-a",
        "clusterIdentifier": "catalog",
        "instanceClass": "db.r6g.large",
        "availabilityZone": "us-east-1a",
        "performanceInsightsEnabled": True,
    },
    "aws:rds/globalCluster:GlobalCluster": {
        "globalClusterIdentifier": "store",
        "deletionProtection": True,
    },
    "aws:rds/parameterGroup:ParameterGroup": {
        "family": "mysql8.4",
        "parameters": [{"name": "require_secure_transport", "value": "1"}],
    },
    "aws:rds/proxy:Proxy": {"vpcSecurityGroupIds": GROUP, "requireTls": True},
    "aws:rds/proxyTarget:ProxyTarget": {"dbInstanceIdentifier": "orders"},
    "aws:elasticache/replicationGroup:ReplicationGroup": {
        "replicationGroupId": "sessions",
        "nodeType": "cache.r6g.large",
        "numCacheClusters": 2,
        "multiAzEnabled": True,
        "automaticFailoverEnabled": True,
        "securityGroupIds": GROUP,
        "snapshotRetentionLimit": 7,
        "finalSnapshotIdentifier": "sessions-final",
        "atRestEncryptionEnabled": True,
        "transitEncryptionEnabled": True,
        "kmsKeyId": KEY,
    },
    "aws:elasticache/cluster:Cluster": {
        "clusterId": "pages",
        "engine": "memcached",
        "nodeType": "cache.t3.micro",
        "azMode": "cross-az",
        "securityGroupIds": GROUP,
        "transitEncryptionEnabled": True,
    },
    "aws:elasticache/serverlessCache:ServerlessCache": {
        "securityGroupIds": GROUP,
        "snapshotRetentionLimit": 7,
        "kmsKeyId": KEY,
    },
    "aws:dms/replicationInstance:ReplicationInstance": {"multiAz": True},
    "aws:ec2/instance:Instance": {
        "associatePublicIpAddress": False,
        "metadataOptions": {"httpTokens": "required"},
        "rootBlockDevice": {"encrypted": True, "kmsKeyId": KEY},
    },
    "aws:secretsmanager/secret:Secret": {"kmsKeyId": KEY},
    "aws:cloudwatch/logGroup:LogGroup": {"name": "/aws/rds/x", "kmsKeyId": KEY},
    "aws:ec2/securityGroup:SecurityGroup": {"description": "Database access"},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
        "cidrIpv4": "10.0.0.0/16",
        "ipProtocol": "tcp",
        "fromPort": 3306,
        "toPort": 3306,
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        "metricName": "CPUUtilization",
        "dimensions": {"DBInstanceIdentifier": "orders"},
    },
}
_BY_NAME = {type_.rsplit(":", 1)[1]: type_ for type_ in GOOD}
# Two types have each of these names.
_BY_NAME["Instance"] = "aws:rds/instance:Instance"
_BY_NAME["Host"] = "aws:ec2/instance:Instance"
_BY_NAME["Cluster"] = "aws:rds/cluster:Cluster"
_BY_NAME["BackupCopy"] = _BY_NAME["InstanceAutomatedBackupsReplication"]
_BY_NAME["Memcached"] = "aws:elasticache/cluster:Cluster"
ABSENT = object()
"""As a value: the prop is not there at all."""


def a(
    type_: str, /, name: str = "", parent: str = "", secrets: tuple[str, ...] = (), **props: Any
) -> Resource:
    """A good resource of a type, by the type's last word, with some props of its own."""
    token = _BY_NAME[type_]
    merged = {**GOOD[token], **props}
    name = name or type_.lower()
    return Resource(
        urn=f"urn:pulumi:prod::shop::{token}::{name}",
        type=token,
        name=name,
        props={key: value for key, value in merged.items() if value is not ABSENT},
        parent=parent,
        secrets=frozenset(secrets),
    )


def stack(*resources: Resource) -> Registered:
    return Registered(resources)
