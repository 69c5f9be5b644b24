from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.errors import ComponentError
from components.keys import RegionKey, RegionKeyArgs
from components.monitoring_role import MonitoringRole
from components.multi_az_mysql import MultiAzMysql, MultiAzMysqlArgs
from components.multi_az_postgres import MultiAzPostgres, MultiAzPostgresArgs
from components.network import Network, NetworkArgs
from specs.multi_az_mysql import MultiAzMysql as MysqlSpec
from specs.multi_az_postgres import MultiAzPostgres as PostgresSpec
from tests.components.ground import EAST_KEY, ground, inputs
from tests.recorder import SECRET, UNKNOWN, Recording, record
from tests.specs.configs import MULTI_AZ_MYSQL, MULTI_AZ_POSTGRES

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
    "db-cluster": "aws:rds/cluster:Cluster",
}
"""And no clusterInstance: RDS makes the members, and refuses to make them one by one."""
LOGS = {
    "mysql": ("error", "slowquery"),
    "postgres": ("postgresql",),
}
IN_EVERY_CLUSTER = {
    "region": "us-east-1",
    "clusterIdentifier": "myapp-multi-az",
    "dbClusterInstanceClass": "db.m6gd.large",
    "autoMinorVersionUpgrade": True,
    "allocatedStorage": 100,
    "storageType": "gp3",
    "databaseName": "myappdb",
    "masterUsername": "app",
    "masterPassword": SECRET,
    "dbSubnetGroupName": "db-subnets-1a2b3c4",
    "vpcSecurityGroupIds": ["db-access-group-id"],
    "dbClusterParameterGroupName": "db-parameters-1a2b3c4",
    "storageEncrypted": True,
    "kmsKeyId": EAST_KEY,
    "backupRetentionPeriod": 7,
    "preferredBackupWindow": "03:00-04:00",
    "preferredMaintenanceWindow": "sun:04:30-sun:05:30",
    "copyTagsToSnapshot": True,
    "applyImmediately": True,
    "monitoringInterval": 60,
    "monitoringRoleArn": "arn:aws:iam::123456789012:role/monitoring-role",
    "performanceInsightsEnabled": True,
    "performanceInsightsRetentionPeriod": 7,
    "performanceInsightsKmsKeyId": EAST_KEY,
    "deletionProtection": False,
    "skipFinalSnapshot": True,
}
"""Not: availabilityZones, iops of a small gp3 volume, engineMode and everything else that RDS
refuses of such a cluster."""
CLUSTERS: dict[str, dict[str, Any]] = {
    "mysql": IN_EVERY_CLUSTER
    | {
        "engine": "mysql",
        "engineVersion": "8.4",
        "port": 3306,
        "enabledCloudwatchLogsExports": ["error", "slowquery"],
    },
    "postgres": IN_EVERY_CLUSTER
    | {
        "engine": "postgres",
        "engineVersion": "17",
        "port": 5432,
        "enabledCloudwatchLogsExports": ["postgresql"],
    },
}
MEMBERS = [f"myapp-multi-az-instance-{n}" for n in (1, 2, 3)]


def made(engine: str, *, preview: bool = False, **changes: Any) -> Recording:
    config = MULTI_AZ_MYSQL if engine == "mysql" else MULTI_AZ_POSTGRES
    plain = {key: value for key, value in (config | changes).items() if value is not None}

    def program() -> None:
        here, role, at = ground(), MonitoringRole("monitoring"), "topologies.db"
        if engine == "mysql":
            mysql = MysqlSpec.model_validate(plain)
            args = MultiAzMysqlArgs(mysql, here.network, here.key, at, role)
            pulumi.export("facts", MultiAzMysql("db", args).facts)
        else:
            postgres = PostgresSpec.model_validate(plain)
            of = MultiAzPostgresArgs(postgres, here.network, here.key, at, role)
            pulumi.export("facts", MultiAzPostgres("db", of).facts)

    return record(program, preview=preview)


@pytest.fixture(scope="module", params=["mysql", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def cluster(engine: str) -> Recording:
    return made(engine)


def test_the_exact_children(engine: str, cluster: Recording) -> None:
    kind = "aws:cloudwatch/logGroup:LogGroup"
    assert cluster.below("db") == CHILDREN | {f"db-logs-{log}": kind for log in LOGS[engine]}


def test_the_cluster(engine: str, cluster: Recording) -> None:
    assert inputs(cluster, "db-cluster") == CLUSTERS[engine]


def test_a_preview_asks_the_cloud_for_no_address(engine: str) -> None:
    # An instance that is not there yet could only be an error.
    recording = made(engine, preview=True)
    assert recording.outputs["facts"] == UNKNOWN
    assert recording.below("db") == made(engine).below("db")


def test_its_subnet_group_has_exactly_three_zones(cluster: Recording) -> None:
    assert inputs(cluster, "db-subnets") == {
        "region": "us-east-1",
        "description": "Zones of myapp-multi-az",
        "subnetIds": [f"subnet-us-east-1-{zone}" for zone in "abc"],
    }


def test_the_three_zones_can_be_chosen() -> None:
    recording = made("postgres", zones=["f", "b", "d"])
    found = inputs(recording, "db-subnets")["subnetIds"]
    assert found == [f"subnet-us-east-1-{zone}" for zone in "fbd"]


PARAMETERS = {
    "mysql": [
        {"name": "log_output", "value": "FILE", "applyMethod": "immediate"},
        {"name": "long_query_time", "value": "1", "applyMethod": "immediate"},
        {"name": "require_secure_transport", "value": "1", "applyMethod": "immediate"},
        {"name": "slow_query_log", "value": "1", "applyMethod": "immediate"},
    ],
    "postgres": [
        {"name": "log_min_duration_statement", "value": "1000", "applyMethod": "immediate"},
        {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"},
    ],
}


def test_its_parameter_group_requires_tls(engine: str, cluster: Recording) -> None:
    assert inputs(cluster, "db-parameters") == {
        "region": "us-east-1",
        "family": {"mysql": "mysql8.4", "postgres": "postgres17"}[engine],
        "description": "Parameters of myapp-multi-az",
        "parameters": PARAMETERS[engine],
    }


def test_its_log_groups_are_there_before_rds_would_make_them(
    engine: str, cluster: Recording
) -> None:
    for log in LOGS[engine]:
        assert f"db-logs-{log}" in cluster.named("db-cluster").depends_on
        group = inputs(cluster, f"db-logs-{log}")
        assert group["name"] == f"/aws/rds/cluster/myapp-multi-az/{log}"


def test_its_password_is_the_one_in_its_secret(cluster: Recording) -> None:
    password = "password-of-db-credentials-password"
    assert cluster.secret_inputs["db-cluster", "masterPassword"] == password
    assert cluster.secret_inputs["db-credentials-version", "secretString"] == (
        f'{{"username": "app", "password": "{password}"}}'
    )


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "storage whose speed is bought",
        {"storage": {"type": "io1", "size_gb": 200, "iops": 3000}},
        {"storageType": "io1", "allocatedStorage": 200, "iops": 3000},
    ),
    (
        "a large gp3 volume",
        {"storage": {"type": "gp3", "size_gb": 400}},
        {"allocatedStorage": 400, "iops": 12_000},
    ),
    ("another class", {"class": "db.r8gd.large"}, {"dbClusterInstanceClass": "db.r8gd.large"}),
    (
        "protected",
        {"lifetime": "protected"},
        {
            "deletionProtection": True,
            "skipFinalSnapshot": False,
            "finalSnapshotIdentifier": "myapp-multi-az-final",
        },
    ),
    (
        "changes in the maintenance window",
        {"apply_changes": "maintenance-window"},
        {"applyImmediately": False},
    ),
]


@pytest.mark.parametrize(
    ("changes", "wanted"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_what_a_change_of_the_config_changes(
    engine: str, changes: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert inputs(made(engine, **changes), "db-cluster") == CLUSTERS[engine] | wanted


@pytest.mark.parametrize(("version", "moves"), [("8.4.8", False), ("8.4", True)])
def test_only_a_version_that_leaves_its_patch_to_rds_is_changed_by_it(
    version: str, moves: bool
) -> None:
    # Or the next deployment would ask for a downgrade.
    found = inputs(made("mysql", engine_version=version), "db-cluster")
    assert (found["engineVersion"], found["autoMinorVersionUpgrade"]) == (version, moves)


def test_a_role_may_log_in_by_a_token_where_the_config_says_so() -> None:
    connect = [{"role": "booking-app", "user": "app_user"}]
    recording = made("postgres", iam_auth=True, connect=connect)
    assert inputs(recording, "db-cluster")["iamDatabaseAuthenticationEnabled"] is True
    policy = inputs(recording, "db-connect-booking-app-app_user")
    assert policy["role"] == "booking-app"
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert statement["Action"] == "rds-db:connect"
    assert [arn.rpartition("/")[2] for arn in statement["Resource"]] == ["app_user"]
    assert recording.outputs["facts"]["iam_auth"] is True


def test_without_monitoring_and_insights() -> None:
    found = inputs(made("mysql", enhanced_monitoring=None, performance_insights=None), "db-cluster")
    gone = {key for key in CLUSTERS["mysql"] if key.startswith(("monitoring", "performance"))}
    assert len(gone) == 5
    assert found == {key: value for key, value in CLUSTERS["mysql"].items() if key not in gone}


def test_a_zone_that_the_account_does_not_have() -> None:
    with pytest.raises(ComponentError, match=r"^topologies\.db\.zones\.1: zone us-east-1e has no"):
        made("mysql", zones=["a", "e", "b"])


def test_a_region_with_two_zones() -> None:
    def program() -> None:
        network = Network("network", NetworkArgs("us-east-1", zones=("a", "b")))
        key = RegionKey("key", RegionKeyArgs("us-east-1"))
        spec = MysqlSpec.model_validate(
            {k: v for k, v in MULTI_AZ_MYSQL.items() if k != "enhanced_monitoring"}
        )
        MultiAzMysql("db", MultiAzMysqlArgs(spec, network, key, "topologies.db"))

    with pytest.raises(ComponentError, match=r"^topologies\.db\.kind: needs 3 zones, and the net"):
        record(program)


def test_what_it_tells_the_world(engine: str, cluster: Recording) -> None:
    writer, reader = (f"myapp-multi-az.{kind}.us-east-1" for kind in ("cluster", "cluster-ro"))
    port = {"mysql": 3306, "postgres": 5432}[engine]
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-credentials-secret-AbCdEf"
    assert cluster.outputs["facts"] == {
        "kind": f"multi-az-{engine}",
        "engine": engine,
        "version": {"mysql": "8.4", "postgres": "17"}[engine],
        "users": [],
        "region": "us-east-1",
        "endpoints": [
            {"role": "writer", "host": writer, "port": port, "members": MEMBERS},
            {"role": "reader", "host": reader, "port": port, "members": MEMBERS},
            *(
                {
                    "role": "instance",
                    "name": name,
                    "host": f"{name}.us-east-1",
                    "port": port,
                    "members": [],
                }
                for name in MEMBERS
            ),
        ],
        "database": "myappdb",
        "user": "app",
        "secret_arn": secret,
        "tls": True,
        "instances": MEMBERS,
        "cluster": "myapp-multi-az",
        "iam_auth": False,
        "security_group": "db-access-group-id",
        "schema_version": 1,
    }
    assert cluster.registered["db"] == {
        "region": "us-east-1",
        "clusterIdentifier": "myapp-multi-az",
        "arn": "arn:aws:rds:us-east-1:123456789012:cluster:myapp-multi-az",
        "resourceId": "cluster-db-cluster",
        "endpoint": writer,
        "readerEndpoint": reader,
        "version": {"mysql": "8.4", "postgres": "17"}[engine],
        "members": MEMBERS,
        "secretArn": secret,
        "securityGroup": "db-access-group-id",
    }
