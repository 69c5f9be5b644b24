"""Load on a MySQL server: clients that run one statement again and again, each on a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from verify.deadline import Deadline
from verify.errors import StepFailed, VerifyError
from verify.sql import Sql

Open = Callable[[], AbstractContextManager[Sql]]
"""Makes a client's connection."""


class Load:
    """Clients that work until the block ends, or one of them fails."""

    def __init__(self, open_: Open, statements: list[str], wait_s: float) -> None:
        self._open = open_
        self._statements = statements
        self._wait_s = wait_s
        self._stop = threading.Event()
        self._clients: list[threading.Thread] = []
        self._failure: VerifyError | None = None

    def __enter__(self) -> Load:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        # Each ends with its statement, which has an end of its own.
        deadline = Deadline(self._wait_s)
        for client in self._clients:
            client.join(deadline.left)

    @property
    def clients(self) -> int:
        return len(self._clients)

    def grow(self, clients: int) -> None:
        """Let there be so many clients."""
        while len(self._clients) < clients:
            client = threading.Thread(target=self._work, name="load", daemon=True)
            client.start()
            self._clients.append(client)

    def check(self) -> None:
        """Raise what a client met."""
        if self._failure is not None:
            raise StepFailed(f"a client of the load failed: {self._failure}") from self._failure

    def _work(self) -> None:
        try:
            with self._open() as sql:
                while not self._stop.is_set():
                    for statement in self._statements:
                        sql.run(statement)
        except VerifyError as error:
            self._failure = error
