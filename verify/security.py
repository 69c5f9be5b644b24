"""Nobody listens, nobody is impersonated, and each user may do its own part and no more."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from verify import cache_security
from verify.audit_log import AuditLog
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.endpoints import main_endpoint
from verify.errors import NotTrusted, Refused, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.iam_user import IamUser
from verify.least_privilege import (
    APPLICATION,
    DATABASE,
    MAY,
    OWN,
    READER,
    Grants,
    grants_of,
    password,
)
from verify.relay import relayed
from verify.session import Session

KINDS: tuple[str, ...] = (
    "rds-mysql",
    "rds-mariadb",
    "rds-postgres",
    "multi-az-mysql",
    "multi-az-postgres",
    "aurora-mysql",
    "aurora-postgresql",
    "aurora-serverless",
    "global-database",
    *cache_security.KINDS,
)
CONNECT = "connect with a verified certificate"
USERS = "create an application user and a read-only user"
_WEAK = ("SSL", "TLSv1 ", "TLSv1.1")


class Security(Exercise):
    """The checks on one SQL database: its wire, its identity, its users."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._grants: Grants = grants_of(scene.database)
        self._dialect = self._grants.dialect
        self._endpoint = main_endpoint(scene.database)
        self._credentials = Credentials(None, "")
        self._users = {name: Credentials(name, password()) for name in (APPLICATION, READER)}
        self._audit = AuditLog(
            scene, self._endpoint, self._grants, lambda statement: self._sql.run(statement)
        )
        self._sql: Session

    def checks(self) -> Iterable[Check]:
        can, cannot = MAY, self._grants.may_not
        return (
            Check(CONNECT, self._connect, opens=True),
            Check("protocol and cipher are strong", self._tls, (CONNECT,)),
            Check("a connection without TLS is refused", self._without_tls, (CONNECT,)),
            Check("a wrong CA is refused", self._wrong_ca, (CONNECT,)),
            Check("its certificate is good for no other address", self._elsewhere, (CONNECT,)),
            Check(CLEAN, self._clean, (CONNECT,)),
            Check(USERS, self._create, (CLEAN,)),
            *(
                check
                for name, said in ((APPLICATION, "application"), (READER, "read-only"))
                for check in (
                    Check(f"the {said} user does its part", self._does(name, can[name]), (USERS,)),
                    Check(
                        f"the {said} user does nothing else",
                        self._is_denied(name, cannot[name]),
                        (USERS,),
                    ),
                    Check(f"the {said} user needs TLS", self._needs_tls(name), (USERS,)),
                )
            ),
            *self._by_token(),
            *self._audit.checks(USERS),
        )

    def _by_token(self) -> Iterable[Check]:
        if not self.scene.database.iam_auth:
            return ()
        user = IamUser(self.scene, self._endpoint, self._dialect, self._create_iam_user)
        return user.checks(USERS)

    def _create_iam_user(self) -> None:
        for statement in self._grants.create_iam_user:
            self._sql.run(statement)

    def clean_up(self, deadline: Deadline) -> str:
        sql = self._open(self._credentials, deadline)
        try:
            return self._remove(sql)
        finally:
            sql.close()

    def _open(self, credentials: Credentials, deadline: Deadline) -> Session:
        return self._dialect.open(self._endpoint, credentials, deadline, ca=self.scene.ca)

    def _connect(self) -> str:
        self._credentials = self.scene.credentials(self.scene.database)
        self._sql = self._open(self._credentials, self.scene.deadline())
        self.opened.callback(self._sql.close)
        return f"{self._endpoint.host}:{self._endpoint.port}"

    def _tls(self) -> str:
        said = self._dialect.tls_in_use(self._sql)
        if f"{said} ".startswith(_WEAK):
            raise StepFailed(f"{said} is broken; require TLSv1.2 or newer")
        return said

    def _without_tls(self) -> str:
        deadline = self.scene.deadline()
        return self._dialect.refused_without_tls(self._endpoint, self._credentials, deadline)

    def _wrong_ca(self) -> str:
        deadline = self.scene.deadline()
        return self._dialect.refused_by_wrong_ca(self._endpoint, self._credentials, deadline)

    def _elsewhere(self) -> str:
        deadline = self.scene.deadline()
        try:
            with relayed(self._endpoint, deadline) as elsewhere:
                self._dialect.open(elsewhere, self._credentials, deadline, ca=self.scene.ca).close()
        except NotTrusted as error:
            return f"refused: {error}"
        raise StepFailed("the certificate was accepted at another address than its own")

    def _clean(self) -> str:
        return self._remove(self._sql)

    def _create(self) -> str:
        self.began = True
        for statement in self._grants.create(self._users):
            self._sql.run(statement)
        return f"{APPLICATION} and {READER}, both in {DATABASE} only"

    def _does(self, name: str, statements: tuple[str, ...]) -> Callable[[], str]:
        def action() -> str:
            sql = self._open(self._users[name], self.scene.deadline())
            try:
                for statement in (f"{self._dialect.use}{DATABASE}", *statements):
                    sql.run(statement)
            finally:
                sql.close()
            return "; ".join(statements)

        return action

    def _is_denied(self, name: str, statements: tuple[str, ...]) -> Callable[[], str]:
        def action() -> str:
            sql = self._open(self._users[name], self.scene.deadline())
            try:
                sql.run(f"{self._dialect.use}{DATABASE}")
                for statement in statements:
                    self._expect_denied(sql, statement)
            finally:
                sql.close()
            return "denied: " + "; ".join(statements)

        return action

    def _expect_denied(self, sql: Session, statement: str) -> None:
        try:
            sql.run(statement)
        except Refused as error:
            if error.errno in self._grants.denied:
                return
            raise StepFailed(f"{statement}: refused, but not denied: {error}") from error
        raise StepFailed(f"{statement}: was allowed")

    def _needs_tls(self, name: str) -> Callable[[], str]:
        return lambda: self._dialect.refused_without_tls(
            self._endpoint, self._users[name], self.scene.deadline()
        )

    def _remove(self, sql: Session) -> str:
        said = [self._dialect.drop_own_database(sql, DATABASE, OWN)]
        for statement in self._grants.drop_users:
            sql.run(statement)
        return "; ".join([*said, "dropped its users"])


def exercise_of(scene: Scene) -> Exercise:
    """The exercise of a database, or of a cache."""
    if scene.database.kind in cache_security.KINDS:
        return cache_security.cache_security(scene)
    return Security(scene)


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("security",)))
