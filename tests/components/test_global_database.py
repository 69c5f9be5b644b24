from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.global_database import GlobalDatabase, GlobalDatabaseArgs
from contract import Database
from specs.global_database import GlobalDatabase as Spec
from tests.components.ground import EAST_KEY, WEST_KEY, ground, inputs
from tests.recorder import SECRET, Recording, record
from tests.specs.configs import changed
from tests.specs.test_global_database import STORE

MEMBER = "aws:rds/clusterInstance:ClusterInstance"


def _around(name: str) -> dict[str, str]:
    return {
        f"{name}-access": "aws-databases:index:DatabaseSecurityGroup",
        f"{name}-access-group": "aws:ec2/securityGroup:SecurityGroup",
        f"{name}-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        f"{name}-subnets": "aws:rds/subnetGroup:SubnetGroup",
        f"{name}-parameters": "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        f"{name}-logs": "aws-databases:index:LogGroups",
        f"{name}-logs-error": "aws:cloudwatch/logGroup:LogGroup",
        f"{name}-logs-slowquery": "aws:cloudwatch/logGroup:LogGroup",
        f"{name}-cluster": "aws:rds/cluster:Cluster",
    }


CHILDREN = {
    "db-global": "aws:rds/globalCluster:GlobalCluster",
    **_around("db"),
    "db-credentials": "aws-databases:index:Credentials",
    "db-credentials-password": "random:index/randomPassword:RandomPassword",
    "db-credentials-secret": "aws:secretsmanager/secret:Secret",
    "db-credentials-version": "aws:secretsmanager/secretVersion:SecretVersion",
    "db-member-store-east-a": MEMBER,
    "db-member-store-east-b": MEMBER,
    "db-us-west-2": "aws-databases:index:GlobalSecondary",
    **_around("db-us-west-2"),
    "db-us-west-2-member-store-west-a": MEMBER,
    # Headless: no member, and no credentials of its own anywhere.
    "db-eu-west-1": "aws-databases:index:GlobalSecondary",
    **_around("db-eu-west-1"),
}
IN_EVERY_CLUSTER: dict[str, Any] = {
    "engine": "aurora-mysql",
    "engineVersion": "8.0.mysql_aurora.3.10.6",
    "globalClusterIdentifier": "store",
    "port": 3306,
    "storageEncrypted": True,
    "backupRetentionPeriod": 7,
    "preferredBackupWindow": "03:00-04:00",
    "preferredMaintenanceWindow": "sun:04:30-sun:05:30",
    "enabledCloudwatchLogsExports": ["error", "slowquery"],
    "copyTagsToSnapshot": True,
    "applyImmediately": False,
    "deletionProtection": False,
    "skipFinalSnapshot": True,
}
CLUSTERS: dict[str, dict[str, Any]] = {
    "db-cluster": {
        "region": "us-east-1",
        "clusterIdentifier": "store-east",
        "databaseName": "store",
        "masterUsername": "admin",
        "masterPassword": SECRET,
        "dbSubnetGroupName": "db-subnets-1a2b3c4",
        "vpcSecurityGroupIds": ["db-access-group-id"],
        "dbClusterParameterGroupName": "db-parameters-1a2b3c4",
        "kmsKeyId": EAST_KEY,
    },
    "db-us-west-2-cluster": {
        "region": "us-west-2",
        "clusterIdentifier": "store-west",
        "enableGlobalWriteForwarding": False,
        "dbSubnetGroupName": "db-us-west-2-subnets-1a2b3c4",
        "vpcSecurityGroupIds": ["db-us-west-2-access-group-id"],
        "dbClusterParameterGroupName": "db-us-west-2-parameters-1a2b3c4",
        "kmsKeyId": WEST_KEY,
    },
    "db-eu-west-1-cluster": {
        "region": "eu-west-1",
        "clusterIdentifier": "store-eu",
        "enableGlobalWriteForwarding": False,
        "dbSubnetGroupName": "db-eu-west-1-subnets-1a2b3c4",
        "vpcSecurityGroupIds": ["db-eu-west-1-access-group-id"],
        "dbClusterParameterGroupName": "db-eu-west-1-parameters-1a2b3c4",
        "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/key-eu-west-1-key",
    },
}
MEMBERS = {
    "db-member-store-east-a": ("us-east-1", "store-east", "us-east-1a", 0, EAST_KEY),
    "db-member-store-east-b": ("us-east-1", "store-east", "us-east-1b", 1, EAST_KEY),
    "db-us-west-2-member-store-west-a": ("us-west-2", "store-west", "us-west-2a", 0, WEST_KEY),
}


def made(**changes: Any) -> Recording:
    spec = Spec.model_validate(changed(STORE, changes))

    def program() -> None:
        here = ground()
        others = {each.region: ground(each.region) for each in spec.secondaries}
        args = GlobalDatabaseArgs(
            spec,
            here.network,
            here.key,
            "topologies.store",
            {region: there.network for region, there in others.items()},
            {region: there.key for region, there in others.items()},
        )
        pulumi.export("facts", GlobalDatabase("db", args).facts)

    return record(program)


@pytest.fixture(scope="module")
def store() -> Recording:
    return made()


def test_the_exact_children(store: Recording) -> None:
    assert store.below("db") == CHILDREN


def test_the_global_cluster(store: Recording) -> None:
    assert inputs(store, "db-global") == {
        "region": "us-east-1",
        "globalClusterIdentifier": "store",
        # The provider's default is an engine that is gone.
        "engine": "aurora-mysql",
        "engineVersion": "8.0.mysql_aurora.3.10.6",
        "storageEncrypted": True,
        "deletionProtection": False,
    }


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_a_cluster(store: Recording, cluster: str) -> None:
    assert inputs(store, cluster) == IN_EVERY_CLUSTER | CLUSTERS[cluster]


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member(store: Recording, member: str) -> None:
    region, cluster, zone, tier, key = MEMBERS[member]
    assert inputs(store, member) == {
        "region": region,
        "clusterIdentifier": cluster,
        "identifier": member.rpartition("member-")[2],
        "engine": "aurora-mysql",
        "instanceClass": "db.r6g.large",
        "availabilityZone": zone,
        "promotionTier": tier,
        "dbSubnetGroupName": f"{member.rpartition('-member')[0]}-subnets-1a2b3c4",
        "publiclyAccessible": False,
        "autoMinorVersionUpgrade": False,
        "performanceInsightsEnabled": True,
        "performanceInsightsRetentionPeriod": 7,
        "performanceInsightsKmsKeyId": key,
        "applyImmediately": False,
    }


def test_its_members_leave_to_it_what_is_its_own(store: Recording) -> None:
    for cluster in CLUSTERS:
        assert store.named(cluster).ignores == ("engineVersion", "replicationSourceIdentifier")


def test_a_protected_one_is_protected_as_a_whole() -> None:
    recording = made(lifetime="protected")
    assert inputs(recording, "db-global")["deletionProtection"] is True


def test_the_primary_alone() -> None:
    recording = made(secondaries=[])
    assert not [name for name in recording.below("db") if "west" in name]
    assert recording.outputs["facts"]["worldwide"] == {"identifier": "store", "secondaries": []}


def test_what_it_tells_the_world(store: Recording) -> None:
    found = Database.model_validate(store.outputs["facts"])
    assert (found.kind, found.region, found.cluster) == (
        "global-database",
        "us-east-1",
        "store-east",
    )
    assert [e.role for e in found.endpoints] == ["writer", "reader", "instance", "instance"]
    assert found.instances == ("store-east-a", "store-east-b")
    assert found.worldwide is not None
    assert found.worldwide.identifier == "store"
    west, headless = found.worldwide.secondaries
    assert west.model_dump() == {
        "region": "us-west-2",
        "cluster": "store-west",
        "writer": {
            "role": "writer",
            "host": "store-west.cluster.us-west-2",
            "port": 3306,
            "name": None,
            "members": ("store-west-a",),
        },
        "reader": {
            "role": "reader",
            "host": "store-west.cluster-ro.us-west-2",
            "port": 3306,
            "name": None,
            "members": ("store-west-a",),
        },
        "nodes": (
            {
                "role": "instance",
                "host": "store-west-a.us-west-2",
                "port": 3306,
                "name": "store-west-a",
                "members": (),
            },
        ),
        "instances": ("store-west-a",),
        "write_forwarding": False,
        "security_group": "db-us-west-2-access-group-id",
    }
    assert (headless.region, headless.instances, headless.nodes) == ("eu-west-1", (), ())
    assert store.registered["db"]["secondaries"] == {
        "us-west-2": "store-west",
        "eu-west-1": "store-eu",
    }
