"""Databases with SQL under a drill: RDS Multi-AZ instances, and the RDS Proxy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from contract import Database, Endpoint, Role
from verify.aws import Cloud
from verify.deadline import Deadline
from verify.dialects import POSTGRES, dialect_of
from verify.drill.sql_client import SqlClient, create, drop
from verify.drill.target import Event, Member, Promise, Target, event_of, no_choice
from verify.errors import CannotRun, NoCredentials
from verify.session import Session

_ROLES: tuple[Role, ...] = ("writer", "reader", "custom", "instance")
MULTI_AZ = Promise("RDS Multi-AZ: 60 to 120 s, as RDS's guide says", 120)
_FORKS = "PostgreSQL shows rows at a replica in its log's order, at the writer in another"


class SqlTarget(Target):
    """A database with SQL, reached with the secret's user."""

    def __init__(self, name: str, database: Database, cloud: Cloud, ca: str | None) -> None:
        super().__init__(name, database, cloud, ca)
        if database.secret_arn is None:
            raise NoCredentials(f"{name}: its output names no secret")
        found = cloud.credentials(database.secret_arn)
        self._credentials = replace(found, user=found.user or database.user)
        self._dialect = dialect_of(database)

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        found: dict[str, Endpoint] = {}
        for role in _ROLES:
            for each in self.database.endpoints_of(role):
                if (each.host, each.port) not in {(e.host, e.port) for e in found.values()}:
                    found[f"{role} {each.name}" if each.name else role] = each
        return found

    pooled = False
    """Whether a client's connection is another one to the server for each transaction."""
    opens_in_s = 10.0
    """The longest wait for the connection that makes the rows' place, before there is load."""

    @property
    def may_fork(self) -> str | None:
        return _FORKS if self._dialect is POSTGRES and len(self.endpoints) > 1 else None

    def open(self, endpoint: Endpoint) -> SqlClient:
        return SqlClient.open(
            self.database, endpoint, self._credentials, self.ca, pooled=self.pooled
        )

    def prepare(self) -> None:
        session = self._session()
        try:
            create(session, self._dialect)
        finally:
            session.close()

    def clean_up(self) -> None:
        session = self._session()
        try:
            drop(session, self._dialect)
        finally:
            session.close()

    def _session(self) -> Session:
        endpoint, deadline = self.endpoints[self.writer], Deadline(self.opens_in_s)
        return self._dialect.open(endpoint, self._credentials, deadline, ca=self.ca)

    def _events(self, kinds: Mapping[str, str], region: str, since: datetime) -> list[Event]:
        """Events of sources, identifier to type."""
        found = [
            event_of(event)
            for identifier, kind in kinds.items()
            for event in self.cloud.ask(
                "rds", region, "describe_events",
                SourceIdentifier=identifier, SourceType=kind, StartTime=since,
            )["Events"]
        ]  # fmt: skip
        return sorted(found, key=lambda each: each.at)


class MultiAz(SqlTarget):
    """An RDS instance with a standby, rebooted with failover. Its name and address stay."""

    promise = MULTI_AZ
    moves = False

    def check(self) -> None:
        reported = self.cloud.instance(self.database.region, self.database.instances[0])
        if not reported.get("MultiAZ"):
            raise CannotRun(f"{self.name} has no standby: RDS reports MultiAZ false")

    def member(self) -> Member:
        return Member(self.database.instances[0], self.database.region)

    def fail_over(self, to: str | None) -> str:
        no_choice(self, to)
        identifier = self.database.instances[0]
        self.cloud.ask(
            "rds", self.database.region, "reboot_db_instance",
            DBInstanceIdentifier=identifier, ForceFailover=True,
        )  # fmt: skip
        return f"RebootDBInstance of {identifier} with ForceFailover"

    def events(self, since: datetime) -> Sequence[Event]:
        kinds = {each: "db-instance" for each in self.database.instances}
        return self._events(kinds, self.database.region, since)


class Proxied(SqlTarget):
    """An RDS Proxy, while the database behind it fails over."""

    pooled = True

    def __init__(self, name: str, database: Database, behind: Target) -> None:
        super().__init__(name, database, behind.cloud, behind.ca)
        self._behind = behind
        self.promise = behind.promise
        self.moves = behind.moves

    @property
    def title(self) -> str:
        return f"{self.name}, in front of {self._behind.name}"

    def check(self) -> None:
        self._behind.check()

    def prepare(self) -> None:
        self._behind.prepare()

    def clean_up(self) -> None:
        self._behind.clean_up()

    def member(self) -> Member:
        return self._behind.member()

    def fail_over(self, to: str | None) -> str:
        return self._behind.fail_over(to)

    def events(self, since: datetime) -> Sequence[Event]:
        return self._behind.events(since)
