from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.aurora_mysql import AuroraMysql, AuroraMysqlArgs
from components.migration import Migration, MigrationArgs
from components.migration_network import SecretsEndpoint
from components.migration_roles import DmsAccountRoles
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from components.schema_conversion import SchemaConversion, SchemaConversionArgs
from specs.aurora_mysql import AuroraMysql as AuroraSpec
from specs.migration import Migration as Spec
from specs.rds_mysql import RdsMysql as MysqlSpec
from tests.components.ground import EAST_KEY, ground, inputs
from tests.recorder import Recording, record
from tests.specs.test_migration import INSTANCE, MIGRATION, SERVERLESS, topologies

PEM = "-----BEGIN CERTIFICATE-----\n..."
ENDS = {
    "move-source-login": "aws-databases:index:EndpointSecret",
    "move-source-login-secret": "aws:secretsmanager/secret:Secret",
    "move-source-login-version": "aws:secretsmanager/secretVersion:SecretVersion",
    "move-target-login": "aws-databases:index:EndpointSecret",
    "move-target-login-secret": "aws:secretsmanager/secret:Secret",
    "move-target-login-version": "aws:secretsmanager/secretVersion:SecretVersion",
    "move-secrets": "aws-databases:index:SecretsAccess",
    "move-secrets-role": "aws:iam/role:Role",
    "move-secrets-policy": "aws:iam/rolePolicy:RolePolicy",
    "move-authorities": "aws:dms/certificate:Certificate",
    "move-source": "aws:dms/endpoint:Endpoint",
    "move-target": "aws:dms/endpoint:Endpoint",
}
NETWORK = {
    "move-subnets": "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup",
    "move-access": "aws-databases:index:MigrationAccess",
    "move-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "move-access-to-source": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "move-access-into-source": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "move-access-to-target": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "move-access-into-target": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "move-access-to-services": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
}
ON_AN_INSTANCE = {
    "move-logs": "aws:cloudwatch/logGroup:LogGroup",
    "move-instance": "aws:dms/replicationInstance:ReplicationInstance",
    "move-task": "aws:dms/replicationTask:ReplicationTask",
}
ON_SERVERLESS = {"move-config": "aws:dms/replicationConfig:ReplicationConfig"}
SUBNETS = [f"subnet-us-east-1-{letter}" for letter in "abcdf"]
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:move-{}-login-secret-AbCdEf"
MAPPINGS = {
    "rules": [
        {
            "rule-type": "selection",
            "rule-id": "1",
            "rule-name": "include-1",
            "object-locator": {"schema-name": "myappdb", "table-name": "%"},
            "rule-action": "include",
            "filters": [],
        },
        {
            "rule-type": "selection",
            "rule-id": "2",
            "rule-name": "exclude-2",
            "object-locator": {"schema-name": "myappdb", "table-name": "tmp%"},
            "rule-action": "exclude",
            "filters": [],
        },
    ]
}


def made(*, convert: bool = False, **changes: Any) -> Recording:
    tables = [
        {"schema": "myappdb", "table": "%"},
        {"schema": "myappdb", "table": "tmp%", "action": "exclude"},
    ]
    spec = Spec.model_validate(MIGRATION | {"tables": tables} | changes)
    found = topologies()
    mysql = MysqlSpec.model_validate(found["mysql"] | {"enhanced_monitoring": None})
    aurora = AuroraSpec.model_validate(found["aurora"])

    def program() -> None:
        here = ground()
        migration = Migration(
            "move",
            MigrationArgs(
                spec=spec,
                source=RdsMysql("mysql", RdsMysqlArgs(mysql, here.network, here.key)),
                target=AuroraMysql(
                    "aurora", AuroraMysqlArgs(aurora, here.network, here.key, "aurora")
                ),
                network=here.network,
                key=here.key,
                account_roles=DmsAccountRoles("dms", spec.account_roles),
                secrets_endpoint=SecretsEndpoint("secrets", here.network, spec.secrets_endpoint),
                ca_pem=PEM,
            ),
        )
        if convert:
            SchemaConversion(
                "convert",
                SchemaConversionArgs(migration, here.key, "s3://reports/move", "arn:role"),
            )
        pulumi.export("facts", migration.facts)

    return record(program)


@pytest.fixture(scope="module")
def instance() -> Recording:
    return made()


@pytest.fixture(scope="module")
def serverless() -> Recording:
    return made(capacity=SERVERLESS, mode="full-load")


def test_the_children_on_an_instance(instance: Recording) -> None:
    assert instance.below("move") == ENDS | NETWORK | ON_AN_INSTANCE


def test_the_children_on_serverless(serverless: Recording) -> None:
    assert serverless.below("move") == ENDS | NETWORK | ON_SERVERLESS


def test_the_replication_instance(instance: Recording) -> None:
    assert inputs(instance, "move-instance") == {
        "region": "us-east-1",
        "replicationInstanceId": "move",
        "replicationInstanceClass": "dms.t3.medium",
        "autoMinorVersionUpgrade": True,
        "allocatedStorage": 50,
        "multiAz": True,
        # DMS's own default is a public address.
        "publiclyAccessible": False,
        "kmsKeyArn": EAST_KEY,
        "replicationSubnetGroupId": "move-subnets",
        "vpcSecurityGroupIds": ["move-access-group-id"],
        "preferredMaintenanceWindow": "sun:06:00-sun:06:30",
        "applyImmediately": False,
    }
    group = inputs(instance, "move-subnets")
    assert group["replicationSubnetGroupId"] == "move-subnets"
    assert group["subnetIds"] == SUBNETS


def test_a_subnet_group_waits_for_the_role_that_looks_into_the_vpc(instance: Recording) -> None:
    assert "dms-dms-vpc-role-policy" in instance.named("move-subnets").depends_on
    assert "secrets-endpoint" in instance.named("move-instance").depends_on


def test_the_task_is_not_started_by_a_deployment(instance: Recording) -> None:
    task = inputs(instance, "move-task")
    assert json.loads(task.pop("tableMappings")) == MAPPINGS
    assert json.loads(task.pop("replicationTaskSettings")) == {
        "FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"},
        "Logging": {"EnableLogging": True},
    }
    assert task == {
        "region": "us-east-1",
        "replicationTaskId": "move",
        "replicationInstanceArn": "arn:aws:dms:us-east-1:123456789012:rep:move",
        "sourceEndpointArn": "arn:aws:dms:us-east-1:123456789012:endpoint:move-source",
        "targetEndpointArn": "arn:aws:dms:us-east-1:123456789012:endpoint:move-target",
        "migrationType": "full-load-and-cdc",
        "startReplicationTask": False,
    }
    assert inputs(instance, "move-logs") == {
        "region": "us-east-1",
        "name": "dms-tasks-move",
        "retentionInDays": 30,
    }


def test_the_replication_config(serverless: Recording) -> None:
    config = inputs(serverless, "move-config")
    assert config["computeConfig"] == {
        "replicationSubnetGroupId": "move-subnets",
        "minCapacityUnits": 1,
        "maxCapacityUnits": 4,
        "multiAz": False,
        "kmsKeyId": EAST_KEY,
        "vpcSecurityGroupIds": ["move-access-group-id"],
        "preferredMaintenanceWindow": "sun:06:00-sun:06:30",
    }
    assert (config["replicationType"], config["startReplication"]) == ("full-load", False)
    assert json.loads(config["tableMappings"]) == MAPPINGS


@pytest.mark.parametrize(
    ("role", "engine", "more"),
    [
        ("source", "mysql", {}),
        (
            "target",
            "aurora",
            {
                "extraConnectionAttributes": "initstmt=SET FOREIGN_KEY_CHECKS=0;"
                "parallelLoadThreads=2"
            },
        ),
    ],
)
def test_an_endpoint_logs_in_by_its_secret_over_verified_tls(
    instance: Recording, role: str, engine: str, more: dict[str, str]
) -> None:
    # Never a server, user or password, which DMS refuses beside a secret; and no database.
    assert inputs(instance, f"move-{role}") == {
        "region": "us-east-1",
        "endpointId": f"move-{role}",
        "endpointType": role,
        "engineName": engine,
        "secretsManagerArn": SECRET.format(role),
        "secretsManagerAccessRoleArn": "arn:aws:iam::123456789012:role/move-secrets-role",
        "sslMode": "verify-full",
        "certificateArn": "arn:aws:dms:us-east-1:123456789012:cert:move-authorities",
        "kmsKeyArn": EAST_KEY,
        **more,
    }


def test_no_password_and_no_bundle_is_in_plain_text(instance: Recording) -> None:
    assert ("move-source-login-version", "secretString") in instance.secret_inputs
    assert ("move-target-login-version", "secretString") in instance.secret_inputs
    assert inputs(instance, "move-authorities")["certificatePem"] == "<secret>"


def test_the_secrets_role_trusts_the_regions_own_principal(instance: Recording) -> None:
    role = inputs(instance, "move-secrets-role")
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "dms.us-east-1.amazonaws.com"}
    policy = json.loads(inputs(instance, "move-secrets-policy")["policy"])
    secrets, keys = policy["Statement"]
    assert secrets["Resource"] == [SECRET.format("source"), SECRET.format("target")]
    assert keys["Resource"] == [EAST_KEY]


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("to-source", {"securityGroupId": "move-access-group-id", "fromPort": 3306,
                       "referencedSecurityGroupId": "mysql-access-group-id"}),
        ("into-source", {"securityGroupId": "mysql-access-group-id", "fromPort": 3306,
                         "referencedSecurityGroupId": "move-access-group-id"}),
        ("to-target", {"securityGroupId": "move-access-group-id", "fromPort": 3306,
                       "referencedSecurityGroupId": "aurora-access-group-id"}),
        ("into-target", {"securityGroupId": "aurora-access-group-id", "fromPort": 3306,
                         "referencedSecurityGroupId": "move-access-group-id"}),
        ("to-services", {"securityGroupId": "move-access-group-id", "fromPort": 443,
                         "cidrIpv4": "0.0.0.0/0"}),
    ],
)  # fmt: skip
def test_the_doors(instance: Recording, rule: str, wanted: dict[str, Any]) -> None:
    found = inputs(instance, f"move-access-{rule}")
    assert wanted.items() <= found.items()
    assert (found["ipProtocol"], found["toPort"]) == ("tcp", found["fromPort"])


def test_what_an_account_has_once(instance: Recording) -> None:
    assert {
        name: inputs(instance, name)["policyArn"]
        for name in ("dms-dms-vpc-role-policy", "dms-dms-cloudwatch-logs-role-policy")
    } == {
        "dms-dms-vpc-role-policy": (
            "arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole"
        ),
        "dms-dms-cloudwatch-logs-role-policy": (
            "arn:aws:iam::aws:policy/service-role/AmazonDMSCloudWatchLogsRole"
        ),
    }
    role = inputs(instance, "dms-dms-vpc-role")
    assert role["name"] == "dms-vpc-role"
    assert "dms.amazonaws.com" in role["assumeRolePolicy"]
    assert inputs(instance, "secrets-endpoint") == {
        "region": "us-east-1",
        "vpcId": "vpc-us-east-1",
        "serviceName": "com.amazonaws.us-east-1.secretsmanager",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": SUBNETS,
        "securityGroupIds": ["secrets-group-id"],
    }


def test_what_is_adopted_is_not_made() -> None:
    found = made(account_roles="adopt", secrets_endpoint="adopt")
    assert found.below("dms") == {}
    assert found.below("secrets") == {}


def test_a_source_logs_rows_and_a_target_takes_files(instance: Recording) -> None:
    source = {p["name"]: p for p in inputs(instance, "mysql-parameters")["parameters"]}
    assert {name: source[name]["value"] for name in source if name.startswith("binlog")} == {
        "binlog_checksum": "NONE",
        "binlog_format": "ROW",
        "binlog_row_image": "FULL",
    }
    assert {p["applyMethod"] for p in source.values()} == {"immediate"}
    target = {p["name"]: p["value"] for p in inputs(instance, "aurora-parameters")["parameters"]}
    assert target["local_infile"] == "1"
    assert not [name for name in target if name.startswith("binlog")]


def test_a_cluster_that_becomes_a_source_logs_rows_from_its_next_reboot_on() -> None:
    from components.aurora_mysql import STATIC
    from components.mysql_parameters import mysql_parameters

    found = {p["name"]: p["apply_method"] for p in mysql_parameters(None, "source", STATIC)}
    assert found == {
        "binlog_checksum": "immediate",
        "binlog_format": "pending-reboot",
        "binlog_row_image": "immediate",
        "require_secure_transport": "immediate",
    }


@pytest.mark.parametrize(
    ("capacity", "version", "arn"),
    [
        (INSTANCE, "3.6.1", "arn:aws:dms:us-east-1:123456789012:task:move"),
        (
            SERVERLESS,
            "serverless",
            "arn:aws:dms:us-east-1:123456789012:replication-config:move",
        ),
    ],
)
def test_the_facts(capacity: dict[str, Any], version: str, arn: str) -> None:
    facts = made(capacity=capacity).outputs["facts"]
    assert (facts["kind"], facts["engine"], facts["version"]) == ("migration", "dms", version)
    assert facts["endpoints"] == []
    assert facts["migration"] == {
        "runs_on": capacity["type"],
        "arn": arn,
        "source": "mysql",
        "target": "aurora",
    }


def test_schema_conversion() -> None:
    found = made(convert=True)
    assert found.below("convert") == {
        "convert-source": "aws:dms/dataProvider:DataProvider",
        "convert-target": "aws:dms/dataProvider:DataProvider",
        "convert-profile": "aws:dms/instanceProfile:InstanceProfile",
        "convert-project": "aws:dms/migrationProject:MigrationProject",
    }
    assert inputs(found, "convert-source") == {
        "region": "us-east-1",
        "name": "move-source",
        "engine": "mysql",
        "settings": {
            "mysqlSettings": {
                "serverName": "myapp-mysql-db.us-east-1",
                "port": 3306,
                "sslMode": "verify-full",
                "certificateArn": "arn:aws:dms:us-east-1:123456789012:cert:move-authorities",
            }
        },
    }
    assert inputs(found, "convert-profile") == {
        "region": "us-east-1",
        "name": "move-profile",
        "description": "Schema conversion of move",
        "kmsKeyArn": EAST_KEY,
        "publiclyAccessible": False,
        "subnetGroupIdentifier": "move-subnets",
        "vpcSecurityGroupIds": ["move-access-group-id"],
    }
    project = inputs(found, "convert-project")
    assert project["targetDataProviderDescriptors"] == [
        {
            "dataProviderArn": "arn:aws:dms:us-east-1:123456789012:data-provider:move-target",
            "secretsManagerSecretId": SECRET.format("target"),
            "secretsManagerAccessRoleArn": "arn:aws:iam::123456789012:role/move-secrets-role",
        }
    ]
    assert project["schemaConversionApplicationAttributes"] == {
        "s3BucketPath": "s3://reports/move",
        "s3BucketRoleArn": "arn:role",
    }
