"""The clients of a drill: what they make, and what becomes of one that breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from mysql.connector import errors as driver

from contract import Endpoint
from verify import sql
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.dialects import MYSQL
from verify.drill.clients import Client, Look
from verify.drill.crew import Attempt, Worker, rows
from verify.drill.recorder import Clock, Recorder
from verify.drill.run import _working
from verify.drill.sql_client import create, drop
from verify.errors import Refused, Unreachable


class Statements:
    """A session that only remembers."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self.seen.append(statement)
        return []

    def close(self) -> None: ...


@pytest.mark.parametrize(("first", "name"), [("opening", "accounts"), ("tally", "counter")])
def test_a_replica_never_shows_a_table_empty(first: str, name: str) -> None:
    """One that was behind did: no accounts are a wrong total, no counter ended an auditor."""
    session = Statements()
    create(session, MYSQL)
    made = [s for s in session.seen if first in s or name in s]
    assert [statement.partition(" (")[0].partition(" VALUES")[0] for statement in made[-3:]] == [
        f"CREATE TABLE {first}",
        f"INSERT INTO {first}",
        f"ALTER TABLE {first} RENAME TO {name}",
    ]


def test_a_table_that_a_late_drop_takes_meanwhile_is_nobody_s() -> None:
    """A drill gave up on its DROP; it came to its end while the next one looked at the tables."""

    class Vanishing(Statements):
        def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
            super().run(statement, values)
            if "FROM information_schema.schemata" in statement:
                return [("verify_drill",)]
            if "FROM information_schema.tables" in statement:
                return [("accounts",)]
            if "COUNT(*)" in statement:
                raise Refused(1146, "Table 'verify_drill.accounts' doesn't exist")
            return []

    session = Vanishing()
    assert drop(session, MYSQL) == "dropped verify_drill"
    assert session.seen[-1] == "DROP DATABASE IF EXISTS verify_drill"


def test_a_server_that_goes_as_soon_as_it_let_us_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver asks it once more for a cursor; its error ended the writer's thread."""

    class Gone:
        def __init__(self, **_: object) -> None: ...

        def cursor(self) -> None:
            raise driver.OperationalError("MySQL Connection not available")

    monkeypatch.setattr(sql, "_Reached", Gone)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:3306 cannot be reached"):
        sql.open_connection(
            Endpoint(role="writer", host="127.0.0.1", port=3306),
            Credentials("admin", "x"),
            Deadline(1),
            ca="ca.pem",
        )


class Answers:
    """A client that answers once and then breaks in a way that nobody foresaw."""

    def __init__(self) -> None:
        self.calls = 0

    def look(self) -> Look:
        return Look("a", True, 0)

    def add(self, element: int) -> None:
        self.calls += 1
        if self.calls > 1:
            raise ZeroDivisionError("a defect")

    def elements(self) -> tuple[int, ...]:
        return ()

    def close(self) -> None: ...


def test_a_client_that_breaks_is_a_defect_and_no_outage(tmp_path: Path) -> None:
    class Target:
        name = "aurora"

    def numbers() -> Iterator[int]:
        yield from range(1000)

    attempts: Iterator[Attempt[Client]] = rows(numbers())
    with Recorder(Clock(), tmp_path / "log") as recorder:
        worker = Worker("rows 1", "writer", Answers, attempts, recorder, 0.0, writes=True)
        with (
            pytest.raises(ZeroDivisionError, match="a defect"),
            _working([worker], Target()),  # type: ignore[arg-type]
        ):
            worker._thread.join(5)
    assert not worker._thread.is_alive()
