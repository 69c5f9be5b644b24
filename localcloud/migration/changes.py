"""The source's binary log as transactions: what was inserted, updated, deleted, in order."""

from __future__ import annotations

import contextlib
import queue
import re
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pymysql
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.event import MariadbGtidEvent, QueryEvent, XidEvent
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent

from localcloud.migration.connections import settings, translated
from localcloud.migration.errors import Interrupted, MigrationFailed
from localcloud.migration.orders import End
from localcloud.migration.tables import TableId

Named = dict[str, tuple[Any, str | None]]
"""A row by column: the reader's value, and its reason where that is ``None``."""
_HEARTBEAT_S = 1.0
_END_S = 5.0
_CONNECTIONS = 2
"""Of the reader: the log, and questions about it."""
_WAITING = 2000
"""Transactions that are read ahead of those that are applied."""
_STANDALONE = 1
"""Flag of a GTID: one statement follows, without a commit."""
_NAME = r"`?(?:(?P<schema>[^`.\s]+)`?\.`?)?(?P<table>[^`.\s;,(]+)`?"
_DDL = re.compile(
    r"\s*(?P<verb>TRUNCATE(?:\s+TABLE)?|DROP\s+TABLE(?:\s+IF\s+EXISTS)?|ALTER\s+TABLE|"
    rf"RENAME\s+TABLE)\s+{_NAME}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Change:
    """One row; ``old`` is absent for an insert, ``new`` for a delete."""

    table: TableId
    old: Named | None
    new: Named | None


@dataclass(frozen=True)
class Definition:
    """A statement about a whole table."""

    table: TableId
    verb: Literal["TRUNCATE", "DROP", "ALTER", "RENAME"]


@dataclass(frozen=True)
class Transaction:
    """What the source committed at ``position``, a GTID such as ``0-257-42``."""

    position: str
    changes: tuple[Change | Definition, ...]

    @property
    def number(self) -> int:
        return number(self.position)


def number(position: str) -> int:
    """How many transactions a position stands after; our servers share one GTID domain."""
    return max((int(part.rpartition("-")[2]) for part in position.split(",") if part), default=0)


Wanted = Callable[[str, str], bool]


class Log:
    """Reads ahead in a thread of its own; `Interrupted` comes out where it happened."""

    def __init__(self, end: End, task: str, after: str, wanted: Wanted) -> None:
        self._where = str(end)
        self._connections: list[Any] = []
        self._wanted = wanted
        self._found: queue.Queue[Transaction | Exception] = queue.Queue(_WAITING)
        self._closing = threading.Event()
        self._failure: Exception | None = None
        with translated(str(end)):
            self._reader = BinLogStreamReader(
                settings(end),
                # Two readers with one id end each other: a worker that was killed is no rival.
                server_id=0x40000000 + zlib.crc32(task.encode()) % 0x3FFFFFFF,
                is_mariadb=True,
                auto_position=after,
                blocking=True,
                slave_heartbeat=_HEARTBEAT_S,
                enable_logging=False,
                pymysql_wrapper=self._connect,
                only_events=[
                    MariadbGtidEvent,
                    QueryEvent,
                    XidEvent,
                    WriteRowsEvent,
                    UpdateRowsEvent,
                    DeleteRowsEvent,
                ],
            )
        self._thread = threading.Thread(target=self._read, name="log", daemon=True)
        self._thread.start()

    def take(self, wait_s: float, most: int) -> list[Transaction]:
        """The next transactions, at least one within ``wait_s`` seconds or none."""
        if self._failure is not None:
            raise self._failure
        taken: list[Transaction] = []
        rows = 0
        while rows < most:
            try:
                item = self._found.get(timeout=0 if taken else wait_s)
            except queue.Empty:
                break
            if isinstance(item, Exception):
                # What was read before it is good.
                self._failure = item
                if not taken:
                    raise item
                break
            taken.append(item)
            rows += max(1, len(item.changes))
        return taken

    def close(self) -> None:
        """Let go of the connections; the thread ends by that."""
        self._closing.set()
        for connection in self._connections:
            if connection._sock is not None:
                # Not closed: that would wait for the read the thread is in.
                with contextlib.suppress(OSError):
                    connection._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(_END_S)

    def _connect(self, **settings: Any) -> Any:
        # The reader would connect again by itself, and begin at its first position.
        if len(self._connections) == _CONNECTIONS:
            raise Interrupted(f"{self._where}: the connection broke")
        connection = pymysql.connect(**settings)
        # In the list before it is asked: `close` sees the connection, or we see `close`.
        self._connections.append(connection)
        if self._closing.is_set():
            raise Interrupted(f"{self._where}: closed")
        return connection

    def _read(self) -> None:
        try:
            with translated(self._where):
                for transaction in _transactions(self._reader, self._wanted):
                    self._put(transaction)
        except MigrationFailed as error:
            self._put(error)
        except Exception as error:
            if not self._closing.is_set():
                self._put(MigrationFailed(f"the log of {self._where} cannot be read: {error!r}"))

    def _put(self, item: Transaction | Exception) -> None:
        while not self._closing.is_set():
            try:
                self._found.put(item, timeout=0.5)
            except queue.Full:
                continue
            return


def _transactions(reader: Any, wanted: Wanted) -> Iterator[Transaction]:
    position, alone = "", False
    changes: list[Change | Definition] = []
    for event in reader:
        match event:
            case MariadbGtidEvent():
                position, alone, changes = event.gtid, bool(event.flags & _STANDALONE), []
            case XidEvent():
                yield Transaction(position, tuple(changes))
            case QueryEvent():
                found = _definition(event.query, event.schema.decode())
                if found is not None and wanted(*found.table):
                    changes.append(found)
                # Savepoints are statements inside of a transaction.
                if alone or event.query.strip().upper() in ("COMMIT", "ROLLBACK"):
                    yield Transaction(position, tuple(changes))
            case _ if wanted(event.schema, event.table):
                changes += _changes(event)


def _changes(event: Any) -> Iterator[Change]:
    table = (event.schema, event.table)
    for row in event.rows:
        match event:
            case WriteRowsEvent():
                yield Change(table, None, _named(row, "values", "none_sources"))
            case DeleteRowsEvent():
                yield Change(table, _named(row, "values", "none_sources"), None)
            case _:
                old = _named(row, "before_values", "before_none_sources")
                yield Change(table, old, _named(row, "after_values", "after_none_sources"))


def _named(row: dict[str, Any], values: str, reasons: str) -> Named:
    why = row.get(reasons) or {}
    return {name: (value, why.get(name)) for name, value in row[values].items()}


def _definition(statement: str, schema: str) -> Definition | None:
    found = _DDL.match(_without_comments(statement))
    if found is None:
        return None
    verb: Any = found["verb"].split()[0].upper()
    return Definition((found["schema"] or schema, found["table"]), verb)


def _without_comments(statement: str) -> str:
    return re.sub(r"/\*.*?\*/", " ", statement, flags=re.DOTALL)
