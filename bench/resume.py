"""A paused serverless cluster: from a client's connect to its first answer."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import mysql.connector

from bench.sql import client_of, database_of, login, name_of
from bench.workspace import BenchFailed, Workspace

_PAUSE_AFTER_S = 1
"""What the API takes so that nobody waits for five minutes."""
_DEADLINE_S = 20.0


def resumes(space: Workspace, times: int) -> list[float]:
    """Seconds of ``times`` resumes; the stack's own pause is put back."""
    database = name_of(space, "aurora-serverless")
    facts, client = database_of(space, database), login(space, database)
    endpoint_url = space.record()["access"]["endpoint_url"]
    rds = client_of(space, "rds", facts["region"])
    name = {"DBClusterIdentifier": facts["cluster"]}
    before = rds.describe_db_clusters(**name)["DBClusters"][0]["ServerlessV2ScalingConfiguration"]
    eager = before | {"SecondsUntilAutoPause": _PAUSE_AFTER_S}
    rds.modify_db_cluster(**name, ServerlessV2ScalingConfiguration=eager)
    try:
        return [_resume(endpoint_url, facts["instances"], client) for _ in range(times)]
    finally:
        rds.modify_db_cluster(**name, ServerlessV2ScalingConfiguration=before)


def _resume(endpoint_url: str, instances: list[str], client: dict[str, Any]) -> float:
    end = time.monotonic() + _DEADLINE_S
    while not _paused(endpoint_url, instances):
        if time.monotonic() > end:
            raise BenchFailed(f"{', '.join(instances)} did not pause within {_DEADLINE_S:.0f} s")
        time.sleep(0.1)
    started = time.monotonic()
    connection = mysql.connector.connect(**client, connection_timeout=10)
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        cursor.fetchall()
        return time.monotonic() - started
    finally:
        connection.close()


def _paused(endpoint_url: str, instances: list[str]) -> bool:
    with urllib.request.urlopen(f"{endpoint_url}/_localcloud/servers", timeout=10) as answer:
        servers = json.load(answer)["servers"]
    return all(row["paused"] for row in servers if row["identifier"] in instances)
