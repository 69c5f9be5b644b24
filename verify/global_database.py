"""A global database: one region writes, the others read it a moment later, and roles can swap."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager

from contract import Database, Endpoint, Secondary
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.dialects import MYSQL
from verify.errors import NotApplicable, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import CLUSTER, GLOBAL_CLUSTER, equals, judge
from verify.global_roles import GlobalRoles, worldwide_of
from verify.heartbeats import create_heartbeats, lag
from verify.sql import Sql, connect, open_connection
from verify.sql_checks import (
    READ_ONLY,
    READ_ONLY_MODE,
    drop_own_database,
    expect_read_only,
    refused_by_wrong_ca,
    refused_without_tls,
    tls_in_use,
)

HOME = "the primary is where the outputs say"
CONNECT = "connect to the primary"
CREATE = "create globaltest in the primary"
SWITCHOVER = "a planned switchover"
BACK = "and back"
SWITCHOVERS = 2
_DATABASE = "globaltest"
_REFUSED = f"INSERT INTO {_DATABASE}.moves VALUES ('refused')"
_READ_ONLY = frozenset({READ_ONLY, READ_ONLY_MODE})
_OWN = {"heartbeat": "TRUE", "moves": "TRUE"}
"""What the exercise makes in globaltest: tables, and a condition for their rows."""


class GlobalDatabase(Exercise):
    """The checks on one global database. ``{region}`` in a step's name is a secondary's."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._endpoint = scene.database.endpoint("writer")
        self._worldwide = worldwide_of(scene.database)
        self._roles = GlobalRoles(scene.cloud, scene.database, self._worldwide, scene.wait_s)
        self._credentials = Credentials(None, "")
        self._primary: Sql
        self._copies: dict[str, Sql] = {}
        self._away = False

    def checks(self) -> Iterable[Check]:
        yield Check(HOME, self._roles.expect_home)
        yield Check(CONNECT, self._connect, (HOME,), opens=True)
        yield Check("settings as RDS reports them", self._settings, (HOME,))
        yield Check("TLS in use", lambda: tls_in_use(self._primary), (CONNECT,))
        yield Check("a connection without TLS is refused", self._without_tls, (CONNECT,))
        yield Check("a wrong CA is refused", self._wrong_ca, (CONNECT,))
        yield Check(CLEAN, self._clean, (CONNECT,))
        yield Check(CREATE, self._create, (CLEAN,))
        for secondary in self._worldwide.secondaries:
            yield from self._of(secondary)
        yield Check(SWITCHOVER, self._switch_over, (CREATE,))
        yield Check(BACK, self._switch_back, (SWITCHOVER,))

    def _of(self, secondary: Secondary) -> Iterable[Check]:
        at = f"in {secondary.region}"
        connected, arrived = f"connect {at}", f"rows arrive {at}"
        yield Check(connected, lambda: self._connect_to(secondary), (CONNECT,), opens=True)
        yield Check(f"TLS in use {at}", lambda: tls_in_use(self._copy(secondary)), (connected,))
        yield Check(arrived, lambda: self._lag(secondary), (CREATE, connected))
        if secondary.write_forwarding:
            name = f"a write {at} reaches the primary"
            yield Check(name, lambda: self._forward(secondary), (arrived,))
        else:
            yield Check(f"a write {at} is refused", lambda: self._write(secondary), (arrived,))

    def clean_up(self, deadline: Deadline) -> str:
        if not self._away:
            with connect(self._endpoint, self._credentials, deadline, ca=self.scene.ca) as sql:
                return drop_own_database(sql, _DATABASE, _OWN)
        # Whatever went wrong there: leave the roles as they were.
        home = self.scene.database
        if self._roles.writer() != home.cluster:
            self._roles.move(home)
        said = self._roles.eventually(
            self._dropped, f"{home.cluster} takes no writes", self._roles.deadline()
        )
        return f"{said}, after a switchover back"

    def _dropped(self) -> str:
        with self._briefly(self._endpoint) as sql:
            return drop_own_database(sql, _DATABASE, _OWN)

    def _open(self, endpoint: Endpoint) -> Sql:
        scene = self.scene
        sql = open_connection(endpoint, self._credentials, scene.deadline(), ca=scene.ca)
        self.opened.callback(sql.close)
        return sql

    def _connect(self) -> str:
        self._credentials = self.scene.credentials(self.scene.database)
        self._primary = self._open(self._endpoint)
        return f"{self._endpoint.host}:{self._endpoint.port} in {self.scene.database.region}"

    def _connect_to(self, secondary: Secondary) -> str:
        if not secondary.instances:
            raise NotApplicable(
                f"{secondary.cluster} is headless: it has a copy and no instance to read it by"
            )
        self._copies[secondary.region] = sql = self._open(secondary.reader)
        return f"{secondary.reader.host}:{secondary.reader.port}, {sql.identity()}"

    def _copy(self, secondary: Secondary) -> Sql:
        return self._copies[secondary.region]

    def _settings(self) -> str:
        said = judge(self._roles.reported(), GLOBAL_CLUSTER)
        cloud, home = self.scene.cloud, self.scene.database
        version = cloud.cluster(home.region, home.cluster or "")["EngineVersion"]
        for secondary in self._worldwide.secondaries:
            reported = cloud.cluster(secondary.region, secondary.cluster)
            judge(reported, (equals("EngineVersion", version), *CLUSTER))
            members = sorted(m["DBInstanceIdentifier"] for m in reported["DBClusterMembers"])
            if members != sorted(secondary.instances):
                raise StepFailed(
                    f"members of {secondary.cluster} are {members}, "
                    f"not {sorted(secondary.instances)}"
                )
        return f"secondaries {len(self._worldwide.secondaries)}, version {version}, {said}"

    def _without_tls(self) -> str:
        return refused_without_tls(self._endpoint, self._credentials, self.scene.deadline())

    def _wrong_ca(self) -> str:
        return refused_by_wrong_ca(self._endpoint, self._credentials, self.scene.deadline())

    def _clean(self) -> str:
        return drop_own_database(self._primary, _DATABASE, _OWN)

    def _create(self) -> str:
        self.began = True
        self._primary.run(f"CREATE DATABASE {_DATABASE}")
        self._primary.run(f"{MYSQL.use}{_DATABASE}")
        create_heartbeats(self._primary)
        self._primary.run(f"CREATE TABLE {_DATABASE}.moves (written_in VARCHAR(40) PRIMARY KEY)")
        return f"two tables, by {self._primary.identity()}"

    def _lag(self, secondary: Secondary) -> str:
        copy = self._copy(secondary)
        return lag(self.scene, MYSQL, self._primary, copy, _DATABASE, secondary.cluster)

    def _write(self, secondary: Secondary) -> str:
        return expect_read_only(self._copy(secondary), _REFUSED, _READ_ONLY)

    def _forward(self, secondary: Secondary) -> str:
        lacking = self.scene.cloud.lacks("global-write-forwarding")
        if lacking is not None:
            raise NotApplicable(lacking)
        copy, place = self._copy(secondary), f"forwarded from {secondary.region}"
        # Without a consistency a session forwards nothing; this one reads its own writes.
        copy.run("SET aurora_replica_read_consistency = 'session'")
        copy.run(f"INSERT INTO {_DATABASE}.moves VALUES (%s)", (place,))
        for where, sql in (("the primary", self._primary), (secondary.region, copy)):
            if place not in _moves(sql):
                raise StepFailed(f"the write was accepted and is not seen in {where}")
        return "seen in the primary and, by the same session, where it was written"

    def _switch_over(self) -> str:
        if "switchover" not in self.scene.allowed:
            raise NotApplicable("it interrupts other users; --switchover allows it")
        target = next((s for s in self._worldwide.secondaries if s.instances), None)
        if target is None:
            raise NotApplicable("no secondary has an instance that could take over")
        self._primary.run(f"INSERT INTO {_DATABASE}.moves VALUES ('at home, before')")
        self._away = True
        return self._move(target, target.writer, self.scene.database.endpoint("reader"), "away")

    def _switch_back(self) -> str:
        target = next(s for s in self._worldwide.secondaries if s.instances)
        said = self._move(self.scene.database, self._endpoint, target.reader, "at home, after")
        self._away = False
        return said

    def _move(
        self, target: Database | Secondary, writer: Endpoint, reader: Endpoint, row: str
    ) -> str:
        """Make ``target`` the primary: it writes and has every row, who wrote before reads.

        ``reader`` is an endpoint of who wrote before.
        """
        with self._briefly(reader) as sql:
            before = _moves(sql)
        started = time.monotonic()
        self._roles.move(target)
        deadline = self._roles.deadline()
        there = self._roles.eventually(
            lambda: self._written(writer, row), f"{target.cluster} takes no writes", deadline
        )
        took = time.monotonic() - started
        if missing := sorted(before - there):
            raise StepFailed(f"{target.cluster} has lost {missing}")
        said = self._roles.eventually(
            lambda: self._followed(reader, row), "who wrote before does not follow", deadline
        )
        return (
            f"{target.cluster} took writes {took:.1f} s after the call and has every row; who "
            f"wrote before follows, a write there is {said}"
        )

    def _written(self, endpoint: Endpoint, row: str) -> set[str]:
        """Write ``row``, if it is not there from an attempt before; every row then."""
        with self._briefly(endpoint) as sql:
            sql.run(f"INSERT IGNORE INTO {_DATABASE}.moves VALUES (%s)", (row,))
            return _moves(sql)

    def _followed(self, endpoint: Endpoint, row: str) -> str:
        with self._briefly(endpoint) as sql:
            if row not in _moves(sql):
                return ""
            return expect_read_only(sql, _REFUSED, _READ_ONLY)

    def _briefly(self, endpoint: Endpoint) -> AbstractContextManager[Sql]:
        return connect(endpoint, self._credentials, self.scene.deadline(), ca=self.scene.ca)


def _moves(sql: Sql) -> set[str]:
    return {str(row[0]) for row in sql.run(f"SELECT written_in FROM {_DATABASE}.moves")}


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("global_database",)))
