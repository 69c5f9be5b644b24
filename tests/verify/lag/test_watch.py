"""What is made of heartbeats: plain numbers, no server."""

from __future__ import annotations

import threading
import time

import pytest

from verify.errors import DeadlineExceeded, StepFailed
from verify.heartbeats import Beat
from verify.lag.measured import Phase
from verify.lag.watch import Observed, observe

WAIT_S = 5.0
HOUR = 3600.0
US = 1e-6


class Source:
    """A database whose clock is an hour ahead, and a copy of it that shows what it is let to."""

    def __init__(self, behind_s: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._rows: list[tuple[int, float, float]] = []
        self._behind_s = behind_s

    def write(self, beat: int) -> None:
        now = time.monotonic()
        with self._lock:
            self._rows.append((beat, now + HOUR, now + self._behind_s))

    def after(self, beat: int) -> list[Beat]:
        with self._lock:
            now = time.monotonic()
            return [(b, stamp) for b, stamp, due in self._rows if b > beat and due <= now]


def nothing() -> None:
    """No load to look after."""


def test_every_heartbeat_arrives_and_none_twice() -> None:
    source = Source()
    found = observe(source.write, {"copy": source}, 7, 0.5, WAIT_S, nothing)
    assert (
        sorted(found.arrived["copy"]) == sorted(found.sent) == list(range(7, 7 + len(found.sent)))
    )
    assert found.failures == {}
    assert 0 < len(found.sent) <= 10


def test_a_lag_is_what_the_copy_is_behind_whatever_the_sources_clock_says() -> None:
    source = Source(behind_s=0.2)
    found = observe(source.write, {"copy": source}, 1, 0.3, WAIT_S, nothing)
    ahead, error = found.clock(US)
    assert ahead == pytest.approx(HOUR, abs=error + US)
    assert all(ms >= 200 for _, ms in found.lags("copy", US))


def test_the_clock_is_known_better_by_many_heartbeats_than_by_one() -> None:
    one = {1: (10.0, 10.5)}
    both = {**one, 2: (20.0, 20.5)}
    stamps = {1: (110.0, 11.0), 2: (120.5, 21.0)}
    wide = Observed(sent=one, arrived={"copy": {1: stamps[1]}})
    exact = Observed(sent=both, arrived={"copy": stamps})
    assert wide.clock(0.0) == (99.75, 0.25)
    assert exact.clock(0.0) == (100.0, 0.0)
    assert exact.lags("copy", 0.0) == [(10.0, 1000.0), (20.5, 500.0)]


def test_copies_of_two_sources_have_two_clocks() -> None:
    found = Observed(
        sent={1: (10.0, 11.0), 2: (20.0, 21.0)},
        arrived={
            # The one source's clock is 100 s ahead of ours, the other's 50 s behind.
            "one": {1: (110.5, 10.75), 2: (120.5, 20.75)},
            "other": {1: (-39.5, 11.5), 2: (-29.5, 21.5)},
        },
    )
    assert found.clock(0.0, ["one"]) == (100.0, 0.5)
    assert found.clock(0.0, ["other"]) == (-50.0, 0.5)
    assert found.lags("one", 0.0, ["one"]) == [(10.5, 250.0), (20.5, 250.0)]
    assert found.lags("other", 0.0, ["other"]) == [(10.5, 1000.0), (20.5, 1000.0)]


def test_a_clock_that_is_set_meanwhile_makes_no_lag_of_its_own() -> None:
    sent = {1: (10.0, 10.001), 2: (11.0, 11.001)}
    found = Observed(sent=sent, arrived={"copy": {1: (10.0, 10.002), 2: (9011.0, 11.002)}})
    assert all(1.0 <= ms <= 2.001 for _, ms in found.lags("copy", 0.0))


def test_a_heartbeat_that_overtakes_another_is_not_waited_for_again() -> None:
    class Overtaking(Source):
        def after(self, beat: int) -> list[Beat]:
            # Of each pair the second is there first, as with parallel appliers of MySQL.
            found = super().after(beat)
            there = {b for b, _ in found}
            return [(b, s) for b, s in found if b % 2 == 0 or b + 1 in there]

    source = Overtaking()
    found = observe(source.write, {"copy": source}, 1, 0.5, WAIT_S, nothing)
    whole = len(found.sent) // 2 * 2
    assert set(range(1, whole + 1)) <= set(found.arrived["copy"])


def test_a_copy_that_stands_still_fails_alone() -> None:
    source, stuck = Source(), Source()
    found = observe(source.write, {"copy": source, "stuck": stuck}, 1, 0.3, 2.0, nothing)
    assert set(found.failures) == {"stuck"}
    assert isinstance(found.failures["stuck"], DeadlineExceeded)
    assert str(found.failures["stuck"]) == (
        "a heartbeat did not reach stuck within 2 s: it does not replicate, or lags behind"
    )
    assert len(found.arrived["copy"]) == len(found.sent)


def test_nothing_is_written_any_more_when_no_copy_is_left() -> None:
    class Broken(Source):
        def after(self, beat: int) -> list[Beat]:
            raise StepFailed("the connection broke")

    source = Broken()
    began = time.monotonic()
    found = observe(source.write, {"copy": source}, 1, 60.0, WAIT_S, nothing)
    assert time.monotonic() - began < 30
    assert str(found.failures["copy"]) == "the connection broke"


def test_what_the_source_or_the_load_fails_in_ends_it() -> None:
    def fails() -> None:
        raise StepFailed("a client of the load failed")

    source = Source()
    before = threading.active_count()
    with pytest.raises(StepFailed, match="a client of the load"):
        observe(source.write, {"copy": source}, 1, 60.0, WAIT_S, fails)
    assert threading.active_count() == before


def test_percentiles_are_values_that_were_measured() -> None:
    lags = [float(n) for n in range(1, 101)]
    phase = Phase.of("at rest", 0.0, 5.0, lags[::-1])
    assert (phase.beats, phase.p50_ms, phase.p95_ms, phase.max_ms) == (100, 50.0, 95.0, 100.0)
    assert str(phase) == "100 heartbeats, p50 50.0 ms, p95 95.0 ms, max 100.0 ms"
    assert Phase.of("at rest", 0.0, 5.0, [3.0]).p95_ms == 3.0
