"""A source and a target with workers between them, and what both hold."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.fleet import Address, Fleet, Ref
from localcloud.migration.changes import number
from localcloud.migration.orders import End, Mode, Orders, Preparation
from localcloud.migration.progress import Progress, TableProgress
from localcloud.site import Site
from tests.localcloud.fleet_site import ADMIN, eventually, kill, mysql_at, pid_of, ref, rows

TLS_ONLY = {"require_secure_transport": "1"}


def mappings(schema: str, table: str = "%") -> str:
    rule = {
        "rule-type": "selection",
        "rule-id": "1",
        "rule-name": "1",
        "object-locator": {"schema-name": schema, "table-name": table},
        "rule-action": "include",
    }
    return json.dumps({"rules": [rule]})


@dataclass
class Pair:
    """Two servers; every test has a schema and a migration of its own."""

    site: Site
    fleet: Fleet
    source: Address
    target: Address

    def end(self, address: Address, **changes: Any) -> End:
        facts: dict[str, Any] = {
            "engine": "mysql",
            "host": address.host,
            "port": address.port,
            "user": ADMIN.user,
            "password": ADMIN.password,
            "ca_pem": (self.site.ca_dir / "ca.pem").read_text(),
        }
        return End(**{**facts, **changes})

    def orders(
        self,
        schema: str,
        mode: Mode = "full-load-and-cdc",
        preparation: Preparation = "DO_NOTHING",
        **changes: Any,
    ) -> Orders:
        facts: dict[str, Any] = {
            "task": schema,
            "run": uuid.uuid4().hex,
            "source": self.end(self.source),
            "target": self.end(self.target),
            "mappings": mappings(schema),
            "mode": mode,
            "preparation": preparation,
        }
        return Orders(**{**facts, **changes})

    @contextmanager
    def migrating(self, orders: Orders) -> Iterator[Migrating]:
        found = Migrating(self, ref(orders.task), orders)
        self.fleet.migrations.create(found.ref)
        self.fleet.migrations.start(found.ref, orders)
        try:
            yield found
        finally:
            self.fleet.migrations.delete(found.ref)

    def run(self, *statements: str) -> None:
        """Statements on the source."""
        with mysql_at(self.site, self.source) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def both(self, table: str) -> tuple[list[Any], list[Any]]:
        """The rows of a table at the source and at the target, sorted."""
        found = []
        for address in (self.source, self.target):
            found.append(sorted(rows(self.site, address, f"SELECT * FROM {table}"), key=repr))
        return found[0], found[1]

    def same(self, table: str) -> bool:
        here, there = self.both(table)
        return here == there


@dataclass
class Migrating:
    """A migration that was started."""

    pair: Pair
    ref: Ref
    orders: Orders

    @property
    def progress(self) -> Progress:
        found = self.pair.fleet.migrations.progress(self.ref)
        assert found is not None, "the worker has not said anything yet"
        return found

    @property
    def status(self) -> str | None:
        found = self.pair.fleet.migrations.progress(self.ref)
        return found.status if found is not None else None

    def until(self, *statuses: str) -> Progress:
        eventually(lambda: self.status in statuses, f"{self.orders.task} is {statuses}", 80)
        return self.progress

    def loaded(self) -> Progress:
        def done() -> bool:
            return self.status is not None and self.progress.load_ended is not None

        eventually(done, f"{self.orders.task} is loaded", 60)
        return self.progress

    def caught_up(self) -> None:
        """Everything that is committed on the source by now is on the target."""
        ((there,),) = rows(self.pair.site, self.pair.source, "SELECT @@gtid_binlog_pos")

        def behind() -> int:
            found = self.progress if self.status is not None else None
            return number(there) - number((found and found.position) or "")

        eventually(lambda: behind() <= 0, f"{self.orders.task} is caught up", 60)

    def counts(self, table: str, inserts: int) -> TableProgress:
        """A table's counts, once ``inserts`` are among them: the file is a moment late."""
        eventually(
            lambda: (
                table in self.progress.tables and self.progress.tables[table].inserts == inserts
            ),
            f"{inserts} inserts of {table} are counted",
        )
        return self.progress.tables[table]

    def kill(self) -> None:
        """SIGKILL of the worker."""
        kill(pid_of(self.pair.fleet, self.ref.identifier, "migration"))


@pytest.fixture(scope="module")
def pair(site: Site, fleet: Fleet) -> Iterator[Pair]:
    found = Pair(
        site,
        fleet,
        fleet.instances.create(ref("source"), ADMIN, None, TLS_ONLY),
        fleet.instances.create(ref("target"), ADMIN, None, TLS_ONLY),
    )
    yield found
    if found.fleet is not fleet:
        # A test's own, which would bring the servers back that are ended after it.
        found.fleet.close()
