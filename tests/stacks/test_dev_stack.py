"""The dev stack is the course's, name by name and number by number (shared/course.md)."""

from __future__ import annotations

from typing import Any

import pytest

from contract import ClientHost, read_client_hosts, read_databases
from tests.recorder import Recording
from tests.stacks.recorded import recorded

COURSE: dict[str, dict[str, Any]] = {
    # Practice 1: Create RDS MySQL Database
    "mysql-instance": {
        "engine": "mysql",
        # The course's "latest (8.0.x)" was that; 8.0 has been in paid support since 2026-08.
        "engineVersion": "8.4",
        "identifier": "myapp-mysql-db",
        "username": "admin",
        "instanceClass": "db.t3.micro",
        "allocatedStorage": 20,
        "storageType": "gp2",
        "multiAz": True,
        "publiclyAccessible": False,
        "dbName": "myappdb",
        "backupRetentionPeriod": 7,
    },
    # Practice 1, 2: Configure Security Group
    "mysql-access-from-clients": {"fromPort": 3306, "toPort": 3306, "ipProtocol": "tcp"},
    # Practice 2: Create Read Replica, then one in another region
    "mysql-replica-instance": {
        "identifier": "myapp-mysql-replica",
        "region": "us-east-1",
        "instanceClass": "db.t3.micro",
        "multiAz": False,
        "publiclyAccessible": False,
    },
    "mysql-replica-west-instance": {
        "region": "us-west-2",
        "instanceClass": "db.t3.micro",
        "multiAz": False,
        "publiclyAccessible": False,
    },
    # Practice 3: Create Aurora Cluster, Add Aurora Read Replicas
    "aurora-cluster": {
        "engine": "aurora-mysql",
        "clusterIdentifier": "myapp-aurora-cluster",
        "masterUsername": "admin",
    },
    "aurora-member-myapp-aurora-a": {"instanceClass": "db.r5.large"},
    "aurora-member-myapp-aurora-reader-1": {
        "identifier": "myapp-aurora-reader-1",
        "instanceClass": "db.r5.large",
    },
    "aurora-member-myapp-aurora-reader-2": {"instanceClass": "db.r5.large"},
    # Practice 4: Create Aurora Serverless. Its minimum of 2 with a pause is version 1's.
    "aurora-serverless-cluster": {
        "engine": "aurora-mysql",
        "clusterIdentifier": "myapp-aurora-serverless",
        "masterUsername": "admin",
        "serverlessv2ScalingConfiguration": {
            "minCapacity": 0,
            "maxCapacity": 16,
            "secondsUntilAutoPause": 300,
        },
    },
    # Practice 5: Create Redis Cluster, Configure Security Group
    "redis-group": {
        "engine": "redis",
        "replicationGroupId": "myapp-redis-cache",
        "description": "Application caching layer",
        "nodeType": "cache.t3.micro",
        # A primary and two replicas.
        "numCacheClusters": 3,
        "multiAzEnabled": True,
        "automaticFailoverEnabled": True,
        "port": 6379,
    },
    # ElastiCache: Supported Engines
    "memcached-cluster": {"engine": "memcached", "numCacheNodes": 2, "azMode": "cross-az"},
    "redis-access-from-clients": {"fromPort": 6379, "toPort": 6379, "ipProtocol": "tcp"},
}


@pytest.fixture(scope="module")
def dev() -> Recording:
    return recorded("dev")


@pytest.mark.parametrize("name", COURSE)
def test_what_the_course_asks_for(dev: Recording, name: str) -> None:
    asked = dev.named(name).inputs
    assert {key: asked.get(key) for key in COURSE[name]} == COURSE[name]


def test_what_the_course_ticks(dev: Recording) -> None:
    mysql = dev.named("mysql-instance").inputs
    assert mysql["maxAllocatedStorage"] > mysql["allocatedStorage"], "storage autoscaling"
    assert mysql["monitoringInterval"] > 0, "Enhanced Monitoring"
    assert dev.named("redis-group").inputs["snapshotRetentionLimit"] >= 1, "automatic backups"


def test_every_aurora_member_has_a_zone_of_its_own(dev: Recording) -> None:
    members = ("a", "reader-1", "reader-2")
    zones = [
        dev.named(f"aurora-member-myapp-aurora-{m}").inputs["availabilityZone"] for m in members
    ]
    assert len(set(zones)) == 3


def test_every_database_stands_in_the_default_vpc_behind_a_door_of_its_own(dev: Recording) -> None:
    doors = {
        "mysql-instance": "vpcSecurityGroupIds",
        "mysql-replica-instance": "vpcSecurityGroupIds",
        "mysql-replica-west-instance": "vpcSecurityGroupIds",
        "aurora-cluster": "vpcSecurityGroupIds",
        "aurora-serverless-cluster": "vpcSecurityGroupIds",
        "redis-group": "securityGroupIds",
        "memcached-cluster": "securityGroupIds",
    }
    groups = [tuple(dev.named(name).inputs[key]) for name, key in doors.items()]
    assert groups == [
        ("mysql-access-group-id",),
        ("mysql-replica-access-group-id",),
        ("mysql-replica-west-access-group-id",),
        ("aurora-access-group-id",),
        ("aurora-serverless-access-group-id",),
        ("redis-access-group-id",),
        ("memcached-access-group-id",),
    ]


def test_what_stands_once_for_all(dev: Recording) -> None:
    shared = {
        resource.name: resource.type
        for resource in dev.resources
        if resource.parent == "aws-databases-dev"
    }
    assert shared == {
        "network-us-east-1": "aws-databases:index:Network",
        "network-us-west-2": "aws-databases:index:Network",
        "key-us-east-1": "aws-databases:index:RegionKey",
        "key-us-west-2": "aws-databases:index:RegionKey",
        "monitoring": "aws-databases:index:MonitoringRole",
        "dashboard": "aws-databases:index:Dashboard",
        "client-host-us-east-1": "aws-databases:index:ClientHost",
        "client-host-us-west-2": "aws-databases:index:ClientHost",
        "mysql": "aws-databases:index:RdsMysql",
        "mysql-replica": "aws-databases:index:ReadReplica",
        "mysql-replica-west": "aws-databases:index:ReadReplica",
        "aurora": "aws-databases:index:AuroraMysql",
        "aurora-serverless": "aws-databases:index:AuroraServerless",
        "redis": "aws-databases:index:Redis",
        "memcached": "aws-databases:index:Memcached",
    }


def test_its_outputs_are_the_contracts(dev: Recording) -> None:
    databases = read_databases(dev.outputs)
    told = {
        name: (found.kind, found.region, [endpoint.role for endpoint in found.endpoints])
        for name, found in databases.items()
    }
    assert told == {
        "mysql": ("rds-mysql", "us-east-1", ["writer", "instance"]),
        "mysql-replica": ("read-replica", "us-east-1", ["reader", "instance"]),
        "mysql-replica-west": ("read-replica", "us-west-2", ["reader", "instance"]),
        "aurora": (
            "aurora-mysql",
            "us-east-1",
            ["writer", "reader", "custom", "instance", "instance", "instance"],
        ),
        "aurora-serverless": ("aurora-serverless", "us-east-1", ["writer", "reader", "instance"]),
        "redis": ("redis", "us-east-1", ["primary", "reader"]),
        "memcached": ("memcached", "us-east-1", ["configuration", "node", "node"]),
    }
    assert dev.outputs.keys() == {"databases", "alarms", "client_hosts", "client_security_groups"}
    assert read_client_hosts(dev.outputs) == {
        region: ClientHost(instance=f"client-host-{region}-instance-id", region=region)
        for region in ("us-east-1", "us-west-2")
    }
    assert dev.outputs["client_security_groups"] == {
        "us-east-1": "network-us-east-1-clients-id",
        "us-west-2": "network-us-west-2-clients-id",
    }


def test_every_databases_secret_is_one_of_the_stack(dev: Recording) -> None:
    secrets = {
        f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf"
        for name in (
            # MySQL has replicas, of which RDS makes none where it makes the password.
            "mysql-credentials-secret",
            "rds!cluster-myapp-aurora-cluster",
            "rds!cluster-myapp-aurora-serverless",
            "redis-credentials-secret",
        )
    }
    databases = read_databases(dev.outputs)
    # Memcached knows no users.
    known = {name: found.secret_arn for name, found in databases.items() if name != "memcached"}
    assert set(known.values()) == secrets
    assert databases["memcached"].secret_arn is None
    for replica in ("mysql-replica", "mysql-replica-west"):
        assert databases[replica].secret_arn == databases["mysql"].secret_arn
        assert databases[replica].source == "mysql"
