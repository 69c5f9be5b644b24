"""The exercise: heartbeats at the source, seen at every copy, at rest and under load."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial

from contract import Database
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, NotApplicable, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.lag.cache_source import CacheSource
from verify.lag.copies import CACHE_KINDS, Copy, is_sharded
from verify.lag.measured import CopyLag, Phase, in_words
from verify.lag.reported import Threshold, readings, thresholds
from verify.lag.sharded_source import ShardedSource
from verify.lag.source import CLIENTS, Source
from verify.lag.sql_source import SqlSource
from verify.lag.watch import PERIOD_S, Arrivals, Observed, observe

CONNECT = "connect to the source"
ALARMS = "alarms on the lag"
CREATE = "make a place for heartbeats"
REST, LOAD = "at rest", "under load"
PHASES = (REST, LOAD)
PERIODS = 6
"""How many metrics periods may pass until CloudWatch has a reading: AWS publishes late."""


class Lag(Exercise):
    """How far each copy of one database is behind it."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._source = _kind_of(scene.database)(scene, self.opened)
        self._copies: Sequence[Copy] = ()
        self._entered: dict[str, Arrivals] = {}
        self._alarms: Mapping[str, Threshold] = {}
        self._began: float | None = None
        self._since = self._loaded_since = datetime.now(UTC)
        self._next = 1
        self._observed: dict[str, Observed] = {}
        self._spans: dict[str, tuple[float, float]] = {}

    def checks(self) -> Iterable[Check]:
        yield Check(CONNECT, self._connect, opens=True)
        for copy in self._copies:
            yield Check(_entering(copy), partial(self._follow, copy), (CONNECT,))
        yield Check(ALARMS, self._look_for_alarms, (CONNECT,))
        yield Check(CLEAN, self._source.clean, (CONNECT,))
        yield Check(CREATE, self._create, (CLEAN,))
        for phase in PHASES:
            yield Check(_beating(phase), partial(self._observe, phase), (CREATE,))
            for copy in self._copies:
                needs = (_entering(copy), _beating(phase))
                yield Check(f"{copy.name} {phase}", partial(self._judge, copy, phase), needs)
        for copy in self._copies:
            needs = (_entering(copy), _beating(REST))
            yield Check(f"{copy.name} in CloudWatch", partial(self._reported, copy), needs)

    def clean_up(self, deadline: Deadline) -> str:
        return self._source.clean_up(deadline)

    def _connect(self) -> str:
        said = self._source.connect()
        self._copies = self._source.copies()
        if not self._copies:
            raise StepFailed(f"{said}, and AWS reports nobody who follows it")
        return f"{said}; {', '.join(copy.name for copy in self._copies)} follow it"

    def _follow(self, copy: Copy) -> str:
        self._entered[copy.name] = self._source.follow(copy)
        return f"{copy.endpoint.host}:{copy.endpoint.port} in {copy.region}"

    def _look_for_alarms(self) -> str:
        self._alarms = thresholds(self.scene.cloud, self._copies)
        if not self._alarms:
            raise NotApplicable("none watches one; the config's monitoring makes them")
        without = [copy.name for copy in self._copies if copy.name not in self._alarms]
        said = [f"{name} beyond {in_words(alarm.ms)}" for name, alarm in self._alarms.items()]
        return ", ".join([*said, *(f"{name} without one" for name in without)])

    def _create(self) -> str:
        self.began = True
        return self._source.create()

    def _observe(self, phase: str) -> str:
        scene = self.scene
        failed = {name for found in self._observed.values() for name in found.failures}
        copies = {name: copy for name, copy in self._entered.items() if name not in failed}
        if not copies:
            raise NotApplicable("no copy is left to look at")
        self._loaded_since = datetime.now(UTC)
        if self._began is None:
            self._began, self._since = time.monotonic(), self._loaded_since
        began = time.monotonic() - self._began
        with self._source.load(scene.rate) as load:
            load.grow(CLIENTS if phase == LOAD else 0)
            found = observe(
                self._source.write, copies, self._next, scene.phase_s, scene.wait_s, load.check
            )
        ended = time.monotonic() - self._began
        self._observed[phase], self._spans[phase] = found, (began, ended)
        self._next += len(found.sent)
        error = max(
            found.clock(self._source.resolution_s, self._beside(copy))[1] for copy in self._copies
        )
        said = (
            f"{len(found.sent)} in {ended - began:.1f} s, {1 / PERIOD_S:.0f} a second; the "
            f"source's clock is known to {1000 * error:.2f} ms"
        )
        if phase != LOAD:
            return said
        return f"{said}; {load.done / (ended - began):.0f} writes a second of {scene.rate:g} asked"

    def _beside(self, copy: Copy) -> list[str]:
        """The copies whose heartbeats have the same clock's stamps, its own among them."""
        return [other.name for other in self._copies if other.shard == copy.shard]

    def _judge(self, copy: Copy, phase: str) -> str:
        found = self._observed[phase]
        if copy.name not in found.arrived:
            raise NotApplicable("it was given up before")
        lags = found.lags(copy.name, self._source.resolution_s, self._beside(copy))
        alarm = self._alarms.get(copy.name)
        if lags:
            began, ended = self._spans[phase]
            self._keep(
                copy,
                points=tuple(
                    (round(at - (self._began or 0.0), 4), round(ms, 3)) for at, ms in lags
                ),
                phases=(Phase.of(phase, began, ended, [ms for _, ms in lags]),),
            )
        if copy.name in found.failures:
            raise StepFailed(str(found.failures[copy.name]))
        (*_, facts) = self.scene.lags[copy.name].phases
        if alarm is not None and facts.max_ms > alarm.ms:
            raise StepFailed(f"{facts}: beyond {in_words(alarm.ms)}, where {alarm.alarm} goes off")
        return str(facts)

    def _keep(
        self,
        copy: Copy,
        points: tuple[tuple[float, float], ...] = (),
        phases: tuple[Phase, ...] = (),
        reported: tuple[tuple[float, float], ...] = (),
    ) -> None:
        """Add to what is known of a copy."""
        alarm = self._alarms.get(copy.name)
        known = self.scene.lags.get(copy.name) or CopyLag(
            copy_name=copy.name,
            region=copy.region,
            metric=copy.metric.name,
            unit=copy.metric.unit,
            alarm=alarm.alarm if alarm else None,
            threshold_ms=alarm.ms if alarm else None,
        )
        self.scene.lags[copy.name] = known.model_copy(
            update={
                "points": known.points + points,
                "phases": known.phases + phases,
                "reported": known.reported + reported,
            }
        )

    def _reported(self, copy: Copy) -> str:
        cloud = self.scene.cloud
        period = timedelta(seconds=cloud.metrics_period_s)
        deadline = self.scene.limit.within(PERIODS * period.total_seconds() + self.scene.wait_s)
        while not (found := self._newest(copy, period)):
            if deadline.expired:
                raise DeadlineExceeded(
                    f"CloudWatch has no {copy.metric.name} of it, and the time for that is over"
                )
            time.sleep(min(period.total_seconds() / 2, 10.0, deadline.wait()))
        since = self._since
        self._keep(
            copy,
            reported=tuple(
                (max(0.0, (at - since).total_seconds()), copy.metric.in_ms(value))
                for at, value in found
            ),
        )
        values = [value for _, value in found]
        said = f"{copy.metric.name} {min(values):g} to {max(values):g} {copy.metric.unit}"
        if values[-1] < 0:
            # An earlier one may be of before: the heartbeats have arrived.
            raise StepFailed(f"{said}, the last {values[-1]:g}: below nought it replicates nothing")
        said = f"{said} in {len(values)} readings"
        if self.scene.database.engine == "postgres":
            # Which is why an alarm on it may go off at night.
            said += "; PostgreSQL's grows while nothing is written, too"
        return said

    def _newest(self, copy: Copy, period: timedelta) -> list[tuple[datetime, float]]:
        """Its readings, once there is one that began with the last phase or later."""
        # A reading has the time at which its period begins, which may be before ours.
        found = readings(self.scene.cloud, copy, self._since - period)
        return found if found and found[-1][0] >= self._loaded_since else []


def _kind_of(database: Database) -> Callable[[Scene, ExitStack], Source]:
    if is_sharded(database):
        return ShardedSource
    return CacheSource if database.kind in CACHE_KINDS else SqlSource


def _entering(copy: Copy) -> str:
    return f"connect to {copy.name}"


def _beating(phase: str) -> str:
    return f"heartbeats {phase}"
