"""Clients of a measured stack: boto3 at its endpoint, MySQL with its secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import mysql.connector

from bench.workspace import BenchFailed, Workspace


def client_of(space: Workspace, service: str, region: str, stack: str = "dev") -> Any:
    """A boto3 client of the workspace's endpoint."""
    access = space.record(stack)["access"]
    session = boto3.Session(
        access["access_key_id"], access["secret_access_key"], region_name=region
    )
    return session.client(service, endpoint_url=access["endpoint_url"])


def database_of(space: Workspace, name: str, stack: str = "dev") -> dict[str, Any]:
    """The connection facts of the database ``name`` in the stack's output."""
    found: dict[str, Any] = space.record(stack)["outputs"]["databases"][name]
    return found


def name_of(space: Workspace, kind: str, stack: str = "dev") -> str:
    """The first database of a kind."""
    databases = space.record(stack)["outputs"]["databases"]
    found: str = next(name for name, facts in databases.items() if facts["kind"] == kind)
    return found


def login(space: Workspace, name: str, stack: str = "dev") -> dict[str, Any]:
    """What MySQL's driver needs for the writer of ``name``, its certificate checked."""
    facts = database_of(space, name, stack)
    secrets = client_of(space, "secretsmanager", facts["region"], stack)
    secret = json.loads(secrets.get_secret_value(SecretId=facts["secret_arn"])["SecretString"])
    writer = next(e for e in facts["endpoints"] if e["role"] == "writer")
    return {
        "host": writer["host"],
        "port": writer["port"],
        "user": secret["username"],
        "password": secret["password"],
        "ssl_ca": space.record(stack)["access"]["ca_file"],
        "ssl_verify_cert": True,
        "ssl_verify_identity": True,
    }


@contextmanager
def connected(space: Workspace, name: str, stack: str = "dev") -> Iterator[Any]:
    """A MySQL connection to the writer of ``name``, autocommitted, with a checked certificate."""
    where = login(space, name, stack)
    connection = mysql.connector.connect(**where, connection_timeout=10, autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def rows(connection: Any, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
    """The rows of one statement; `BenchFailed` when the server refuses it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.with_rows else []
    except mysql.connector.Error as error:
        raise BenchFailed(f"{statement}: {error}") from error
