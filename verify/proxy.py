"""RDS Proxy: it leads to its database, saves connections, and stands through a failover."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from contract import Database, Endpoint
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.errors import (
    DeadlineExceeded,
    NoDeployment,
    NotApplicable,
    Refused,
    StepFailed,
    VerifyError,
)
from verify.exercise import Check, Exercise, Scene
from verify.expectations import PROXY, judge
from verify.proxy_sides import side_of
from verify.session import Session
from verify.sql_checks import Connect, expect_read_only

CONNECT = "connect through the proxy"
DIRECT = "connect to the database itself"
HEALTHY = "its targets are healthy"
FAIL_OVER = "the address stands through a failover"
_MANY = 30
"""Short connections, through the proxy and past it."""
_POLL_S = 0.05
_FAILOVER_IN_WAITS = 4
"""RDS Multi-AZ takes up to 120 s, with RDS Proxy less; a wait is 10 s unless said otherwise."""
_WRITE = "CREATE DATABASE proxytest_refused"


class Proxy(Exercise):
    """The checks on one RDS Proxy and the database it leads to."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._endpoint = scene.database.endpoint("writer")
        self._side = side_of(scene.database)
        self._target = self._find_target()
        self._credentials = Credentials(None, "")
        self._proxied: Session
        self._direct: Session

    def checks(self) -> Iterable[Check]:
        readers = self.scene.database.endpoints_of("reader")
        return (
            Check(CONNECT, self._connect, opens=True),
            Check(DIRECT, self._connect_directly, (CONNECT,), opens=True),
            Check("settings as RDS reports them", self._settings, (CONNECT,)),
            Check(HEALTHY, self._health, (CONNECT,)),
            Check("TLS in use", lambda: self._side.tls_in_use(self._proxied), (CONNECT,)),
            Check("a connection without TLS is refused", self._without_tls, (CONNECT,)),
            Check("a wrong CA is refused", self._wrong_ca, (CONNECT,)),
            Check("a wrong password is refused", self._wrong_password, (CONNECT,)),
            Check("it leads to the writer", self._identity, (DIRECT,)),
            *(
                Check(
                    "its reader endpoint leads to a reader",
                    lambda e=e: self._reader(e),  # type: ignore[misc]
                    (DIRECT,),
                )
                for e in readers
            ),
            Check("many clients share few connections", self._sharing, (DIRECT,)),
            Check(FAIL_OVER, self._fail_over, (DIRECT, HEALTHY)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        return "nothing was made"

    def _find_target(self) -> Database:
        name = self.scene.database.source
        if name is None or name not in self.scene.databases:
            raise NoDeployment(
                f"{self.scene.name} leads to {name!r}, which is not among the stack's outputs"
            )
        return self.scene.databases[name]

    def _open(self, connect: Connect, endpoint: Endpoint) -> Session:
        scene = self.scene
        session: Session = self.opened.enter_context(
            connect(endpoint, self._credentials, scene.deadline(), ca=scene.ca)
        )
        return session

    def _connect(self) -> str:
        self._credentials = self.scene.credentials(self.scene.database)
        self._proxied = self._open(self._side.connect, self._endpoint)
        return f"{self._endpoint.host}:{self._endpoint.port} to {self.scene.database.source}"

    def _connect_directly(self) -> str:
        endpoint = self._target.endpoint("writer")
        self._direct = self._open(self._side.connect_directly, endpoint)
        return f"{endpoint.host}:{endpoint.port}"

    def _settings(self) -> str:
        database = self.scene.database
        return judge(self.scene.cloud.proxy(database.region, database.proxy or ""), PROXY)

    def _health(self) -> str:
        database = self.scene.database
        targets = self.scene.cloud.proxy_targets(database.region, database.proxy or "")
        if not targets:
            raise StepFailed("the proxy has no target")
        said = []
        for target in targets:
            health = target["TargetHealth"]
            if health["State"] != "AVAILABLE":
                reason = f"{health.get('Reason')}: {health.get('Description')}"
                raise StepFailed(f"{target['RdsResourceId']} is {health['State']} ({reason})")
            said.append(f"{target['RdsResourceId']} {target.get('Role', '').lower()}")
        return ", ".join(said)

    def _without_tls(self) -> str:
        return self._side.refused_without_tls(
            self._endpoint, self._credentials, self.scene.deadline()
        )

    def _wrong_ca(self) -> str:
        return self._side.refused_by_wrong_ca(
            self._endpoint, self._credentials, self.scene.deadline()
        )

    def _wrong_password(self) -> str:
        wrong = Credentials(self._credentials.user, "not-the-password-of-this-user")
        try:
            with self._side.connect(self._endpoint, wrong, self.scene.deadline(), ca=self.scene.ca):
                pass
        except Refused as error:
            if error.errno == self._side.access_denied:
                return f"refused: error {error.errno}"
            raise
        raise StepFailed("a connection with a wrong password was accepted")

    def _identity(self) -> str:
        proxied, direct = (self._side.identity(s) for s in (self._proxied, self._direct))
        if proxied != direct:
            raise StepFailed(f"it leads to {proxied}, the writer is {direct}")
        return proxied

    def _reader(self, endpoint: Endpoint) -> str:
        session = self._open(self._side.connect, endpoint)
        name = self._side.identity(session)
        if name == self._side.identity(self._direct):
            raise StepFailed(f"it leads to the writer {name}")
        said = expect_read_only(session, _WRITE, self._side.read_only)
        return f"{name}; a write is {said}"

    def _sharing(self) -> str:
        side = self._side
        proxied = self._cost(side.connect, self._endpoint)
        direct = self._cost(side.connect_directly, self._target.endpoint("writer"))
        said = (
            f"{_MANY} clients cost the server {proxied} connections through the proxy, {direct} "
            "past it"
        )
        if direct < _MANY:
            raise StepFailed(f"the server counts wrongly: {said}")
        if proxied < direct:
            return said
        lacking = self.scene.cloud.lacks(side.lacks_pooling)
        if lacking is not None:
            raise NotApplicable(f"{lacking} ({said})")
        raise StepFailed(f"nothing is shared: {said}")

    def _cost(self, connect: Connect, endpoint: Endpoint) -> int:
        """How many of its connections the server used while so many clients come and go."""
        used = set()
        for _ in range(_MANY):
            with connect(
                endpoint, self._credentials, self.scene.deadline(), ca=self.scene.ca
            ) as session:
                used.add(session.run(self._side.connection)[0][0])
        return len(used)

    def _fail_over(self) -> str:
        if "fail-over" not in self.scene.allowed:
            raise NotApplicable("it interrupts other users; --fail-over allows it")
        before = self._side.identity(self._proxied)
        started = time.monotonic()
        self.scene.cloud.fail_over(self._target)
        deadline = Deadline(_FAILOVER_IN_WAITS * self.scene.wait_s)
        said = "it still leads to the old one"
        while True:
            try:
                after = self._new_writer(before, time.monotonic() - started)
            except VerifyError as error:
                after, said = None, str(error)
            if after is not None:
                return (
                    f"{before} was replaced by {after} behind the same address, writable "
                    f"{time.monotonic() - started:.1f} s after the call"
                )
            if deadline.expired:
                raise DeadlineExceeded(f"no new writer behind the proxy: {said}")
            time.sleep(_POLL_S)

    def _new_writer(self, before: str, elapsed_s: float) -> str | None:
        """Who takes writes at the proxy's address, if it is another one or has just started."""
        side, deadline = self._side, self.scene.deadline()
        with side.connect(self._endpoint, self._credentials, deadline, ca=self.scene.ca) as session:
            if not side.takes_writes(session):
                return None
            name, uptime = side.identity(session), side.uptime_s(session)
        # A standby of an RDS instance has its name; only how long it runs tells them apart.
        return name if name != before or uptime <= elapsed_s + 1 else None


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("proxy",)))
