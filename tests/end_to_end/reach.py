"""How the end-to-end tests reach the deployed stack: its record, boto3, the drivers."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import mysql.connector

from bench.workspace import Workspace
from localcloud.servers.mariadb_template import administrator


def client(space: Workspace, service: str, region: str = "us-east-1") -> Any:
    access = space.record()["access"]
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=access["endpoint_url"],
        aws_access_key_id=access["access_key_id"],
        aws_secret_access_key=access["secret_access_key"],
    )


def rds(space: Workspace, region: str = "us-east-1") -> Any:
    return client(space, "rds", region)


def servers(space: Workspace) -> list[dict[str, Any]]:
    url = space.record()["access"]["endpoint_url"] + "/_localcloud/servers"
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)["servers"]
    return found


@contextmanager
def connect(space: Workspace, name: str, role: str) -> Iterator[Any]:
    record = space.record()
    facts = record["outputs"]["databases"][name]
    endpoint = next(e for e in facts["endpoints"] if e["role"] == role)
    region = facts["secret_arn"].split(":")[3]
    secret = json.loads(
        client(space, "secretsmanager", region).get_secret_value(SecretId=facts["secret_arn"])[
            "SecretString"
        ]
    )
    connection = mysql.connector.connect(
        host=endpoint["host"],
        port=endpoint["port"],
        user=secret["username"],
        password=secret["password"],
        ssl_ca=record["access"]["ca_file"],
        ssl_verify_cert=True,
        ssl_verify_identity=True,
        connection_timeout=5,
        autocommit=True,
    )
    try:
        yield connection
    finally:
        connection.close()


def as_administrator(space: Workspace, host: str, statement: str) -> None:
    """Run a statement with the rights that RDS gives to nobody, by the server's socket."""
    connection = mysql.connector.connect(
        unix_socket=str(space.state / "run" / host / "mariadb.sock"),
        user=administrator(),
        connection_timeout=5,
        ssl_disabled=True,
        use_pure=True,
    )
    try:
        connection.cursor().execute(statement)
    finally:
        connection.close()
