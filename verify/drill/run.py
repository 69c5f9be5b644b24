"""One drill: clients at work, a failover in the middle, and what they recorded."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

from contract import Endpoint
from verify.audit import History, Outcome, Read, Record
from verify.deadline import Deadline
from verify.drill.clients import Client, Ledger, outcome_of
from verify.drill.comparison import Compared
from verify.drill.crew import AUDIT_S, PROBE_S, WRITE_S, Worker, audits, business, looks, rows
from verify.drill.measure import BEFORE_S, Measured, is_over, measure
from verify.drill.observers import observing
from verify.drill.recorder import Clock, Recorder
from verify.drill.target import Event, Member, Target
from verify.errors import CannotRun, DeadlineExceeded, VerifyError

WRITERS = 2
CATCH_UP_S = 10.0
_READY_S = 15.0
_STOP_S = 5.0
_POLL_S = 0.02
_LOOK_S = 0.1
_COMMAND_S = 60.0
_CLOCKS_S = 1.0
"""So far may the control plane's clock be behind ours, and its events still be this drill's."""
SUBJECT = {"DATABASE_MEMBER": "the writing server", "DATABASE_REGION": "its region"}
"""What a command finds in its environment."""
_ABOUT_IT = '"$DATABASE_MEMBER" --region "$DATABASE_REGION"'


@dataclass(frozen=True)
class Plan:
    """How to disturb, and how long to wait for the end of it."""

    within_s: float
    to: str | None = None
    by: str | None = None
    """A fault to do instead of asking the control plane, by the cloud's own command."""
    trigger: str | None = None
    """A command to run instead of asking the control plane."""
    afterwards: str | None = None
    """A command to run when the failover is measured."""
    compare: bool = False
    """Whether other clients read beside the drill's own."""


@dataclass(frozen=True)
class Drill:
    """What one drill found."""

    asked: str
    measured: Measured
    events: tuple[tuple[float, str, str], ...]
    """Seconds on the drill's axis, who, and what."""
    troubles: tuple[str, ...]
    """What the clients met, once each."""
    history: History
    compared: tuple[Compared, ...] = ()


def perform(target: Target, plan: Plan, log: Path) -> Drill:
    """One failover of ``target`` under load; what it made is taken back."""
    target.prepare()
    try:
        with Recorder(Clock(), log) as recorder:
            asked, measured, compared = _under_load(target, plan, recorder)
            events = _events(target, recorder.clock, measured.triggered_at)
            _, _, troubles = recorder.snapshot()
            return Drill(
                asked=asked,
                measured=measured,
                events=tuple(events),
                troubles=tuple(dict.fromkeys(t.said for t in troubles)),
                history=recorder.history(),
                compared=compared,
            )
    finally:
        target.clean_up()


def _under_load(
    target: Target, plan: Plan, recorder: Recorder
) -> tuple[str, Measured, tuple[Compared, ...]]:
    clock = recorder.clock
    with (
        observing(target, clock, plan.within_s, wanted=plan.compare) as observers,
        _working(_crew(target, recorder), target) as stop,
    ):
        time.sleep(BEFORE_S)
        member = target.member()
        triggered_at = clock.now()
        try:
            asked = _disturb(target, plan, member)
            over = _await_end(target, plan, recorder, triggered_at)
            if over:
                observers.settle()
            # Before it is undone: whom that brings back did not come back by itself.
            compared = observers.compared(triggered_at)
        finally:
            _undo(target, plan, member)
        # A little longer, so that every endpoint is seen as it is now.
        time.sleep(BEFORE_S)
        ended_at = clock.now()
        stop()
        _read_all(target, recorder)
    records, sightings, troubles = recorder.snapshot()
    measured = measure(
        records,
        sightings,
        troubles,
        list(target.endpoints),
        triggered_at=triggered_at,
        ended_at=ended_at,
        over=over,
    )
    return asked, measured, compared


def _crew(target: Target, recorder: Recorder) -> list[Worker[Any]]:
    """Writers at the endpoint that writes, a prober at each, auditors where there is a ledger."""
    numbers = itertools.count(1)
    writer = target.writer

    def opener(endpoint: Endpoint) -> Callable[[], Client]:
        return partial(target.open, endpoint)

    found: list[Worker[Any]] = [
        Worker(f"rows {n}", writer, opener(target.endpoints[writer]), rows(numbers), recorder,
               WRITE_S, writes=True)
        for n in range(1, WRITERS + 1)
    ]  # fmt: skip
    found += [
        Worker(f"probe {name}", name, opener(endpoint), looks(name, recorder), recorder, PROBE_S)
        for name, endpoint in target.endpoints.items()
    ]
    if target.has_ledger:
        ledger = cast(Callable[[], Ledger], opener(target.endpoints[writer]))
        found.append(Worker("business", writer, ledger, business(), recorder, WRITE_S, writes=True))
        for name, endpoint in target.endpoints.items():
            if not name.startswith("instance"):
                open_ = cast(Callable[[], Ledger], opener(endpoint))
                found.append(Worker(f"audit {name}", name, open_, audits(), recorder, AUDIT_S))
    return found


@contextmanager
def _working(crew: list[Worker[Any]], target: Target) -> Iterator[Callable[[], None]]:
    """The crew at work, each having had an answer; gives what stops it early."""

    def stop() -> None:
        deadline = Deadline(_STOP_S)
        for worker in crew:
            worker.stop(deadline)
        defects = [worker.defect for worker in crew if worker.defect is not None]
        if defects:
            raise defects[0]

    for worker in crew:
        worker.start()
    try:
        deadline = Deadline(_READY_S)
        for worker in crew:
            if not worker.answered.wait(deadline.left):
                raise CannotRun(
                    f"{target.name}: {worker.process} has no answer through {worker.endpoint} "
                    f"within {_READY_S:g} s, so there is nothing to interrupt"
                )
        yield stop
    finally:
        stop()


def _disturb(target: Target, plan: Plan, member: Member) -> str:
    if plan.by is not None:
        _command(f"{target.cloud.faults} {plan.by} {_ABOUT_IT}", member)
        return f"{plan.by} of {member.identifier}"
    if plan.trigger is None:
        return target.fail_over(plan.to)
    _command(plan.trigger, member)
    return f"`{plan.trigger}` for {member.identifier}"


def _undo(target: Target, plan: Plan, member: Member) -> None:
    if plan.by in ("stop", "cut"):
        # Whoever was replaced meanwhile has nothing to be undone.
        _command(f"{target.cloud.faults} continue {_ABOUT_IT} || true", member)
    if plan.afterwards is not None:
        _command(plan.afterwards, member)


def _command(command: str, member: Member) -> None:
    """Run somebody's command about ``member``; `CannotRun` when it fails."""
    subject = dict(zip(SUBJECT, (member.identifier, member.region), strict=True))
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env={**os.environ, **subject},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotRun(f"`{command}` did not end within {_COMMAND_S:g} s") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CannotRun(f"`{command}` ended with exit code {done.returncode}: {said}")


def _await_end(target: Target, plan: Plan, recorder: Recorder, triggered_at: float) -> bool:
    deadline = Deadline(plan.within_s)
    while not deadline.expired:
        time.sleep(_LOOK_S)
        over = is_over(
            *recorder.snapshot(),
            target.writer,
            moves=target.moves,
            triggered_at=triggered_at,
            now=recorder.clock.now(),
        )
        if over:
            return True
    return False


def _read_all(target: Target, recorder: Recorder) -> None:
    """Every row through every endpoint, the writer's first; a reader may catch up before.

    Nobody writes any more, so what is missing now is missing.
    """
    wanted: tuple[int, ...] = ()
    for name, endpoint in target.endpoints.items():
        deadline = Deadline(CATCH_UP_S)
        found: tuple[int, ...] | None = None
        while True:
            record = _read(target, name, endpoint, recorder)
            if record.outcome == "ok":
                found = cast(Read, record.op).elements
            complete = found is not None and len(found) >= len(wanted)
            if complete or deadline.expired:
                break
            time.sleep(_POLL_S)
        if found is not None:
            # Once, and the last: on the way it was only behind.
            recorder.call(record)
        if name == target.writer:
            if found is None:
                raise DeadlineExceeded(
                    f"{target.name}: its rows cannot be read through {name} "
                    f"within {CATCH_UP_S:g} s after the drill: {record.outcome}"
                )
            wanted = found


def _read(target: Target, name: str, endpoint: Endpoint, recorder: Recorder) -> Record:
    invoked_at = recorder.clock.now()
    outcome: Outcome = "ok"
    try:
        client = target.open(endpoint)
        try:
            op = Read(elements=client.elements())
        finally:
            client.close()
    except VerifyError as error:
        op, outcome = Read(), outcome_of(error)
    return Record(
        process=f"last read {name}",
        endpoint=name,
        invoked_at=invoked_at,
        completed_at=recorder.clock.now(),
        outcome=outcome,
        op=op,
    )


def _events(target: Target, clock: Clock, triggered_at: float) -> list[tuple[float, str, str]]:
    since = clock.started_at + timedelta(seconds=triggered_at - _CLOCKS_S)
    found: list[Event] = list(target.events(since))
    return [(clock.when(each.at), each.source, each.message) for each in found]
