"""Migrations between the databases of these tests, made with plain boto3."""

from __future__ import annotations

import json
from typing import Any

from tests.localcloud.dms_ground import MAPPINGS, make_vpc_role_with, trust
from tests.verify.cloud import TestCloud
from tests.verify.databases import PASSWORD, REGION, USER


def create_migrations(cloud: TestCloud) -> dict[str, Any]:
    """One on an instance and one on serverless, from ``mysql`` to ``aurora``."""
    databases = cloud.record()["outputs"]["databases"]
    dms, iam = cloud.client("dms"), cloud.client("iam")
    make_vpc_role_with(iam)
    role = iam.create_role(
        RoleName="endpoint-secrets",
        AssumeRolePolicyDocument=trust(f"dms.{REGION}.amazonaws.com"),
    )["Role"]["Arn"]
    certificate = dms.import_certificate(
        CertificateIdentifier="authorities",
        CertificatePem=(cloud.site.ca_dir / "ca.pem").read_text(),
    )["Certificate"]["CertificateArn"]
    subnets = [s["SubnetId"] for s in cloud.client("ec2").describe_subnets()["Subnets"]]
    dms.create_replication_subnet_group(
        ReplicationSubnetGroupIdentifier="group",
        ReplicationSubnetGroupDescription="d",
        SubnetIds=subnets,
    )
    instance = dms.create_replication_instance(
        ReplicationInstanceIdentifier="instance",
        ReplicationInstanceClass="dms.t3.medium",
        ReplicationSubnetGroupIdentifier="group",
        PubliclyAccessible=False,
    )["ReplicationInstance"]["ReplicationInstanceArn"]
    ends = {
        kind: _endpoint(cloud, dms, kind, engine, databases[name], role, certificate)
        for kind, engine, name in (("Source", "mysql", "mysql"), ("Target", "aurora", "aurora"))
    }
    arns = {f"{kind}EndpointArn": arn for kind, arn in ends.items()}
    task = dms.create_replication_task(
        ReplicationTaskIdentifier="move",
        ReplicationInstanceArn=instance,
        MigrationType="full-load-and-cdc",
        TableMappings=MAPPINGS,
        **arns,
    )["ReplicationTask"]["ReplicationTaskArn"]
    config = dms.create_replication_config(
        ReplicationConfigIdentifier="move-serverless",
        ReplicationType="full-load-and-cdc",
        TableMappings=MAPPINGS,
        ComputeConfig={"ReplicationSubnetGroupId": "group", "MaxCapacityUnits": 4},
        **arns,
    )["ReplicationConfig"]["ReplicationConfigArn"]
    return {
        "move": _facts("instance", task),
        "move-serverless": _facts("serverless", config),
    }


def _endpoint(
    cloud: TestCloud,
    dms: Any,
    kind: str,
    engine: str,
    database: dict[str, Any],
    role: str,
    certificate: str,
) -> str:
    endpoint = next(e for e in database["endpoints"] if e["role"] == "writer")
    login = {
        "host": endpoint["host"],
        "port": endpoint["port"],
        "username": USER,
        "password": PASSWORD,
    }
    secret = cloud.client("secretsmanager").create_secret(
        Name=f"dms-{kind.lower()}", SecretString=json.dumps(login)
    )["ARN"]
    arn: str = dms.create_endpoint(
        EndpointIdentifier=kind.lower(),
        EndpointType=kind.lower(),
        EngineName=engine,
        SslMode="verify-full",
        CertificateArn=certificate,
        MySQLSettings={
            "SecretsManagerSecretId": secret,
            "SecretsManagerAccessRoleArn": role,
        },
    )["Endpoint"]["EndpointArn"]
    return arn


def _facts(runs_on: str, arn: str) -> dict[str, Any]:
    return {
        "kind": "migration",
        "engine": "dms",
        "version": "3.6.1",
        "region": REGION,
        "endpoints": [],
        "migration": {"runs_on": runs_on, "arn": arn, "source": "mysql", "target": "aurora"},
    }
