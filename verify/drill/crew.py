"""The clients of a drill, each on a thread with one connection at a time."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from verify.audit import (
    Add,
    Balances,
    Count,
    Increment,
    Op,
    Outcome,
    Read,
    Record,
    Size,
    Transfer,
)
from verify.deadline import Deadline
from verify.drill.clients import Client, Ledger, NotTheWriter, outcome_of
from verify.drill.recorder import Recorder, Sighting, Trouble
from verify.drill.sql_client import ACCOUNTS
from verify.errors import VerifyError

PROBE_S = 0.04
"""25 times a second; what lasts shorter is not seen."""
AUDIT_S = 0.1
WRITE_S = 0.002
_RETRY_S = 0.005

C = TypeVar("C", bound=Client)


@dataclass(frozen=True)
class Attempt(Generic[C]):
    """A call: what is asked, and how; `perform` returns it with what came back."""

    op: Op
    perform: Callable[[C], Op]


class Worker(Generic[C]):
    """Makes one call after the other through one endpoint until it is stopped."""

    def __init__(
        self,
        process: str,
        endpoint: str,
        open_: Callable[[], C],
        attempts: Iterator[Attempt[C]],
        recorder: Recorder,
        period_s: float,
        *,
        writes: bool = False,
    ) -> None:
        self.process = process
        self.endpoint = endpoint
        self._open = open_
        self._attempts = attempts
        self._recorder = recorder
        self._period_s = period_s
        self._writes = writes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name=process, daemon=True)
        self.answered = threading.Event()
        """Set once a call came back well."""
        self.defect: Exception | None = None
        """What ended it that is no error of the database's."""

    def start(self) -> None:
        self._thread.start()

    def stop(self, deadline: Deadline) -> None:
        """Let it end with its call, which has an end of its own."""
        self._stop.set()
        self._thread.join(deadline.left)

    def _work(self) -> None:
        try:
            self._call_after_call()
        except Exception as error:
            # Told by whoever stops it: a writer that is gone would look like an outage.
            self.defect = error

    def _call_after_call(self) -> None:
        client: C | None = None
        due = time.monotonic()
        while not self._stop.is_set():
            try:
                if client is None:
                    client = self._connect()
            except VerifyError as error:
                self._note(error)
                self._stop.wait(max(_RETRY_S, self._period_s))
                continue
            if not self._call(client):
                client.close()
                client = None
            # What was missed is not made up for: each call is of its own moment.
            due = max(due + self._period_s, time.monotonic())
            self._stop.wait(due - time.monotonic())
        if client is not None:
            client.close()

    def _connect(self) -> C:
        client = self._open()
        if self._writes:
            try:
                look = client.look()
                if not look.writable:
                    raise NotTheWriter(f"{self.endpoint} leads to {look.server}, which only reads")
            except BaseException:
                client.close()
                raise
        return client

    def _call(self, client: C) -> bool:
        clock = self._recorder.clock
        attempt = next(self._attempts)
        op, invoked = attempt.op, clock.now()
        outcome: Outcome = "ok"
        try:
            op = attempt.perform(client)
        except VerifyError as error:
            outcome = outcome_of(error)
            self._note(error)
        self._recorder.call(
            Record(
                process=self.process,
                endpoint=self.endpoint,
                invoked_at=invoked,
                completed_at=clock.now(),
                outcome=outcome,
                op=op,
            )
        )
        if outcome == "ok":
            self.answered.set()
        return outcome == "ok"

    def _note(self, error: VerifyError) -> None:
        now = self._recorder.clock.now()
        self._recorder.trouble(Trouble(self.process, self.endpoint, now, str(error)))


def rows(numbers: Iterator[int]) -> Iterator[Attempt[Client]]:
    """New rows; a number is never tried twice."""
    for number in numbers:
        op = Add(element=number)

        def perform(client: Client, op: Add = op) -> Op:
            client.add(op.element)
            return op

        yield Attempt(op, perform)


def business() -> Iterator[Attempt[Ledger]]:
    """Transfers to and fro, and counting."""
    for number in itertools.count():
        source, target = ACCOUNTS if number % 4 else ACCOUNTS[::-1]
        transfer = Transfer(source=source, target=target, amount=1 + number % 3)

        def move(client: Ledger, op: Transfer = transfer) -> Op:
            client.transfer(op.source, op.target, op.amount)
            return op

        def count(client: Ledger) -> Op:
            client.increment()
            return Increment()

        yield Attempt(transfer, move)
        yield Attempt(Increment(), count)


def looks(endpoint: str, recorder: Recorder) -> Iterator[Attempt[Client]]:
    """Which server is it, and how many rows has it?"""

    def perform(client: Client) -> Op:
        look = client.look()
        recorder.saw(Sighting(endpoint, recorder.clock.now(), look.server, look.writable))
        return Size(count=look.rows)

    return itertools.repeat(Attempt(Size(), perform))


def audits() -> Iterator[Attempt[Ledger]]:
    """Balances, the counter and the newest rows, in turn."""

    def newest(client: Ledger) -> Op:
        name, elements = client.group()
        return Read(elements=elements, of=name)

    turns: Sequence[Attempt[Ledger]] = (
        Attempt(Balances(), lambda client: Balances(accounts=client.balances())),
        Attempt(Count(), lambda client: Count(value=client.count())),
        Attempt(Read(of="no group"), newest),
    )
    return itertools.cycle(turns)
