"""MySQL, MariaDB, PostgreSQL and Aurora as the source of a lag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from contract import Endpoint
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.dialects import POSTGRES, dialect_of
from verify.endpoints import main_endpoint
from verify.exercise import Scene
from verify.heartbeats import Heartbeats, create_heartbeats, new_run, write_heartbeat
from verify.lag.copies import Copy, copies_of
from verify.lag.source import FILLER
from verify.lag.watch import Arrivals
from verify.load import Load
from verify.session import Session

DATABASE = "lagtest"
OWN = {"heartbeat": "TRUE", "filler": f"data = '{FILLER}'"}
"""What is made there: tables, and a condition for their rows."""
_WRITE = f"INSERT INTO filler (data) VALUES ('{FILLER}')"


class SqlSource:
    """A `Source`; its heartbeats are rows."""

    resolution_s = 1e-6

    def __init__(self, scene: Scene, opened: ExitStack) -> None:
        self._scene = scene
        self._opened = opened
        self._dialect = dialect_of(scene.database)
        self._endpoint = main_endpoint(scene.database)
        self._credentials = Credentials(None, "")
        self._run = new_run()
        self._session: Session

    def connect(self) -> str:
        self._credentials = self._scene.credentials(self._scene.database)
        self._session = self._enter(self._endpoint)
        return f"{self._endpoint.host}:{self._endpoint.port} in {self._scene.database.region}"

    def copies(self) -> Sequence[Copy]:
        return copies_of(self._scene.name, self._scene.databases, self._scene.cloud)

    def follow(self, copy: Copy) -> Arrivals:
        return Heartbeats(self._dialect, self._enter(copy.endpoint), DATABASE, self._run)

    def _enter(self, endpoint: Endpoint) -> Session:
        session = self._open(endpoint, self._scene.deadline())
        self._opened.callback(session.close)
        return session

    def _open(self, endpoint: Endpoint, deadline: Deadline) -> Session:
        return self._dialect.open(endpoint, self._credentials, deadline, ca=self._scene.ca)

    def clean(self) -> str:
        return self._dialect.drop_own_database(self._session, DATABASE, OWN)

    def create(self) -> str:
        number = "BIGSERIAL" if self._dialect is POSTGRES else "BIGINT AUTO_INCREMENT"
        self._session.run(f"CREATE DATABASE {DATABASE}")
        self._session.run(f"{self._dialect.use}{DATABASE}")
        create_heartbeats(self._session)
        self._session.run(f"CREATE TABLE filler (id {number} PRIMARY KEY, data VARCHAR(1000))")
        return f"two tables in {DATABASE}"

    def write(self, beat: int) -> None:
        write_heartbeat(self._dialect, self._session, self._run, beat)

    def load(self, rate: float) -> Load:
        return Load(self._client, [_WRITE], self._scene.wait_s, rate)

    @contextmanager
    def _client(self) -> Iterator[Session]:
        session = self._open(self._endpoint, self._scene.deadline())
        try:
            session.run(f"{self._dialect.use}{DATABASE}")
            yield session
        finally:
            session.close()

    def clean_up(self, deadline: Deadline) -> str:
        session = self._open(self._endpoint, deadline)
        try:
            return self._dialect.drop_own_database(session, DATABASE, OWN)
        finally:
            session.close()
