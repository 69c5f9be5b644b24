"""The target's side of a migration: the exercise's schema there, in the target's own SQL."""

from __future__ import annotations

from contract import Database
from verify import migration_rows as own
from verify import postgres_checks, postgres_sql, sql_checks
from verify.comparison import Row, Table
from verify.dialects import MYSQL, POSTGRES, Dialect
from verify.errors import CannotRun, Refused
from verify.session import Session

_DIALECTS = {"mysql": MYSQL, "aurora-mysql": MYSQL, "postgres": POSTGRES}
_NO_SCHEMA = "3F000"


def dialect_of(database: Database) -> Dialect:
    """How a target is spoken to; `CannotRun` for an engine that is no target here."""
    if database.engine not in _DIALECTS:
        raise CannotRun(f"no exercise compares rows with {database.engine}")
    return _DIALECTS[database.engine]


class TargetSide:
    """An open session on the target. A schema of MySQL is one of PostgreSQL's database."""

    def __init__(self, session: Session, database: Database) -> None:
        self._session = session
        self._dialect = dialect_of(database)
        self._postgres = self._dialect is POSTGRES
        if self._postgres and database.database is not None:
            session.run(f"{postgres_sql.CHANGE}{database.database}")

    def rows(self, table: Table) -> list[Row]:
        """All rows of a table, in any order."""
        return own.rows(self._session, table)

    def sees(self, run: str, beat: int) -> bool:
        """Whether a heartbeat has arrived."""
        statement = f"SELECT 1 FROM {own.SCHEMA}.heartbeat WHERE run = %s AND beat = %s"
        try:
            return bool(self._session.run(statement, (run, beat)))
        except Refused as error:
            if error.errno in {*self._dialect.not_there_yet, _NO_SCHEMA}:
                return False
            raise

    def drop(self) -> str:
        """Drop the schema if it holds only what the exercise makes; else `StepFailed`."""
        if not self._postgres:
            return sql_checks.drop_own_database(self._session, own.SCHEMA, own.OWN)
        return postgres_checks.drop_own_schema(self._session, own.SCHEMA, own.OWN)
