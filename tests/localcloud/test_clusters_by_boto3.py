"""Multi-AZ DB clusters and Aurora PostgreSQL by plain boto3: a daemon, real servers, SIGKILL."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mysql.connector
import psycopg
import pytest

from localcloud import daemon
from localcloud.fleet import Address
from localcloud.processes import command_lines
from localcloud.site import Site
from tests.localcloud.fleet_site import (
    ADMIN,
    eventually,
    kill,
    mysql_at,
    postgres_rows,
    site,
)
from tests.localcloud.front_site import client_of

__all__ = ["site"]
USER = "dbadmin"
READ_ONLY = {"mysql": 1290, "postgres": "25006"}
MULTI_AZ = {
    "DBClusterInstanceClass": "db.m6gd.large",
    "AllocatedStorage": 100,
    "StorageType": "io1",
    "Iops": 1000,
}


@dataclass
class Made:
    """A cluster as its makers know it."""

    site: Site
    engine: str

    @property
    def name(self) -> str:
        return f"my-{self.engine}"

    @property
    def rds(self) -> Any:
        return client_of(self.site.endpoint_url, "rds")

    @property
    def family(self) -> str:
        return "postgres" if "postgres" in self.engine else "mysql"

    def cluster(self) -> dict[str, Any]:
        found = self.rds.describe_db_clusters(DBClusterIdentifier=self.name)["DBClusters"]
        return dict(found[0])

    def endpoint(self, role: str = "Endpoint") -> Address:
        cluster = self.cluster()
        return Address(cluster[role], cluster["Port"])

    @property
    def members(self) -> list[str]:
        return [m["DBInstanceIdentifier"] for m in self.cluster()["DBClusterMembers"]]

    @property
    def writer(self) -> str:
        (found,) = (m for m in self.cluster()["DBClusterMembers"] if m["IsClusterWriter"])
        return str(found["DBInstanceIdentifier"])

    def run(self, statement: str, at: Address | None = None) -> list[Any]:
        at = at or self.endpoint()
        if self.family == "mysql":
            with mysql_at(self.site, at, user=USER, database="app") as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.with_rows else []
        return postgres_rows(self.site, at, statement, dbname="app", user=USER)

    def reads(self, role: str = "ReaderEndpoint") -> list[int]:
        return [row[0] for row in self.run("SELECT id FROM t", self.endpoint(role))]

    def pid(self, member: str) -> int:
        found = [s["pid"] for s in servers(self.site) if s["identifier"] == member]
        assert len(found) == 1
        return int(found[0])


def servers(site: Site) -> list[dict[str, Any]]:
    with urllib.request.urlopen(site.endpoint_url + daemon.SERVERS, timeout=10) as answer:
        return list(json.load(answer)["servers"])


def kill_daemon(site: Site) -> None:
    handle = os.pidfd_open(daemon.ensure_running(site))
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        assert daemon._ended(handle, 5)
    finally:
        os.close(handle)


@pytest.fixture(scope="module")
def running(site: Site) -> Iterator[Site]:
    daemon.ensure_running(site)
    ec2, rds = client_of(site.endpoint_url, "ec2"), client_of(site.endpoint_url, "rds")
    zones = {s["AvailabilityZone"]: s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]}
    rds.create_db_subnet_group(
        DBSubnetGroupName="three",
        DBSubnetGroupDescription="three zones",
        SubnetIds=[zones[f"us-east-1{letter}"] for letter in "abc"],
    )
    yield site
    daemon.stop(site)


@pytest.fixture(scope="module", params=["postgres", "mysql", "aurora-postgresql"])
def made(running: Site, request: pytest.FixtureRequest) -> Made:
    found = Made(running, request.param)
    aurora = found.engine.startswith("aurora")
    found.rds.create_db_cluster(
        DBClusterIdentifier=found.name,
        Engine=found.engine,
        MasterUsername=USER,
        MasterUserPassword=ADMIN.password,
        DatabaseName="app",
        DBSubnetGroupName="three",
        **({} if aurora else MULTI_AZ),
    )
    for letter in "abc" if aurora else "":
        found.rds.create_db_instance(
            DBInstanceIdentifier=f"{found.name}-{letter}",
            DBClusterIdentifier=found.name,
            Engine=found.engine,
            DBInstanceClass="db.r6g.large",
        )
    found.run("CREATE TABLE t (id INT PRIMARY KEY)")
    return found


class Load:
    """A writer on its own thread: an id counts only when the commit was acknowledged."""

    def __init__(self, made: Made) -> None:
        self._made, self._endpoint = made, made.endpoint()
        self.acknowledged: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Load:
        self._made.run("DELETE FROM t")
        self._thread.start()
        try:
            self.goes_on()
        except AssertionError:
            # Or it would write into the next tests.
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _write(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                self._made.run(f"INSERT INTO t VALUES ({number})", self._endpoint)
            except (mysql.connector.Error, psycopg.Error, OSError):
                # Unknown: the row may be there. It was not acknowledged, so it is not counted.
                time.sleep(0.005)
            else:
                self.acknowledged.append(number)

    def goes_on(self) -> None:
        before = len(self.acknowledged)
        eventually(lambda: len(self.acknowledged) > before + 10, "writes go on", 30)

    def missing(self, role: str = "Endpoint") -> set[int]:
        return set(self.acknowledged) - set(self._made.reads(role))


def test_the_writer_writes_and_the_readers_refuse_to(made: Made) -> None:
    assert len(made.members) == 3
    made.run("INSERT INTO t VALUES (1)")
    eventually(lambda: made.reads() == [1], "the row on a reader", 30)
    with pytest.raises((mysql.connector.Error, psycopg.Error)) as caught:
        made.run("INSERT INTO t VALUES (2)", made.endpoint("ReaderEndpoint"))
    refused = caught.value
    code = refused.sqlstate if isinstance(refused, psycopg.Error) else refused.errno
    assert code == READ_ONLY[made.family]


def test_a_killed_writer_is_replaced_and_no_acknowledged_row_is_lost(made: Made) -> None:
    old = made.writer
    with Load(made) as load:
        kill(made.pid(old))
        load.goes_on()
    assert made.writer != old
    assert not load.missing()
    eventually(lambda: not load.missing("ReaderEndpoint"), "the readers have every row", 30)
    events = made.rds.describe_events(SourceIdentifier=made.name)["Events"]
    assert f"Completed failover to DB instance: {made.writer}" in [e["Message"] for e in events]


def test_a_failover_goes_to_the_reader_that_was_named(made: Made) -> None:
    target = next(name for name in reversed(made.members) if name != made.writer)
    with Load(made) as load:
        made.rds.failover_db_cluster(
            DBClusterIdentifier=made.name, TargetDBInstanceIdentifier=target
        )
        load.goes_on()
    assert made.writer == target
    assert not load.missing()


def test_the_next_daemon_adopts_the_servers_as_they_are(made: Made) -> None:
    before = {member: made.pid(member) for member in made.members}
    with Load(made) as load:
        kill_daemon(made.site)
        load.goes_on()
        daemon.ensure_running(made.site, 60)
        load.goes_on()
    assert {member: made.pid(member) for member in made.members} == before
    assert not load.missing()


def test_a_writer_that_died_while_no_daemon_ran_is_replaced_by_the_next(made: Made) -> None:
    old = made.writer
    pid = made.pid(old)
    with Load(made) as load:
        kill_daemon(made.site)
        kill(pid)
        daemon.ensure_running(made.site, 60)
        load.goes_on()
    assert made.writer != old
    assert not load.missing()


def test_a_new_password_is_asked_for_on_every_member(made: Made) -> None:
    new = "another-horse-2"
    made.rds.modify_db_cluster(DBClusterIdentifier=made.name, MasterUserPassword=new)
    try:
        with pytest.raises((mysql.connector.Error, psycopg.Error)):
            made.run("SELECT 1")
    finally:
        made.rds.modify_db_cluster(DBClusterIdentifier=made.name, MasterUserPassword=ADMIN.password)
    assert made.run("SELECT 1") == [(1,)]


def test_a_deleted_cluster_leaves_no_process(made: Made) -> None:
    members = made.members
    if made.engine.startswith("aurora"):
        for member in members:
            made.rds.delete_db_instance(DBInstanceIdentifier=member)
    made.rds.delete_db_cluster(DBClusterIdentifier=made.name, SkipFinalSnapshot=True)
    known = {instance["DBInstanceIdentifier"] for instance in _instances(made)}
    assert not known & set(members)
    assert not [s for s in servers(made.site) if s["identifier"] in (*members, made.name)]
    folders = [f"{made.site.servers_dir}/", made.name]
    lines = [" ".join(line) for line in command_lines().values()]
    assert not [line for line in lines if all(part in line for part in folders)]


def _instances(made: Made) -> list[dict[str, Any]]:
    return list(made.rds.describe_db_instances()["DBInstances"])
