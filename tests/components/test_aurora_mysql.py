from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.aurora_mysql import AuroraMysql, AuroraMysqlArgs
from components.errors import ComponentError
from specs.aurora_mysql import AuroraMysql as Spec
from tests.components.ground import EAST_KEY, ground, inputs
from tests.recorder import SECRET, Recording, record

SPEC: dict[str, Any] = {
    "kind": "aurora-mysql",
    "identifier": "myapp-aurora-cluster",
    "engine_version": "8.0.mysql_aurora.3.10.6",
    "class": "db.r5.large",
    "username": "admin",
    "writer": {"identifier": "myapp-aurora-a", "zone": "a"},
    "readers": [
        {"identifier": "myapp-aurora-reader-1", "zone": "b"},
        {"identifier": "myapp-aurora-reader-2", "zone": "c"},
    ],
    "custom_endpoints": {"analytics": ["myapp-aurora-reader-2"]},
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "slow_query_log": {"threshold_seconds": 1},
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
"""The course's own. A change of ``None`` leaves a key out."""

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
    "db-logs-error": "aws:cloudwatch/logGroup:LogGroup",
    "db-logs-slowquery": "aws:cloudwatch/logGroup:LogGroup",
    "db-cluster": "aws:rds/cluster:Cluster",
    "db-member-myapp-aurora-a": MEMBER,
    "db-member-myapp-aurora-reader-1": MEMBER,
    "db-member-myapp-aurora-reader-2": MEMBER,
    "db-endpoint-analytics": "aws:rds/clusterEndpoint:ClusterEndpoint",
}
CLUSTER = {
    "region": "us-east-1",
    "clusterIdentifier": "myapp-aurora-cluster",
    "engine": "aurora-mysql",
    "engineVersion": "8.0.mysql_aurora.3.10.6",
    "masterUsername": "admin",
    "masterPassword": SECRET,
    "port": 3306,
    "dbSubnetGroupName": "db-subnets-1a2b3c4",
    "vpcSecurityGroupIds": ["db-access-group-id"],
    "dbClusterParameterGroupName": "db-parameters-1a2b3c4",
    "storageEncrypted": True,
    "kmsKeyId": EAST_KEY,
    "backupRetentionPeriod": 7,
    "preferredBackupWindow": "03:00-04:00",
    "preferredMaintenanceWindow": "sun:04:30-sun:05:30",
    "enabledCloudwatchLogsExports": ["error", "slowquery"],
    "copyTagsToSnapshot": True,
    "applyImmediately": True,
    "deletionProtection": False,
    "skipFinalSnapshot": True,
}
"""Not: availabilityZones, which RDS fills up to three and a difference replaces the cluster;
engineMode, storageType and publiclyAccessible, which are of other kinds of cluster."""
IN_EVERY_MEMBER = {
    "region": "us-east-1",
    "clusterIdentifier": "myapp-aurora-cluster",
    "engine": "aurora-mysql",
    "instanceClass": "db.r5.large",
    "dbSubnetGroupName": "db-subnets-1a2b3c4",
    "publiclyAccessible": False,
    "autoMinorVersionUpgrade": False,
    "applyImmediately": True,
}
"""Not: engineVersion, backups, encryption, credentials and the copying of tags: the cluster's."""
MEMBERS = {
    "db-member-myapp-aurora-a": {
        "identifier": "myapp-aurora-a",
        "availabilityZone": "us-east-1a",
        "promotionTier": 0,
    },
    "db-member-myapp-aurora-reader-1": {
        "identifier": "myapp-aurora-reader-1",
        "availabilityZone": "us-east-1b",
        "promotionTier": 1,
    },
    "db-member-myapp-aurora-reader-2": {
        "identifier": "myapp-aurora-reader-2",
        "availabilityZone": "us-east-1c",
        "promotionTier": 2,
    },
}


def made(**changes: Any) -> Recording:
    plain = {key: value for key, value in (SPEC | changes).items() if value is not None}
    spec = Spec.model_validate(plain)

    def program() -> None:
        here = ground()
        args = AuroraMysqlArgs(spec, here.network, here.key, "topologies.aurora")
        pulumi.export("facts", AuroraMysql("db", args).facts)

    return record(program)


@pytest.fixture(scope="module")
def course() -> Recording:
    return made()


def test_the_exact_children(course: Recording) -> None:
    assert course.below("db") == CHILDREN


def test_the_cluster_of_the_course(course: Recording) -> None:
    assert inputs(course, "db-cluster") == CLUSTER


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_of_the_course(course: Recording, member: str) -> None:
    assert inputs(course, member) == IN_EVERY_MEMBER | MEMBERS[member]


def test_the_writer_is_there_first(course: Recording) -> None:
    # Aurora makes the member that is there first the writer.
    writer = "db-member-myapp-aurora-a"
    assert writer not in course.named(writer).depends_on
    for reader in ("db-member-myapp-aurora-reader-1", "db-member-myapp-aurora-reader-2"):
        assert writer in course.named(reader).depends_on


def test_the_groups_it_stands_in(course: Recording) -> None:
    assert inputs(course, "db-subnets") == {
        "region": "us-east-1",
        "description": "Zones of myapp-aurora-cluster",
        "subnetIds": [f"subnet-us-east-1-{zone}" for zone in "abcdf"],
    }
    assert inputs(course, "db-parameters") == {
        "region": "us-east-1",
        "family": "aurora-mysql8.0",
        "description": "Parameters of myapp-aurora-cluster",
        "parameters": [
            {"name": "log_output", "value": "FILE", "applyMethod": "immediate"},
            {"name": "long_query_time", "value": "1", "applyMethod": "immediate"},
            {"name": "require_secure_transport", "value": "1", "applyMethod": "immediate"},
            {"name": "slow_query_log", "value": "1", "applyMethod": "immediate"},
        ],
    }
    rule = course.named("db-access-from-clients").inputs
    assert (rule["fromPort"], rule["toPort"]) == (3306, 3306)


def test_its_password_is_the_one_in_its_secret(course: Recording) -> None:
    assert course.secret_inputs["db-cluster", "masterPassword"] == (
        "password-of-db-credentials-password"
    )
    assert course.secret_inputs["db-credentials-version", "secretString"] == (
        '{"username": "admin", "password": "password-of-db-credentials-password"}'
    )


def test_its_log_groups_are_there_before_rds_would_make_them(course: Recording) -> None:
    assert {"db-logs-error", "db-logs-slowquery"} <= set(course.named("db-cluster").depends_on)
    group = inputs(course, "db-logs-slowquery")
    assert group["name"] == "/aws/rds/cluster/myapp-aurora-cluster/slowquery"


def test_a_custom_endpoint(course: Recording) -> None:
    assert inputs(course, "db-endpoint-analytics") == {
        "region": "us-east-1",
        "clusterIdentifier": "myapp-aurora-cluster",
        "clusterEndpointIdentifier": "myapp-aurora-cluster-analytics",
        "customEndpointType": "ANY",
        # And no excludedMembers, which exclude static ones.
        "staticMembers": ["myapp-aurora-reader-2"],
    }


def test_two_custom_endpoints_and_none() -> None:
    both = {
        "analytics": ["myapp-aurora-reader-2"],
        "everything": ["myapp-aurora-a", "myapp-aurora-reader-1"],
    }
    recording = made(custom_endpoints=both)
    assert inputs(recording, "db-endpoint-everything")["staticMembers"] == [
        "myapp-aurora-a",
        "myapp-aurora-reader-1",
    ]
    kind = "aws:rds/clusterEndpoint:ClusterEndpoint"
    assert recording.below("db") == CHILDREN | {"db-endpoint-everything": kind}
    none = made(custom_endpoints={})
    assert none.below("db") == {
        name: kind for name, kind in CHILDREN.items() if name != "db-endpoint-analytics"
    }


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("with a database", {"database": "catalog"}, {"databaseName": "catalog"}, {}),
    (
        "without a slow query log",
        {"slow_query_log": None},
        {"enabledCloudwatchLogsExports": ["error"]},
        {},
    ),
    (
        # A member has no protection of its own: the cluster's keeps it.
        "protected",
        {"lifetime": "protected"},
        {
            "deletionProtection": True,
            "skipFinalSnapshot": False,
            "finalSnapshotIdentifier": "myapp-aurora-cluster-final",
        },
        {},
    ),
    (
        "changes in the maintenance window",
        {"apply_changes": "maintenance-window"},
        {"applyImmediately": False},
        {"applyImmediately": False},
    ),
    ("another class", {"class": "db.t4g.medium"}, {}, {"instanceClass": "db.t4g.medium"}),
    (
        # At every member alike, as Database Insights asks for; not at the cluster too, which
        # must not say anything else then.
        "with performance insights",
        {"performance_insights": {"retention_days": 31}},
        {},
        {
            "performanceInsightsEnabled": True,
            "performanceInsightsRetentionPeriod": 31,
            "performanceInsightsKmsKeyId": EAST_KEY,
        },
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


def test_without_a_slow_query_log_there_is_no_group_for_it() -> None:
    recording = made(slow_query_log=None)
    assert recording.below("db") == {
        name: kind for name, kind in CHILDREN.items() if name != "db-logs-slowquery"
    }
    assert inputs(recording, "db-parameters")["parameters"] == [
        {"name": "require_secure_transport", "value": "1", "applyMethod": "immediate"}
    ]


def test_a_writer_alone() -> None:
    recording = made(readers=[], custom_endpoints={})
    members = [name for name, kind in recording.below("db").items() if kind == MEMBER]
    assert members == ["db-member-myapp-aurora-a"]
    assert recording.outputs["facts"]["instances"] == ["myapp-aurora-a"]


def test_readers_take_over_in_the_order_of_the_config() -> None:
    recording = made(readers=list(reversed(SPEC["readers"])))
    tiers = {
        name: recording.named(f"db-member-myapp-aurora-{name}").inputs["promotionTier"]
        for name in ("a", "reader-1", "reader-2")
    }
    assert tiers == {"a": 0, "reader-2": 1, "reader-1": 2}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        (
            {"writer": {"identifier": "myapp-aurora-a", "zone": "e"}},
            r"topologies\.aurora\.writer\.zone",
        ),
        (
            {
                "readers": [
                    {"identifier": "myapp-aurora-reader-1", "zone": "b"},
                    {"identifier": "myapp-aurora-reader-2", "zone": "z"},
                ]
            },
            r"topologies\.aurora\.readers\.1\.zone",
        ),
    ],
)
def test_a_zone_that_the_account_does_not_have(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(ComponentError, match=rf"^{path}: zone us-east-1[ez] has no default subnet"):
        made(**changes)


def test_what_it_tells_the_world(course: Recording) -> None:
    members = ["myapp-aurora-a", "myapp-aurora-reader-1", "myapp-aurora-reader-2"]
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-credentials-secret-AbCdEf"
    writer, reader = (
        f"myapp-aurora-cluster.{kind}.us-east-1" for kind in ("cluster", "cluster-ro")
    )
    custom = "myapp-aurora-cluster-analytics.cluster-custom.us-east-1"
    assert course.outputs["facts"] == {
        "kind": "aurora-mysql",
        "engine": "aurora-mysql",
        "version": "8.0.mysql_aurora.3.10.6",
        "users": [],
        "iam_auth": False,
        "region": "us-east-1",
        "endpoints": [
            {"role": "writer", "host": writer, "port": 3306, "members": members},
            {"role": "reader", "host": reader, "port": 3306, "members": members},
            {
                "role": "custom",
                "name": "analytics",
                "host": custom,
                "port": 3306,
                "members": ["myapp-aurora-reader-2"],
            },
            *(
                {
                    "role": "instance",
                    "name": name,
                    "host": f"{name}.us-east-1",
                    "port": 3306,
                    "members": [],
                }
                for name in members
            ),
        ],
        "user": "admin",
        "secret_arn": secret,
        "tls": True,
        "instances": members,
        "cluster": "myapp-aurora-cluster",
        "security_group": "db-access-group-id",
        "schema_version": 1,
    }
    assert course.registered["db"] == {
        "region": "us-east-1",
        "clusterIdentifier": "myapp-aurora-cluster",
        "arn": "arn:aws:rds:us-east-1:123456789012:cluster:myapp-aurora-cluster",
        "resourceId": "cluster-db-cluster",
        "endpoint": writer,
        "readerEndpoint": reader,
        "version": "8.0.mysql_aurora.3.10.6",
        "members": {name: f"{name}.us-east-1" for name in members},
        "customEndpoints": {"analytics": custom},
        "secretArn": secret,
        "securityGroup": "db-access-group-id",
    }
