"""An AWS endpoint (moto) that reports the test servers as RDS and ElastiCache databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from tests.verify.engines import PASSWORD, PRIMARY, READER, REPLICA, SOURCE, USER

HOST = "127.84.0.1"
REGION = "us-east-1"
KEY = "TESTSOFVERIFY0000001"


class AWS:
    """boto3 clients of the endpoint, and the record of a stack that is deployed there."""

    def __init__(self, url: str, ca: Path) -> None:
        self.url = url
        self.ca = ca
        self.arns: dict[str, str] = {}

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=KEY,
            aws_secret_access_key="secret",
        )

    def record(self) -> dict[str, Any]:
        """The stack's record as plain JSON values, made anew for each test to bend."""
        mysql = {"engine": "mysql", "version": "8.4", "region": REGION, "user": USER}
        return {
            "stack": "dev",
            "outputs": {
                "databases": {
                    "mysql": {
                        **mysql,
                        "kind": "rds-mysql",
                        "endpoints": [_endpoint("writer", SOURCE, 3306)],
                        "secret_arn": self.arns["mysql"],
                        "instances": ["source"],
                    },
                    "copy": {
                        **mysql,
                        "kind": "read-replica",
                        "endpoints": [_endpoint("reader", REPLICA, 3306)],
                        "secret_arn": self.arns["mysql"],
                        "source": "mysql",
                        "instances": ["copy"],
                    },
                    "redis": {
                        "kind": "redis",
                        "engine": "redis",
                        "version": "7.0",
                        "region": REGION,
                        "endpoints": [
                            _endpoint("primary", PRIMARY, 6379),
                            _endpoint("reader", READER, 6379),
                        ],
                        "secret_arn": self.arns["redis"],
                        "cluster": "cache",
                        "instances": ["cache-001", "cache-002"],
                    },
                }
            },
            "access": {
                "endpoint_url": self.url,
                "access_key_id": KEY,
                "secret_access_key": "secret",
                "ca_file": str(self.ca),
            },
        }


def _endpoint(role: str, host: str, port: int) -> dict[str, Any]:
    return {"role": role, "host": host, "port": port}


@contextmanager
def running_aws(ca: Path) -> Iterator[AWS]:
    server = ThreadedMotoServer(HOST, 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        aws = AWS(f"http://{host}:{port}", ca)
        _deploy(aws)
        yield aws
    finally:
        server.stop()


def _deploy(aws: AWS) -> None:
    secrets = aws.client("secretsmanager")
    for name, facts in (
        ("mysql", {"username": USER, "password": PASSWORD}),
        ("redis", {"auth_token": PASSWORD}),
        ("wrong", {"username": USER, "password": "another"}),
    ):
        made = secrets.create_secret(Name=name, SecretString=json.dumps(facts))
        aws.arns[name] = made["ARN"]
    rds = aws.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="source",
        Engine="mysql",
        DBInstanceClass="db.t3.micro",
        MasterUsername=USER,
        MasterUserPassword=PASSWORD,
        AllocatedStorage=20,
        MaxAllocatedStorage=100,
        StorageType="gp2",
        MultiAZ=True,
        BackupRetentionPeriod=7,
        MonitoringInterval=60,
        MonitoringRoleArn="arn:aws:iam::123456789012:role/monitoring",
        PubliclyAccessible=False,
        StorageEncrypted=True,
    )
    rds.create_db_instance_read_replica(
        DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="source", PubliclyAccessible=False
    )
    aws.client("elasticache").create_replication_group(
        ReplicationGroupId="cache",
        ReplicationGroupDescription="Application caching layer",
        Engine="redis",
        NumCacheClusters=2,
        MultiAZEnabled=True,
        AutomaticFailoverEnabled=True,
        SnapshotRetentionLimit=1,
        TransitEncryptionEnabled=True,
        AtRestEncryptionEnabled=True,
        AuthToken=PASSWORD,
    )
