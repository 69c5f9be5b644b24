"""A drill's client of MySQL, MariaDB or PostgreSQL, and the database that it works in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from contract import Database, Endpoint
from verify import postgres_sql
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.dialects import MYSQL, POSTGRES, Dialect, dialect_of
from verify.drill.clients import PATIENCE_S, Look, NotSent
from verify.errors import Refused, VerifyError
from verify.session import Session

DATABASE = "verify_drill"
ACCOUNTS = ("a", "b")
TOTAL = 200
GROUP = 32
"""So many rows are read together when looking for a long fork."""
_TABLES = ("acks", "opening", "accounts", "tally", "counter")
_UNKNOWN_VARIABLE = 1193
_NO_SUCH_SESSION = 1094
_UNKNOWN_FUNCTION = "42883"


class SqlClient:
    """A client of MySQL, MariaDB or PostgreSQL."""

    def __init__(self, session: Session, server: str) -> None:
        self._session = session
        self._look = f"SELECT {server}, (SELECT COUNT(*) FROM acks)"

    @classmethod
    def open(
        cls,
        database: Database,
        endpoint: Endpoint,
        credentials: Credentials,
        ca: str | None,
        *,
        pooled: bool = False,
    ) -> Self:
        """A connection in the drill's own database; ``pooled`` through a proxy."""
        dialect = dialect_of(database)
        session = open_session(dialect, endpoint, credentials, ca, pooled=pooled)
        try:
            return cls(session, server_of(session, dialect))
        except BaseException:
            session.close()
            raise

    def look(self) -> Look:
        ((server, read_only, rows),) = self._session.run(self._look)
        return Look(str(server), not read_only, int(rows))

    def add(self, element: int) -> None:
        self._session.run(
            "INSERT INTO acks (id, part) VALUES (%s, %s)", (element, element // GROUP)
        )

    def elements(self) -> tuple[int, ...]:
        return tuple(int(row[0]) for row in self._session.run("SELECT id FROM acks"))

    def transfer(self, source: str, target: str, amount: int) -> None:
        change = "UPDATE accounts SET balance = balance + %s WHERE name = %s"
        try:
            self._session.run("START TRANSACTION")
            self._session.run(change, (-amount, source))
            self._session.run(change, (amount, target))
        except VerifyError as error:
            raise NotSent(f"never committed: {error}") from error
        self._session.run("COMMIT")

    def balances(self) -> Mapping[str, int]:
        return {str(n): int(b) for n, b in self._session.run("SELECT name, balance FROM accounts")}

    def increment(self) -> None:
        self._session.run("UPDATE counter SET value = value + 1")

    def count(self) -> int:
        return int(self._session.run("SELECT value FROM counter")[0][0])

    def group(self) -> tuple[str, tuple[int, ...]]:
        rows = self._session.run(
            "SELECT part, id FROM acks WHERE part = (SELECT MAX(part) FROM acks)"
        )
        return (f"group {rows[0][0]}" if rows else "no group"), tuple(int(row[1]) for row in rows)

    def close(self) -> None:
        self._session.close()


def open_session(
    dialect: Dialect,
    endpoint: Endpoint,
    credentials: Credentials,
    ca: str | None,
    *,
    pooled: bool = False,
) -> Session:
    """A session in the drill's own database whose waits are short."""
    if dialect is POSTGRES:
        # At once: a connection of PostgreSQL stays where it is, and two would take twice as long.
        return postgres_sql.open_connection(
            endpoint, credentials, Deadline(PATIENCE_S),
            ca=ca, pooled=pooled, database=DATABASE, patience=PATIENCE_S,
        )  # fmt: skip
    session = dialect.open(endpoint, credentials, Deadline(PATIENCE_S), ca=ca)
    try:
        session.run(f"{dialect.use}{DATABASE}")
    except BaseException:
        session.close()
        raise
    return session


def server_of(session: Session, dialect: Dialect) -> str:
    """The columns that tell a server's name, and whether it takes no writes."""
    if dialect is POSTGRES:
        name = "CONCAT(inet_server_addr(), ' ', pg_postmaster_start_time())"
        if _knows(session, "aurora_db_instance_identifier()", _UNKNOWN_FUNCTION):
            name = "aurora_db_instance_identifier()"
        return f"{name}, pg_is_in_recovery()"
    read_only = "@@read_only + @@innodb_read_only"
    name = "COALESCE(NULLIF(@@report_host, ''), @@hostname)"
    if _knows(session, "@@aurora_server_id", _UNKNOWN_VARIABLE):
        name = "@@aurora_server_id"
    return f"{name}, {read_only}"


def _knows(session: Session, expression: str, unknown: int | str) -> bool:
    """Whether a server knows what only Aurora's servers know."""
    try:
        session.run(f"SELECT {expression}")
    except Refused as error:
        if error.errno != unknown:
            raise
        return False
    return True


def create(session: Session, dialect: Dialect) -> None:
    """The drill's database, empty; one that an earlier drill left is dropped."""
    if dialect is MYSQL:
        _end_sessions(session)
    drop(session, dialect)
    session.run(f"CREATE DATABASE {DATABASE}")
    session.run(f"{dialect.use}{DATABASE}")
    number = "BIGSERIAL" if dialect is POSTGRES else "BIGINT AUTO_INCREMENT"
    # No unique key on id: a row that is there twice shall be seen, not refused.
    session.run(f"CREATE TABLE acks (row_id {number} PRIMARY KEY, id BIGINT NOT NULL, part BIGINT)")
    session.run("CREATE INDEX acks_part ON acks (part)")
    # Under their names when they are complete: a replica that is behind must not show them empty.
    session.run("CREATE TABLE opening (name CHAR(1) PRIMARY KEY, balance BIGINT NOT NULL)")
    opening = [fact for name in ACCOUNTS for fact in (name, TOTAL // len(ACCOUNTS))]
    session.run("INSERT INTO opening VALUES (%s, %s), (%s, %s)", opening)
    session.run("ALTER TABLE opening RENAME TO accounts")
    session.run("CREATE TABLE tally (id INT PRIMARY KEY, value BIGINT NOT NULL)")
    session.run("INSERT INTO tally VALUES (1, 0)")
    session.run("ALTER TABLE tally RENAME TO counter")


def _end_sessions(session: Session) -> None:
    """End those of an earlier drill, as dropping a database of PostgreSQL does.

    What a cut network held back of a client that has given up arrives when it is mended, and a
    session stays with a database's name: the row would be in this drill's table.
    """
    found = session.run(
        "SELECT id FROM information_schema.processlist WHERE db = %s "
        "AND user = SUBSTRING_INDEX(USER(), '@', 1) AND id <> CONNECTION_ID()",
        (DATABASE,),
    )
    for (number,) in found:
        try:
            session.run(f"KILL {int(number)}")
        except Refused as error:
            if error.errno != _NO_SUCH_SESSION:
                raise


def drop(session: Session, dialect: Dialect) -> str:
    """Take back what `create` made; what it did not make is left alone."""
    return dialect.drop_own_database(session, DATABASE, dict.fromkeys(_TABLES, "TRUE"))
