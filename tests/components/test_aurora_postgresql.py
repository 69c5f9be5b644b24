from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.aurora_postgresql import AuroraPostgresql, AuroraPostgresqlArgs
from components.errors import ComponentError
from specs.aurora_postgresql import AuroraPostgresql as Spec
from tests.components.ground import EAST_KEY, ground, inputs
from tests.recorder import SECRET, Recording, record
from tests.specs.configs import AURORA_POSTGRESQL

MEMBER = "aws:rds/clusterInstance:ClusterInstance"
CHILDREN = {
    "db-access": "aws-databases:index:DatabaseSecurityGroup",
    "db-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "db-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "db-credentials": "aws-databases:index:Credentials",
    "db-credentials-password": "random:index/randomPassword:RandomPassword",
    "db-credentials-secret": "aws:secretsmanager/secret:Secret",
    "db-credentials-version": "aws:secretsmanager/secretVersion:SecretVersion",
    "db-subnets": "aws:rds/subnetGroup:SubnetGroup",
    "db-parameters": "aws:rds/clusterParameterGroup:ClusterParameterGroup",
    "db-logs": "aws-databases:index:LogGroups",
    "db-logs-postgresql": "aws:cloudwatch/logGroup:LogGroup",
    "db-cluster": "aws:rds/cluster:Cluster",
    "db-member-myapp-ledger-a": MEMBER,
    "db-member-myapp-ledger-b": MEMBER,
    "db-member-myapp-ledger-c": MEMBER,
    "db-endpoint-reports": "aws:rds/clusterEndpoint:ClusterEndpoint",
}
CLUSTER = {
    "region": "us-east-1",
    "clusterIdentifier": "myapp-ledger",
    "engine": "aurora-postgresql",
    "engineVersion": "17.7",
    "databaseName": "ledger",
    "masterUsername": "ledger",
    "masterPassword": SECRET,
    "port": 5432,
    "dbSubnetGroupName": "db-subnets-1a2b3c4",
    "vpcSecurityGroupIds": ["db-access-group-id"],
    "dbClusterParameterGroupName": "db-parameters-1a2b3c4",
    "storageEncrypted": True,
    "kmsKeyId": EAST_KEY,
    "backupRetentionPeriod": 7,
    "preferredBackupWindow": "03:00-04:00",
    "preferredMaintenanceWindow": "sun:04:30-sun:05:30",
    "enabledCloudwatchLogsExports": ["postgresql"],
    "copyTagsToSnapshot": True,
    "applyImmediately": True,
    "deletionProtection": False,
    "skipFinalSnapshot": True,
}
IN_EVERY_MEMBER = {
    "region": "us-east-1",
    "clusterIdentifier": "myapp-ledger",
    "engine": "aurora-postgresql",
    "instanceClass": "db.r6g.large",
    "dbSubnetGroupName": "db-subnets-1a2b3c4",
    "publiclyAccessible": False,
    "autoMinorVersionUpgrade": False,
    "performanceInsightsEnabled": True,
    "performanceInsightsRetentionPeriod": 7,
    "performanceInsightsKmsKeyId": EAST_KEY,
    "applyImmediately": True,
}
MEMBERS = {
    f"db-member-myapp-ledger-{zone}": {
        "identifier": f"myapp-ledger-{zone}",
        "availabilityZone": f"us-east-1{zone}",
        "promotionTier": tier,
    }
    for tier, zone in enumerate("abc")
}


def made(**changes: Any) -> Recording:
    whole = AURORA_POSTGRESQL | changes
    spec = Spec.model_validate({key: value for key, value in whole.items() if value is not None})

    def program() -> None:
        here = ground()
        args = AuroraPostgresqlArgs(spec, here.network, here.key, "topologies.ledger")
        pulumi.export("facts", AuroraPostgresql("db", args).facts)

    return record(program)


@pytest.fixture(scope="module")
def ledger() -> Recording:
    return made()


def test_the_exact_children(ledger: Recording) -> None:
    assert ledger.below("db") == CHILDREN


def test_the_cluster(ledger: Recording) -> None:
    assert inputs(ledger, "db-cluster") == CLUSTER


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member(ledger: Recording, member: str) -> None:
    assert inputs(ledger, member) == IN_EVERY_MEMBER | MEMBERS[member]


def test_the_writer_is_there_first(ledger: Recording) -> None:
    writer = "db-member-myapp-ledger-a"
    assert writer not in ledger.named(writer).depends_on
    for reader in ("db-member-myapp-ledger-b", "db-member-myapp-ledger-c"):
        assert writer in ledger.named(reader).depends_on


def test_the_groups_it_stands_in(ledger: Recording) -> None:
    assert inputs(ledger, "db-parameters") == {
        "region": "us-east-1",
        "family": "aurora-postgresql17",
        "description": "Parameters of myapp-ledger",
        "parameters": [
            {"name": "log_min_duration_statement", "value": "1000", "applyMethod": "immediate"},
            {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"},
        ],
    }
    rule = ledger.named("db-access-from-clients").inputs
    assert (rule["fromPort"], rule["toPort"]) == (5432, 5432)
    group = inputs(ledger, "db-logs-postgresql")
    assert group["name"] == "/aws/rds/cluster/myapp-ledger/postgresql"
    assert group["kmsKeyId"].startswith("arn:aws:kms:us-east-1:")
    assert "db-logs-postgresql" in ledger.named("db-cluster").depends_on


def test_a_custom_endpoint(ledger: Recording) -> None:
    assert inputs(ledger, "db-endpoint-reports") == {
        "region": "us-east-1",
        "clusterIdentifier": "myapp-ledger",
        "clusterEndpointIdentifier": "myapp-ledger-reports",
        "customEndpointType": "ANY",
        "staticMembers": ["myapp-ledger-c"],
    }


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_an_activity_stream_is_as_the_config_says(mode: str) -> None:
    recording = made(activity_stream=mode)
    kind = "aws:rds/clusterActivityStream:ClusterActivityStream"
    assert recording.below("db") == CHILDREN | {"db-activity": kind}
    assert inputs(recording, "db-activity") == {
        "region": "us-east-1",
        "resourceArn": "arn:aws:rds:us-east-1:123456789012:cluster:myapp-ledger",
        "mode": mode,
        "kmsKeyId": EAST_KEY,
    }
    assert set(MEMBERS) <= set(recording.named("db-activity").depends_on)


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (
        "protected",
        {"lifetime": "protected"},
        {
            "deletionProtection": True,
            "skipFinalSnapshot": False,
            "finalSnapshotIdentifier": "myapp-ledger-final",
        },
        {},
    ),
    ("another class", {"class": "db.r8gd.xlarge"}, {}, {"instanceClass": "db.r8gd.xlarge"}),
    ("a long-term line", {"engine_version": "15.10"}, {"engineVersion": "15.10"}, {}),
    (
        "changes in the maintenance window",
        {"apply_changes": "maintenance-window"},
        {"applyImmediately": False},
        {"applyImmediately": False},
    ),
]


@pytest.mark.parametrize(
    ("changes", "cluster", "member"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_what_a_change_of_the_config_changes(
    changes: dict[str, Any], cluster: dict[str, Any], member: dict[str, Any]
) -> None:
    recording = made(**changes)
    assert inputs(recording, "db-cluster") == CLUSTER | cluster
    for name, own in MEMBERS.items():
        assert inputs(recording, name) == IN_EVERY_MEMBER | own | member


def test_a_zone_that_the_account_does_not_have() -> None:
    with pytest.raises(ComponentError, match=r"^topologies\.ledger\.writer\.zone: zone us-east-1e"):
        made(writer={"identifier": "myapp-ledger-a", "zone": "e"})


def test_what_it_tells_the_world(ledger: Recording) -> None:
    members = ["myapp-ledger-a", "myapp-ledger-b", "myapp-ledger-c"]
    writer, reader = (f"myapp-ledger.{kind}.us-east-1" for kind in ("cluster", "cluster-ro"))
    custom = "myapp-ledger-reports.cluster-custom.us-east-1"
    assert ledger.outputs["facts"] == {
        "kind": "aurora-postgresql",
        "engine": "aurora-postgresql",
        "version": "17.7",
        "users": [],
        "region": "us-east-1",
        "endpoints": [
            {"role": "writer", "host": writer, "port": 5432, "members": members},
            {"role": "reader", "host": reader, "port": 5432, "members": members},
            {
                "role": "custom",
                "name": "reports",
                "host": custom,
                "port": 5432,
                "members": ["myapp-ledger-c"],
            },
            *(
                {
                    "role": "instance",
                    "name": name,
                    "host": f"{name}.us-east-1",
                    "port": 5432,
                    "members": [],
                }
                for name in members
            ),
        ],
        "database": "ledger",
        "user": "ledger",
        "secret_arn": (
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-credentials-secret-AbCdEf"
        ),
        "tls": True,
        "instances": members,
        "cluster": "myapp-ledger",
        "iam_auth": False,
        "security_group": "db-access-group-id",
        "schema_version": 1,
    }
    assert ledger.registered["db"]["customEndpoints"] == {"reports": custom}
