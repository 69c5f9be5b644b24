"""One run: the load, then the changes, until it is finished, stopped or cannot go on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing

from localcloud.migration.changes import Log
from localcloud.migration.errors import Interrupted, MigrationFailed, RowRefused
from localcloud.migration.follow import Follower
from localcloud.migration.mappings import Mappings
from localcloud.migration.mysql_target import mysql_target
from localcloud.migration.orders import Orders
from localcloud.migration.progress import Report, TableProgress, now
from localcloud.migration.row_changes import State
from localcloud.migration.source import Source
from localcloud.migration.tables import Table
from localcloud.migration.target import Target
from localcloud.migration.values import Row

log = logging.getLogger(__name__)

_AGAIN_S = 0.5
_IDLE_S = 0.1
_MOST_ROWS = 2000
"""Changes in one transaction on the target."""


class Stopped(Exception):
    """Somebody wants the run to end."""


class Worker:
    """Performs ``orders``; ``stop`` ends it at the next batch."""

    def __init__(self, orders: Orders, report: Report, stop: threading.Event) -> None:
        self._orders = orders
        self._report = report
        self._stop = stop
        self._mappings = Mappings.read(orders.mappings)
        self._source = Source(orders.source)

    def run(self) -> None:
        """Work until the end. Broken connections are made anew, for as long as it takes."""
        while True:
            try:
                with _target(self._orders) as target:
                    self._session(target)
                return
            except Stopped:
                self._report.end("stopped")
                return
            except Interrupted as trouble:
                log.warning("%s", trouble)
                self._report.progress.trouble = str(trouble)
                self._report.write()
                if self._stop.wait(_AGAIN_S):
                    self._report.end("stopped")
                    return
            except MigrationFailed as failure:
                log.error("%s", failure)
                self._report.end("failed", str(failure))
                return

    def _session(self, target: Target) -> None:
        progress = self._report.progress
        if self._orders.mode != "full-load":
            self._source.check()
        if target.run_of() != self._orders.run:
            target.begin(self._orders.run, self._source.position(self._orders.start_position))
        state = target.state()
        self._know(state)
        progress.status, progress.trouble = "running", None
        self._report.write()
        errored: set[tuple[str, str]] = set()
        if self._orders.mode == "cdc":
            self._adopt_all(target, state)
        else:
            errored = self._load_all(target, state)
        if self._orders.mode == "full-load":
            self._report.end("finished")
            return
        self._follow(target, target.state(), errored)

    def _know(self, state: State) -> None:
        progress = self._report.progress
        progress.position = state.position
        for (schema, name), counts in state.tables.items():
            known = progress.tables.setdefault(f"{schema}.{name}", TableProgress())
            known.state = "Table completed"
            known.loaded, known.inserts = counts.loaded, counts.inserts
            known.updates, known.deletes = counts.updates, counts.deletes

    def _adopt_all(self, target: Target, state: State) -> None:
        for table in self._source.tables(self._mappings):
            if table.id not in state.tables:
                target.prepare(table, "DO_NOTHING")
                target.adopt(table, state.position)
                self._of(table).state = "Table completed"

    def _load_all(self, target: Target, state: State) -> set[tuple[str, str]]:
        progress = self._report.progress
        tables = self._source.tables(self._mappings)
        if not tables:
            raise MigrationFailed(
                "No tables were found at task initialization. Either the selected table(s) or "
                "schemas(s) no longer exist or no match was found for the table selection "
                "pattern(s)."
            )
        waiting = [table for table in tables if table.id not in state.tables]
        if waiting:
            progress.load_started = progress.load_started or now()
        for table in tables:
            self._of(table)
        errored = {table.id for table in waiting if not self._load(target, table)}
        progress.load_ended = progress.load_ended or now()
        self._report.write()
        return errored

    def _load(self, target: Target, table: Table) -> bool:
        row = self._of(table)
        row.state, row.loaded, row.load_started = "Full load", 0, now()
        self._report.write()

        def loaded(rows: int) -> None:
            row.loaded += rows
            self._report.tick()

        try:
            target.prepare(table, self._orders.preparation)
            with self._source.snapshot(table) as (position, batches):
                target.load(table, position, self._until_stopped(batches), loaded)
        except RowRefused as refusal:
            # The other tables are not to blame; DMS goes on with them, too.
            row.state, row.error, row.loaded = "Table error", str(refusal), 0
            log.error("%s cannot be loaded: %s", table, refusal)
            return False
        row.state, row.load_ended = "Table completed", now()
        self._report.write()
        return True

    def _until_stopped(self, batches: Iterator[list[Row]]) -> Iterator[list[Row]]:
        for batch in batches:
            if self._stop.is_set():
                raise Stopped
            yield batch

    def _follow(self, target: Target, state: State, errored: set[tuple[str, str]]) -> None:
        follower = Follower(self._source, target, self._report, state, errored)
        orders = self._orders
        with closing(
            Log(orders.source, orders.task, state.position, self._mappings.selects)
        ) as changes:
            while not self._stop.is_set():
                follower.apply(changes.take(_IDLE_S, _MOST_ROWS))
                self._report.tick()
        raise Stopped

    def _of(self, table: Table) -> TableProgress:
        return self._report.progress.tables.setdefault(str(table), TableProgress())


def _target(orders: Orders) -> AbstractContextManager[Target]:
    if orders.target.engine == "mysql":
        return mysql_target(orders.target, orders.task)
    # The driver is loaded by those who need it.
    from localcloud.migration.postgres_target import postgres_target

    return postgres_target(orders.target, orders.task)
