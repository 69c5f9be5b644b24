"""Load on a server: clients that run one statement again and again, each on a thread."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

from verify.deadline import Deadline
from verify.errors import StepFailed, VerifyError


class Client(Protocol):
    """A connection that runs a statement, or a command."""

    def run(self, statement: str, /) -> object: ...


Open = Callable[[], AbstractContextManager[Client]]
"""Makes a client's connection."""


class Load:
    """Clients that work until the block ends, or one of them fails.

    With a ``rate`` they share its schedule, of so many turns a second; without one each goes on
    when it has its answer.
    """

    def __init__(
        self, open_: Open, statements: list[str], wait_s: float, rate: float | None = None
    ) -> None:
        self._open = open_
        self._statements = statements
        self._wait_s = wait_s
        self._rate = rate
        self._began = time.monotonic()
        self._numbers = itertools.count()
        self._done: list[int] = []
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

    @property
    def done(self) -> int:
        """How many times the statements were run."""
        return len(self._done)

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
            with self._open() as client:
                for turn in self._turns():
                    for statement in self._statements:
                        client.run(statement)
                    self._done.append(turn)
        except VerifyError as error:
            self._failure = error

    def _turns(self) -> Iterator[int]:
        """The numbers of a client's turns, each when it is due."""
        for number in self._numbers:
            if self._rate is not None:
                self._stop.wait(max(0.0, self._began + number / self._rate - time.monotonic()))
            if self._stop.is_set():
                return
            yield number
