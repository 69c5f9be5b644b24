"""How an exercise is performed: its checks in order, each a proof, each reported.

A check whose prerequisite did not pass is skipped. A check that opens a connection and finds
nobody there means that the exercise could not run, which is not a failure of the database: it
ends there.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from contract import Alarm, ContractError, Database
from verify.aws import Cloud, Credentials
from verify.deadline import Deadline
from verify.errors import CannotRun, DeadlineExceeded, NoCredentials, NotApplicable, VerifyError
from verify.lag.measured import CopyLag
from verify.results import Exercise as Result
from verify.results import Series, Status, Step
from verify.transcript import Exchange, kept

CLEAN = "no leftovers of an earlier run"
CLEAN_UP = "clean up"
LIMIT_IN_WAITS = 6
"""An exercise as a whole may take this many times the longest single wait."""


Disturbance = Literal["fail-over", "switchover", "restore"]


@dataclass(frozen=True)
class Check:
    """One proof: `action` returns what came back, or raises a `VerifyError`."""

    name: str
    action: Callable[[], str]
    needs: tuple[str, ...] = ()
    opens: bool = False
    """A connection is opened here: finding nobody means the exercise cannot run."""


@dataclass(frozen=True)
class Scene:
    """What an exercise may look at: one database, its neighbours, AWS and the time."""

    name: str
    databases: Mapping[str, Database]
    cloud: Cloud
    ca: str | None
    wait_s: float
    """The longest single wait on the network, in seconds."""
    limit: Deadline
    allowed: frozenset[Disturbance] = frozenset()
    """What may be done that other users of the databases would notice, or that costs money."""
    wait_for_pause_s: float = 0.0
    """How long somebody is willing to wait for a serverless database to pause."""
    measured: list[Series] = field(default_factory=list)
    """What its exercise measured over time, for the report."""
    phase_s: float = 5.0
    """How long a lag is measured at rest, and as long under load."""
    rate: float = 50.0
    """Writes a second of that load."""
    lags: dict[str, CopyLag] = field(default_factory=dict)
    """What its exercise measured at the copies of the database, by their names."""
    alarms: Sequence[Alarm] = ()
    """Those of the whole stack, as it made them."""
    unserved: Mapping[str, str] = field(default_factory=dict)
    """Engines whose databases have nobody to connect to here, each with the reason."""

    @property
    def database(self) -> Database:
        return self.databases[self.name]

    def deadline(self) -> Deadline:
        """The end of a wait that begins now."""
        return self.limit.within(self.wait_s)

    def credentials(self, database: Database) -> Credentials:
        if database.secret_arn is None:
            raise NoCredentials(f"{self.name}: its output names no secret")
        found = self.cloud.credentials(database.secret_arn)
        return replace(found, user=found.user or database.user)


class Exercise(ABC):
    """The checks of one exercise on one database, and how to take back what they made."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.opened = ExitStack()
        """Everything to close at the end."""
        self.began = False
        """Whether something was made that must be cleaned up."""

    @abstractmethod
    def checks(self) -> Iterable[Check]:
        """The checks in order; `needs` name earlier ones."""

    @abstractmethod
    def clean_up(self, deadline: Deadline) -> str:
        """Take back what the checks made, over connections of its own."""


class Audience(Protocol):
    """Who watches a run."""

    def exercise_started(self, name: str, database: str) -> None: ...

    def step_started(self, name: str) -> None: ...

    def step_ended(self, step: Step) -> None: ...


@dataclass
class _Progress:
    steps: list[Step] = field(default_factory=list)
    not_run: str | None = None

    def missing(self, check: Check) -> str | None:
        passed = {step.name for step in self.steps if step.status is Status.PASSED}
        return next((need for need in check.needs if need not in passed), None)


def perform(
    name: str,
    make: Callable[[Scene], Exercise],
    scene: Scene,
    audience: Audience,
    *,
    keep: bool = False,
) -> Result:
    """Perform every check and clean up, also when interrupted; nothing is raised but that."""
    audience.exercise_started(name, scene.name)
    try:
        exercise = make(scene)
    except (CannotRun, ContractError) as reason:
        return Result(name=name, database=scene.name, steps=(), not_run=str(reason))
    progress = _Progress()

    def attempt(check: Check) -> None:
        audience.step_started(check.name)
        step = _perform(check, progress)
        progress.steps.append(step)
        audience.step_ended(step)

    try:
        with exercise.opened:
            for check in exercise.checks():
                attempt(_limited(check, scene.limit))
                if progress.not_run is not None:
                    break
    finally:
        if exercise.began and not keep:
            attempt(Check(CLEAN_UP, lambda: exercise.clean_up(Deadline(scene.wait_s))))
    return Result(
        name=name,
        database=scene.name,
        steps=tuple(progress.steps),
        not_run=progress.not_run,
        series=tuple(scene.measured),
        lags=tuple(scene.lags.values()),
    )


def _limited(check: Check, limit: Deadline) -> Check:
    def action() -> str:
        if limit.expired:
            raise DeadlineExceeded("the exercise's time was over before this step")
        return check.action()

    return Check(check.name, action, check.needs, check.opens)


def _perform(check: Check, progress: _Progress) -> Step:
    with kept() as ran:
        return _step(check, progress, ran)


def _step(check: Check, progress: _Progress, ran: list[Exchange]) -> Step:
    started = time.monotonic()

    def step(status: Status, said: str) -> Step:
        seconds = time.monotonic() - started
        return Step(name=check.name, status=status, said=said, seconds=seconds, ran=tuple(ran))

    missing = progress.missing(check)
    if missing is not None:
        return step(Status.SKIPPED, f"needs {missing!r}, which did not pass")
    try:
        return step(Status.PASSED, check.action())
    except NotApplicable as reason:
        return step(Status.SKIPPED, str(reason))
    except CannotRun as reason:
        if not check.opens:
            return step(Status.FAILED, str(reason))
        progress.not_run = str(reason)
        return step(Status.SKIPPED, str(reason))
    except (VerifyError, ContractError) as reason:
        return step(Status.FAILED, str(reason))
