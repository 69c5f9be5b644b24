"""Outages, detection and the end of a failover, from records written by hand."""

from __future__ import annotations

import pytest

from verify.audit import Add, Outcome, Record, Size
from verify.drill.clients import NotSent, outcome_of
from verify.drill.measure import is_over, measure, outage
from verify.drill.recorder import Sighting, Trouble
from verify.errors import DeadlineExceeded, Refused, StepFailed, Unreachable, VerifyError


@pytest.mark.parametrize(
    ("answers", "seconds", "open_"),
    [
        pytest.param([0, 1, 2, 6, 7, 8], 4.0, False, id="the-pause-after-the-trigger"),
        pytest.param([0, 1, 4.9, 8, 9], 3.9, False, id="it-may-have-begun-before"),
        pytest.param([0, 4, 4.5, 9, 9.5], 4.5, False, id="a-longer-one-before-does-not-count"),
        pytest.param([0, 1, 2], 8.0, True, id="no-answer-until-the-end"),
    ],
)
def test_an_outage(answers: list[float], seconds: float, open_: bool) -> None:
    found = outage(answers, 4.2, 10)
    assert found is not None
    assert found.seconds == pytest.approx(seconds)
    assert found.open is open_


def test_without_an_answer_before_the_trigger_there_is_nothing_to_measure() -> None:
    assert outage([], 1, 2) is None
    assert outage([1.5], 1, 2) is None


def write(at: float, outcome: Outcome = "ok") -> Record:
    return Record(
        process="rows 1", endpoint="writer", invoked_at=at, completed_at=at + 0.01,
        outcome=outcome, op=Add(element=int(at * 1000)),
    )  # fmt: skip


def look(at: float, outcome: Outcome = "ok") -> Record:
    return Record(
        process="probe writer", endpoint="writer", invoked_at=at, completed_at=at + 0.01,
        outcome=outcome, op=Size(count=1),
    )  # fmt: skip


WRITES = [write(n / 100) for n in range(200)] + [write(3 + n / 100) for n in range(200)]
LOOKS = [look(n / 10) for n in range(20)] + [look(3 + n / 10) for n in range(20)]
SEEN = [
    *(Sighting("writer", n / 10, "a", True) for n in range(20)),
    *(Sighting("writer", 3 + n / 10, "b", True) for n in range(20)),
]
TROUBLES = [
    Trouble("probe writer", "writer", 2.1, "gone"),
    Trouble("rows 1", "writer", 2.3, "gone"),
    Trouble("rows 1", "writer", 2.9, "gone"),
]


def test_the_timeline() -> None:
    found = measure(
        WRITES + LOOKS, SEEN, TROUBLES, ["writer"], triggered_at=1.95, ended_at=5, over=True
    )
    # The probe noticed earlier, but the promise is about who writes.
    assert found.detected_after_s == pytest.approx(0.35)
    assert found.write_outage is not None
    assert found.write_outage.seconds == pytest.approx(1.01)
    (led,) = found.endpoints
    assert (led.before, led.after) == (("a",), ("b",))
    assert led.read_outage is not None
    assert led.read_outage.seconds == pytest.approx(1.1)
    assert found.read_outage_s == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("now", "moves", "troubles", "over"),
    [
        pytest.param(3.5, True, TROUBLES, False, id="quiet-not-long-enough"),
        pytest.param(4.0, True, TROUBLES, True, id="quiet-and-moved"),
        pytest.param(1.9, True, [], False, id="not-moved-yet"),
        pytest.param(1.9, False, [], False, id="nothing-happened"),
        pytest.param(4.0, False, [], True, id="a-proxy-held-them-meanwhile"),
        pytest.param(4.0, False, TROUBLES, True, id="stays-and-was-noticed"),
    ],
)
def test_when_it_is_over(now: float, moves: bool, troubles: list[Trouble], over: bool) -> None:
    writes = [each for each in WRITES if each.completed_at <= now]
    seen = [each for each in SEEN if each.at <= now]
    assert over is is_over(writes, seen, troubles, "writer", moves=moves, triggered_at=1.5, now=now)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (DeadlineExceeded("no answer within 1 s"), "unknown"),
        (StepFailed("the connection broke"), "unknown"),
        (Unreachable("gone"), "unknown"),
        (Refused(1053, "Server shutdown in progress"), "unknown"),
        (Refused(1290, "read-only"), "fail"),
        (Refused("25006", "read-only"), "fail"),
        (NotSent("never committed"), "fail"),
    ],
)
def test_only_a_refusal_is_certain(error: VerifyError, outcome: Outcome) -> None:
    assert outcome_of(error) == outcome
