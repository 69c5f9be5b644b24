"""SIGKILL of the Aurora writer under load: the write outage, and what was lost."""

from __future__ import annotations

import bisect
import contextlib
import itertools
import os
import signal
import statistics
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import mysql.connector
import psutil

from bench.sql import client_of, database_of, login, name_of
from bench.workspace import BenchFailed, Workspace

_WRITES_AGAIN = 50
"""Acknowledged writes after a kill that show that writing goes on."""


@dataclass
class _Load:
    """One writer client: an id counts as acknowledged only after the commit returned."""

    host: str
    port: int
    user: str
    password: str
    ca_file: str
    acknowledged: list[tuple[float, int]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def connect(self) -> Any:
        return mysql.connector.connect(
            host=self.host, port=self.port, user=self.user, password=self.password,
            ssl_ca=self.ca_file, ssl_verify_cert=True, ssl_verify_identity=True,
            connection_timeout=2, autocommit=True,
        )  # fmt: skip

    def run(self) -> None:
        number = 0
        connection = None
        while not self.stop.is_set():
            try:
                if connection is None:
                    connection = self.connect()
                cursor = connection.cursor()
                # A number is never tried twice: after a lost answer its outcome is unknown.
                number += 1
                cursor.execute("INSERT INTO bench_failover.acks (id) VALUES (%s)", (number,))
                self.acknowledged.append((time.monotonic(), number))
                cursor.close()
            except mysql.connector.Error:
                _close(connection)
                connection = None
                time.sleep(0.005)
        _close(connection)


def _close(connection: Any) -> None:
    if connection is not None:
        with contextlib.suppress(mysql.connector.Error, OSError):
            connection.close()


@dataclass(frozen=True)
class Outcome:
    """Outages in seconds, one a kill; rows acknowledged, lost and duplicated over all of them."""

    outages: tuple[float, ...]
    acknowledged: int
    lost: int
    duplicated: int

    @property
    def median(self) -> float:
        return statistics.median(self.outages)


def kill_writers(space: Workspace, kills: int, between_s: float = 1.5) -> Outcome:
    """Kill the writer of the stack's Aurora cluster ``kills`` times under load."""
    name = name_of(space, "aurora-mysql")
    aurora, where = database_of(space, name), login(space, name)
    rds = client_of(space, "rds", aurora["region"])
    load = _Load(*(where[key] for key in ("host", "port", "user", "password", "ssl_ca")))
    setup = load.connect()
    cursor = setup.cursor()
    cursor.execute("CREATE DATABASE IF NOT EXISTS bench_failover")
    cursor.execute("CREATE OR REPLACE TABLE bench_failover.acks (row_id BIGINT AUTO_INCREMENT "
                   "PRIMARY KEY, id BIGINT NOT NULL)")  # fmt: skip
    setup.close()
    thread = threading.Thread(target=load.run, daemon=True)
    thread.start()
    outages = []
    try:
        for _ in range(kills):
            time.sleep(between_s)
            os.kill(_writer_pid(rds, aurora["cluster"]), signal.SIGKILL)
            outages.append(_outage(load, time.monotonic()))
    finally:
        load.stop.set()
        thread.join(timeout=10)
    check = load.connect()
    cursor = check.cursor()
    cursor.execute("SELECT id, COUNT(*) FROM bench_failover.acks GROUP BY id")
    stored = {int(number): int(times) for number, times in cursor.fetchall()}
    cursor.execute("DROP DATABASE bench_failover")
    check.close()
    acknowledged = [number for _, number in load.acknowledged]
    return Outcome(
        outages=tuple(outages),
        acknowledged=len(acknowledged),
        lost=sum(number not in stored for number in acknowledged),
        duplicated=sum(times > 1 for times in stored.values()),
    )


def _writer_pid(rds: Any, cluster: str) -> int:
    members = rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]
    writer = next(
        m["DBInstanceIdentifier"] for m in members["DBClusterMembers"] if m["IsClusterWriter"]
    )
    host = rds.describe_db_instances(DBInstanceIdentifier=writer)["DBInstances"][0]["Endpoint"]
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if "mariadbd" in " ".join(line[:1]) and f"--bind-address={host['Address']}" in line:
            return process.pid
    raise BenchFailed(f"no server process found for the writer {writer} on {host['Address']}")


def _outage(load: _Load, killed: float, deadline_s: float = 20.0) -> float:
    """The longest pause between two acknowledged writes, of those that end after the kill.

    The first acknowledgement after the kill may have been on its way already.
    """
    last = max(0, bisect.bisect_right(load.acknowledged, killed, key=lambda row: row[0]) - 1)
    while time.monotonic() < killed + deadline_s:
        times = [at for at, _ in load.acknowledged[last:]]
        if len(times) > _WRITES_AGAIN + 1:
            return max(later - earlier for earlier, later in itertools.pairwise(times))
        time.sleep(0.001)
    raise BenchFailed(f"no write was acknowledged within {deadline_s:.0f} s of the kill")
