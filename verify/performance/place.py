"""A database under test, how to enter it, and the table that the test works on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from contract import Database, Endpoint
from verify.aws import Cloud, Credentials
from verify.deadline import Deadline
from verify.errors import NoCredentials
from verify.performance.server import DATABASE
from verify.sql import Sql, connect


@dataclass(frozen=True)
class Place:
    """A database of the stack and how to enter it."""

    name: str
    databases: Mapping[str, Database]
    cloud: Cloud
    ca: str | None
    wait_s: float
    credentials: Credentials

    @property
    def database(self) -> Database:
        return self.databases[self.name]

    @contextmanager
    def open(self, endpoint: Endpoint) -> Iterator[Sql]:
        with connect(endpoint, self.credentials, Deadline(self.wait_s), ca=self.ca) as sql:
            yield sql

    def followers(self, kind: str) -> list[Database]:
        """Databases of ``kind`` that copy this one or lead to it."""
        found = self.databases.values()
        return [d for d in found if d.kind == kind and d.source == self.name]


def enter(
    name: str, databases: Mapping[str, Database], cloud: Cloud, ca: str | None, wait_s: float
) -> Place:
    """Raises `NoCredentials`."""
    database = databases[name]
    if database.secret_arn is None:
        raise NoCredentials(f"{name}: its output names no secret")
    found = cloud.credentials(database.secret_arn)
    credentials = replace(found, user=found.user or database.user)
    return Place(name, databases, cloud, ca, wait_s, credentials)


def fill(sql: Sql, rows: int) -> None:
    """As many rows as that, unless there are more."""
    missing = rows - int(sql.run(f"SELECT COUNT(*) FROM {DATABASE}.users")[0][0])
    for begin in range(0, missing, 1000):
        values = ", ".join(
            f"('row_{n}', 'row{n}@example.com')" for n in range(begin, min(begin + 1000, missing))
        )
        sql.run(f"INSERT INTO {DATABASE}.users (username, email) VALUES {values}")
