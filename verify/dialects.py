"""What the SQL exercises need to know of an engine: its driver, its words, its errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contract import Database, Endpoint
from verify import course, postgres_checks, postgres_sql, sql, sql_checks
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.errors import CannotRun
from verify.session import Session

Attempt = Callable[[Endpoint, Credentials, Deadline], str]


@dataclass(frozen=True)
class Dialect:
    """One engine's SQL. ``use`` before a database's name makes it the session's."""

    open: Callable[..., Session]
    """As `verify.sql.open_connection`."""
    users: str
    """The course's table of users with its three rows."""
    use: str
    tls_in_use: Callable[[Session], str]
    refused_without_tls: Attempt
    refused_by_wrong_ca: Attempt
    drop_own_database: Callable[[Session, str, Mapping[str, str]], str]
    source_of: Callable[[Session], str | None]
    """Whom a server replicates from, ``None`` when it is nobody."""
    read_only: frozenset[int | str]
    """What a replica answers to a write."""
    not_there_yet: frozenset[int | str]
    """What a replica answers to a read before the table has arrived."""
    clock: str
    """The server's time in seconds, with microseconds, as it is when the statement begins."""
    access_denied: int | str
    """What is answered to whom the password, or the token, does not let in."""
    lacks_tokens: str
    """What a deployment says that it lacks when its servers cannot check a token of IAM."""
    lacks_audit: str
    """The same of servers that cannot audit."""
    failed_login: str
    """What an audit log says of a login that failed."""


MYSQL = Dialect(
    open=sql.open_connection,
    users=course.USERS,
    use="USE ",
    tls_in_use=sql_checks.tls_in_use,
    refused_without_tls=sql_checks.refused_without_tls,
    refused_by_wrong_ca=sql_checks.refused_by_wrong_ca,
    drop_own_database=sql_checks.drop_own_database,
    source_of=sql_checks.source_of,
    read_only=frozenset({sql_checks.READ_ONLY}),
    not_there_yet=sql_checks.NOT_THERE_YET,
    clock="UNIX_TIMESTAMP(NOW(6))",
    access_denied=sql.ACCESS_DENIED,
    lacks_tokens="mysql-tokens",
    lacks_audit="mysql-audit",
    failed_login="FAILED_CONNECT",
)
POSTGRES = Dialect(
    open=postgres_sql.open_connection,
    users=course.USERS_IN_POSTGRESQL,
    use=postgres_sql.CHANGE,
    tls_in_use=postgres_checks.tls_in_use,
    refused_without_tls=postgres_checks.refused_without_tls,
    refused_by_wrong_ca=postgres_checks.refused_by_wrong_ca,
    drop_own_database=postgres_checks.drop_own_database,
    source_of=postgres_checks.source_of,
    read_only=frozenset({postgres_checks.READ_ONLY}),
    not_there_yet=postgres_checks.NOT_THERE_YET,
    clock="EXTRACT(EPOCH FROM clock_timestamp())",
    access_denied=postgres_sql.ACCESS_DENIED,
    lacks_tokens="postgresql-tokens",
    lacks_audit="postgresql-audit",
    failed_login="authentication failed",
)
_DIALECTS = {
    "mysql": MYSQL,
    "mariadb": MYSQL,
    "aurora-mysql": MYSQL,
    "postgres": POSTGRES,
    "aurora-postgresql": POSTGRES,
}


def dialect_of(database: Database) -> Dialect:
    """The dialect of a database's engine; `CannotRun` when no exercise speaks it."""
    if database.engine not in _DIALECTS:
        raise CannotRun(f"no exercise speaks the SQL of {database.engine}")
    return _DIALECTS[database.engine]
