"""The clients that a drill is compared with, at work beside it and ended with it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pydantic import ValidationError

from verify.aws import Credentials
from verify.cache_login import login_for
from verify.deadline import Deadline
from verify.deployment import PROJECT
from verify.dialects import dialect_of
from verify.drill import wrapper
from verify.drill.cache_client import KEY
from verify.drill.comparison import Answer, Compared, Failure, Observed, compare
from verify.drill.observer import LINE
from verify.drill.reading import CACHES, MYSQL, POSTGRES, Order, clients_of, how
from verify.drill.recorder import Clock
from verify.drill.sql_client import open_session, server_of
from verify.drill.target import Target
from verify.errors import NotApplicable

READY_S = 30.0
"""Python reads its modules first, on as many cores as there are."""
SETTLE_S = 3.0
"""So much longer than verify's writers the others may take to come back."""
_ENDS_WITHIN_S = 5.0
_BESIDE_S = 60.0
"""What a drill takes beside the time that it waits for its end."""
_POLL_S = 0.02


class Observers:
    """Several clients, each in a process of its own."""

    def __init__(
        self, clock: Clock, found: Sequence[_Observer], absent: Sequence[Compared]
    ) -> None:
        self._clock = clock
        self._found = found
        self._absent = tuple(absent)

    def await_ready(self) -> None:
        """Return when each has met an answer or an error, or has had the time to."""
        deadline = Deadline(READY_S)
        for each in self._found:
            each.told.wait(deadline.left)

    def settle(self) -> None:
        """Give each the time to come back after verify's own writers have."""
        since, deadline = time.monotonic(), Deadline(SETTLE_S)
        while not deadline.expired and any(each.silent_since(since) for each in self._found):
            time.sleep(_POLL_S)

    def compared(self, triggered_at: float) -> tuple[Compared, ...]:
        """What each met until now."""
        now = self._clock.now()
        offset = time.monotonic() - now
        met = [compare(each.observed(offset), triggered_at, now) for each in self._found]
        return (*met, *self._absent)


class _Observer:
    """One process, and everything that it told."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._answers: list[Answer] = []
        self._failures: list[Failure] = []
        self.told = threading.Event()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "verify.drill.observer"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # Ctrl-C is ours: the drill ends them.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order.model_dump_json()}\n")
        self._process.stdin.flush()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            self._hear(self._process.stdout)
        finally:
            # Nobody is to wait for one that has ended.
            self.told.set()

    def _hear(self, lines: Iterable[str]) -> None:
        for line in lines:
            try:
                met = LINE.validate_json(line)
            except ValidationError:
                # Cut short by its end, or somebody's warning.
                continue
            with self._lock:
                if isinstance(met, Answer):
                    self._answers.append(met)
                else:
                    self._failures.append(met)
            self.told.set()

    def silent_since(self, moment: float) -> bool:
        """Whether one that used to answer has not done so since."""
        with self._lock:
            return bool(self._answers) and self._answers[-1].at < moment

    def observed(self, offset: float) -> Observed:
        """What it met; ``offset`` is the monotonic clock's lead over the drill's."""
        order = self._order
        with self._lock:
            return Observed(
                client=order.client,
                how=how(order),
                absent=self._why_absent(),
                answers=tuple(Answer(a.at - offset, a.server, a.writable) for a in self._answers),
                failures=tuple(Failure(f.at - offset, f.error, f.said) for f in self._failures),
            )

    def _why_absent(self) -> str | None:
        if self._answers:
            return None
        if self._failures:
            first = self._failures[0]
            return f"it never had an answer, but {first.error}: {first.said}"
        ended = self._process.poll()
        if ended is not None:
            return f"its process ended with exit code {ended}"
        return f"it had no answer within {READY_S:g} s"

    def end(self) -> None:
        """Return when it is gone: one whose driver waits for an answer is not asked."""
        self._process.kill()
        self._process.wait(_ENDS_WITHIN_S)
        self._thread.join(_ENDS_WITHIN_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def observing(
    target: Target, clock: Clock, within_s: float, *, wanted: bool
) -> Iterator[Observers]:
    """Clients at work at the endpoint that writes, gone afterwards; none if none are ``wanted``."""
    with ExitStack() as stack:
        found: list[_Observer] = []
        absent: list[Compared] = []
        try:
            for order in _orders(target, within_s) if wanted else ():
                why_not = wrapper.why_not() if order.client == "wrapper" else None
                if why_not is not None:
                    absent.append(Compared(client=order.client, how="", absent=why_not))
                    continue
                found.append(_Observer(order))
                stack.callback(found[-1].end)
        except NotApplicable as error:
            absent.append(Compared(client="plain", how="", absent=str(error)))
        observers = Observers(clock, found, absent)
        observers.await_ready()
        yield observers


def _orders(target: Target, within_s: float) -> list[Order]:
    database, endpoint = target.database, target.endpoints[target.writer]
    login = _login(target)
    pooled = bool(getattr(target, "pooled", False))
    statement = ""
    if database.engine not in CACHES:
        dialect = dialect_of(database)
        session = open_session(dialect, endpoint, login, target.ca, pooled=pooled)
        try:
            statement = f"SELECT {server_of(session, dialect)}"
        finally:
            session.close()
    return [
        Order(
            client=name,
            database=database,
            endpoint=endpoint,
            user=login.user,
            password=login.password,
            # They run in the program's own folder.
            ca=os.path.abspath(target.ca) if target.ca is not None else None,
            pooled=pooled,
            statement=statement,
            life_s=within_s + _BESIDE_S,
        )
        for name in clients_of(database)
    ]


def _login(target: Target) -> Credentials:
    database = target.database
    if database.engine in CACHES and database.endpoints_of("primary"):
        login, _ = login_for(target.name, database, target.cloud, KEY)
        return login or Credentials(None, "")
    if database.engine in MYSQL | POSTGRES and database.secret_arn is not None:
        found = target.cloud.credentials(database.secret_arn)
        return Credentials(found.user or database.user, found.password)
    raise NotApplicable(f"no plain client is known that reads from {target.name}")
