"""Database users of least privilege, in each engine's SQL: what they may do, and may not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contract import Database
from verify.aws import Credentials
from verify.dialects import MYSQL, POSTGRES, Dialect
from verify.errors import CannotRun

DATABASE = "securitytest"
OWN = {"notes": "author IN ('verify', 'verify_app')"}
"""What the exercise makes in `DATABASE`: a table, and a condition for its rows."""
APPLICATION, READER, IAM_USER = "verify_app", "verify_reader", "verify_iam"
_INSERT = "INSERT INTO notes (id, author) VALUES (2, 'verify_app')"
_RIGHTS = {
    APPLICATION: "SELECT, INSERT, UPDATE, DELETE",
    READER: "SELECT",
    IAM_USER: "SELECT",
}
_ROUNDS = 4096
Users = Mapping[str, Credentials]
Statements = tuple[str, ...]

MAY: Mapping[str, Statements] = {
    APPLICATION: (
        _INSERT,
        "UPDATE notes SET author = 'verify' WHERE id = 2",
        "DELETE FROM notes WHERE id = 2",
        "SELECT COUNT(*) FROM notes",
    ),
    READER: ("SELECT COUNT(*) FROM notes",),
}


@dataclass(frozen=True)
class Grants:
    """One engine's way. ``denied`` are its answers to who may not do something."""

    dialect: Dialect
    create: Callable[[Users], Statements]
    create_iam_user: Statements
    remark: Callable[[str], Statements]
    """A change of a table that leaves nothing but a word, for an audit log to tell."""
    drop_users: Statements
    may_not: Mapping[str, Statements]
    denied: frozenset[int | str]


def password() -> str:
    """One that every password policy takes, and that nobody sees."""
    return f"aA1-{secrets.token_urlsafe(24)}"


def _mysql(users: Users) -> Statements:
    return (
        f"CREATE DATABASE {DATABASE}",
        f"CREATE TABLE {DATABASE}.notes (id INT PRIMARY KEY, author VARCHAR(50))",
        f"INSERT INTO {DATABASE}.notes VALUES (1, 'verify')",
        *(
            statement
            for name, user in users.items()
            for statement in (
                f"CREATE USER '{name}'@'%' IDENTIFIED BY '{user.password}' REQUIRE SSL",
                f"GRANT {_RIGHTS[name]} ON {DATABASE}.* TO '{name}'@'%'",
            )
        ),
    )


def _postgres(users: Users) -> Statements:
    return (
        f"CREATE DATABASE {DATABASE}",
        f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
        f"{POSTGRES.use}{DATABASE}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "CREATE TABLE notes (id INT PRIMARY KEY, author VARCHAR(50))",
        "INSERT INTO notes VALUES (1, 'verify')",
        *(
            statement
            for name, user in users.items()
            for statement in (
                # No statement, and no log of one, has the password.
                f"CREATE ROLE {name} LOGIN PASSWORD '{_scram(user.password)}'",
                f"GRANT CONNECT ON DATABASE {DATABASE} TO {name}",
                f"GRANT {_RIGHTS[name]} ON notes TO {name}",
            )
        ),
        # Back, so that nothing is in the way of dropping it.
        f"{POSTGRES.use}postgres",
    )


_MYSQL_IAM_USER = (
    f"CREATE USER '{IAM_USER}'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
    f"GRANT {_RIGHTS[IAM_USER]} ON {DATABASE}.* TO '{IAM_USER}'@'%'",
)
_POSTGRES_IAM_USER = (
    f"CREATE ROLE {IAM_USER} LOGIN",
    f"GRANT rds_iam TO {IAM_USER}",
    f"GRANT CONNECT ON DATABASE {DATABASE} TO {IAM_USER}",
    f"{POSTGRES.use}{DATABASE}",
    f"GRANT {_RIGHTS[IAM_USER]} ON notes TO {IAM_USER}",
    f"{POSTGRES.use}postgres",
)


def _scram(password: str) -> str:
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    client, server = (hmac.digest(salted, key, "sha256") for key in (b"Client Key", b"Server Key"))
    stored = hashlib.sha256(client).digest()
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ROUNDS}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def _may_not(new_user: str, passwords: str) -> Mapping[str, Statements]:
    return {
        APPLICATION: (
            "DROP TABLE notes",
            "CREATE TABLE more (id INT)",
            "CREATE DATABASE verify_more",
            new_user,
            passwords,
        ),
        READER: (
            _INSERT,
            "UPDATE notes SET author = 'verify'",
            "DELETE FROM notes",
            "DROP TABLE notes",
            passwords,
        ),
    }


_MYSQL = Grants(
    dialect=MYSQL,
    create=_mysql,
    create_iam_user=_MYSQL_IAM_USER,
    remark=lambda word: (f"ALTER TABLE {DATABASE}.notes COMMENT = '{word}'",),
    drop_users=tuple(f"DROP USER IF EXISTS '{name}'@'%'" for name in _RIGHTS),
    may_not=_may_not("CREATE USER 'verify_more'@'%'", "SELECT user FROM mysql.user"),
    # On a table, on a database, without a right of the server's.
    denied=frozenset({1142, 1044, 1227}),
)
_POSTGRES = Grants(
    dialect=POSTGRES,
    create=_postgres,
    create_iam_user=_POSTGRES_IAM_USER,
    remark=lambda word: (
        f"{POSTGRES.use}{DATABASE}",
        f"COMMENT ON TABLE notes IS '{word}'",
        f"{POSTGRES.use}postgres",
    ),
    drop_users=tuple(f"DROP ROLE IF EXISTS {name}" for name in _RIGHTS),
    may_not=_may_not("CREATE ROLE verify_more", "SELECT rolpassword FROM pg_authid"),
    denied=frozenset({"42501"}),
)
_GRANTS = {
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "aurora-mysql": _MYSQL,
    "postgres": _POSTGRES,
    "aurora-postgresql": _POSTGRES,
}


def grants_of(database: Database) -> Grants:
    """The grants of a database's engine; `CannotRun` when no exercise speaks it."""
    if database.engine not in _GRANTS:
        raise CannotRun(f"no exercise speaks the SQL of {database.engine}")
    return _GRANTS[database.engine]
