"""PostgreSQL and MariaDB in the session's cloud, and what a program would output of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD, REGION, ROLE, TLS_ONLY

USER = "app"
PRODUCTION = {
    "DBInstanceClass": "db.t4g.medium",
    "MasterUserPassword": PASSWORD,
    "AllocatedStorage": 20,
    "MaxAllocatedStorage": 100,
    "StorageType": "gp3",
    "MultiAZ": True,
    "BackupRetentionPeriod": 7,
    "MonitoringInterval": 60,
    "MonitoringRoleArn": ROLE,
    "PubliclyAccessible": False,
    "StorageEncrypted": True,
    "EnableIAMDatabaseAuthentication": True,
}


@pytest.fixture(scope="session")
def engines(cloud: TestCloud) -> dict[str, Any]:
    """The databases ``ledger``, its replica ``ledger-copy``, and ``wiki``."""
    rds = cloud.client("rds")
    secret = cloud.client("secretsmanager").create_secret(
        Name="app", SecretString=json.dumps({"username": USER, "password": PASSWORD})
    )["ARN"]
    found: dict[str, Any] = {}
    for name, engine, version, group in (
        ("ledger", "postgres", "17", "postgres17"),
        ("wiki", "mariadb", "11.4", "mariadb11.4"),
    ):
        rds.create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily=group, Description="TLS only"
        )
        made = rds.create_db_instance(
            DBInstanceIdentifier=name,
            Engine=engine,
            EngineVersion=version,
            DBName="appdb",
            MasterUsername=USER,
            DBParameterGroupName=name,
            **PRODUCTION,
        )["DBInstance"]
        found[name] = _facts(name, f"rds-{engine}", "writer", made, secret)
    rds.modify_db_parameter_group(DBParameterGroupName="wiki", Parameters=[TLS_ONLY])
    copy = rds.create_db_instance_read_replica(
        DBInstanceIdentifier="ledger-copy", SourceDBInstanceIdentifier="ledger"
    )["DBInstance"]
    found["ledger-copy"] = _facts("ledger-copy", "read-replica", "reader", copy, secret)
    found["ledger-copy"]["source"] = "ledger"
    return found


def _facts(name: str, kind: str, role: str, made: dict[str, Any], secret: str) -> dict[str, Any]:
    endpoint = made["Endpoint"]
    return {
        "kind": kind,
        "engine": made["Engine"],
        "version": made["EngineVersion"],
        "region": REGION,
        "endpoints": [{"role": role, "host": endpoint["Address"], "port": endpoint["Port"]}],
        "database": "appdb",
        "user": USER,
        "secret_arn": secret,
        "instances": [name],
        "iam_auth": role == "writer",
    }


@pytest.fixture
def verify(
    cloud: TestCloud,
    engines: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Verify:
    """The command, on a record of these databases only."""
    record = cloud.record()
    record["outputs"]["databases"] = json.loads(json.dumps(engines))
    return Verify(record, tmp_path, capsys)


def as_administrator(cloud: TestCloud, host: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement with the rights that RDS gives to nobody."""
    with psycopg.connect(
        host=str(cloud.site.run_dir / host),
        user="rdsadmin",
        dbname="postgres",
        autocommit=True,
        connect_timeout=5,
    ) as connection:
        cursor = connection.execute(statement.encode())
        return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def silent(cloud: TestCloud, identifier: str) -> Iterator[None]:
    """A server whose every process neither answers nor goes away."""
    server = psutil.Process(cloud.pid(identifier))
    stopped = [server, *server.children(recursive=True)]
    for process in stopped:
        process.suspend()
    try:
        yield
    finally:
        for process in stopped:
            process.resume()
