"""The databases of these tests, made with plain boto3, and what a program would output of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Client = Callable[[str], Any]
"""Gives a boto3 client of a service."""

REGION = "us-east-1"
USER = "admin"
PASSWORD = "only-for-these-tests-1"
ZONES = {"writer": "us-east-1a", "reader-1": "us-east-1b", "reader-2": "us-east-1b"}
NODES = ("cache-001", "cache-002", "cache-003")
TLS_ONLY = {
    "ParameterName": "require_secure_transport",
    "ParameterValue": "1",
    "ApplyMethod": "immediate",
}
ROLE = "arn:aws:iam::123456789012:role/monitoring"


def create_mysql(client: Client, secret: str) -> dict[str, Any]:
    rds = client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="tls", DBParameterGroupFamily="mysql8.4", Description="TLS only"
    )
    rds.modify_db_parameter_group(DBParameterGroupName="tls", Parameters=[TLS_ONLY])
    rds.create_db_instance(
        DBParameterGroupName="tls",
        DBInstanceIdentifier="source",
        Engine="mysql",
        EngineVersion="8.4",
        DBInstanceClass="db.t3.micro",
        DBName="myappdb",
        MasterUsername=USER,
        MasterUserPassword=PASSWORD,
        AllocatedStorage=20,
        MaxAllocatedStorage=100,
        StorageType="gp2",
        MultiAZ=True,
        BackupRetentionPeriod=7,
        MonitoringInterval=60,
        MonitoringRoleArn=ROLE,
        PubliclyAccessible=False,
        StorageEncrypted=True,
        EnableIAMDatabaseAuthentication=True,
    )
    rds.create_db_instance_read_replica(
        DBInstanceIdentifier="copy",
        SourceDBInstanceIdentifier="source",
        PubliclyAccessible=False,
    )
    source, replica = (_instance(rds, name) for name in ("source", "copy"))
    facts = {
        "engine": "mysql",
        "version": source["EngineVersion"],
        "region": REGION,
        "database": "myappdb",
        "user": USER,
        "secret_arn": secret,
    }
    return {
        "mysql": {
            **facts,
            "kind": "rds-mysql",
            "iam_auth": True,
            "endpoints": [_endpoint("writer", source), _endpoint("instance", source, "source")],
            "instances": ["source"],
        },
        "copy": {
            **facts,
            "kind": "read-replica",
            "endpoints": [_endpoint("reader", replica)],
            "source": "mysql",
            "instances": ["copy"],
        },
    }


def create_aurora(client: Client, secret: str) -> dict[str, Any]:
    rds = client("rds")
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="tls",
        DBParameterGroupFamily="aurora-mysql8.0",
        Description="TLS only",
    )
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="tls", Parameters=[TLS_ONLY])
    cluster = rds.create_db_cluster(
        DBClusterParameterGroupName="tls",
        DBClusterIdentifier="cluster",
        Engine="aurora-mysql",
        MasterUsername=USER,
        MasterUserPassword=PASSWORD,
        BackupRetentionPeriod=7,
        StorageEncrypted=True,
        EnableIAMDatabaseAuthentication=True,
    )["DBCluster"]
    for name, zone in ZONES.items():
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBClusterIdentifier="cluster",
            Engine="aurora-mysql",
            DBInstanceClass="db.r5.large",
            AvailabilityZone=zone,
        )
    custom = rds.create_db_cluster_endpoint(
        DBClusterIdentifier="cluster",
        DBClusterEndpointIdentifier="analytics",
        EndpointType="READER",
        StaticMembers=["reader-2"],
    )
    hosts = {
        "writer": cluster["Endpoint"],
        "reader": cluster["ReaderEndpoint"],
        "custom": custom["Endpoint"],
    }
    return {
        "aurora": {
            "kind": "aurora-mysql",
            "iam_auth": True,
            "engine": "aurora-mysql",
            "version": cluster["EngineVersion"],
            "region": REGION,
            "user": USER,
            "secret_arn": secret,
            "cluster": "cluster",
            "instances": list(ZONES),
            "endpoints": [
                {"role": "writer", "host": hosts["writer"], "port": 3306},
                {"role": "reader", "host": hosts["reader"], "port": 3306},
                {
                    "role": "custom",
                    "host": hosts["custom"],
                    "port": 3306,
                    "name": "analytics",
                    "members": ["reader-2"],
                },
                *(_endpoint("instance", _instance(rds, name), name) for name in ZONES),
            ],
        }
    }


def create_serverless(client: Client, secret: str) -> dict[str, Any]:
    rds = client("rds")
    cluster = rds.create_db_cluster(
        DBClusterParameterGroupName="tls",
        DBClusterIdentifier="serverless",
        Engine="aurora-mysql",
        MasterUsername=USER,
        MasterUserPassword=PASSWORD,
        BackupRetentionPeriod=7,
        StorageEncrypted=True,
        ServerlessV2ScalingConfiguration={"MinCapacity": 0, "MaxCapacity": 16},
    )["DBCluster"]
    rds.create_db_instance(
        DBInstanceIdentifier="serverless-a",
        DBClusterIdentifier="serverless",
        Engine="aurora-mysql",
        DBInstanceClass="db.serverless",
    )
    return {
        "serverless": {
            "kind": "aurora-serverless",
            "engine": "aurora-mysql",
            "version": cluster["EngineVersion"],
            "region": REGION,
            "user": USER,
            "secret_arn": secret,
            "cluster": "serverless",
            "instances": ["serverless-a"],
            "endpoints": [{"role": "writer", "host": cluster["Endpoint"], "port": 3306}],
        }
    }


def create_redis(client: Client, secret: str) -> dict[str, Any]:
    made = client("elasticache").create_replication_group(
        ReplicationGroupId="cache",
        ReplicationGroupDescription="Application caching layer",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumCacheClusters=len(NODES),
        MultiAZEnabled=True,
        AutomaticFailoverEnabled=True,
        SnapshotRetentionLimit=1,
        TransitEncryptionEnabled=True,
        AtRestEncryptionEnabled=True,
        AuthToken=PASSWORD,
    )["ReplicationGroup"]["NodeGroups"][0]
    return {
        "redis": {
            "kind": "redis",
            "engine": "redis",
            "version": "7.0",
            "region": REGION,
            "secret_arn": secret,
            "cluster": "cache",
            "instances": list(NODES),
            "endpoints": [
                {"role": role, "host": made[field]["Address"], "port": 6379}
                for role, field in (
                    ("primary", "PrimaryEndpoint"),
                    ("reader", "ReaderEndpoint"),
                )
            ],
        }
    }


def create_proxy(client: Client, secret: str) -> dict[str, Any]:
    """A proxy in front of the cluster, with an address for its readers."""
    rds, names = client("rds"), {"DBProxyName": "proxy"}
    subnets = [subnet["SubnetId"] for subnet in client("ec2").describe_subnets()["Subnets"]]
    hosts = {
        "writer": rds.create_db_proxy(
            **names,
            EngineFamily="MYSQL",
            Auth=[{"AuthScheme": "SECRETS", "SecretArn": secret}],
            RoleArn=ROLE,
            VpcSubnetIds=subnets,
            RequireTLS=True,
        )["DBProxy"]["Endpoint"],
        "reader": rds.create_db_proxy_endpoint(
            **names,
            DBProxyEndpointName="proxy-reader",
            VpcSubnetIds=subnets,
            TargetRole="READ_ONLY",
        )["DBProxyEndpoint"]["Endpoint"],
    }
    rds.register_db_proxy_targets(**names, DBClusterIdentifiers=["cluster"])
    return {
        "proxy": {
            "kind": "rds-proxy",
            "engine": "mysql",
            "version": "8.0",
            "region": REGION,
            "user": USER,
            "secret_arn": secret,
            "source": "aurora",
            "proxy": "proxy",
            "endpoints": [
                {"role": role, "host": host, "port": 3306} for role, host in hosts.items()
            ],
        }
    }


def _instance(rds: Any, identifier: str) -> dict[str, Any]:
    (found,) = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    facts: dict[str, Any] = found
    return facts


def _endpoint(role: str, instance: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    host = instance["Endpoint"]["Address"]
    return {"role": role, "host": host, "port": 3306, "name": name}
