"""Each checker on histories written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from verify.audit import (
    Add,
    Balances,
    Count,
    History,
    Increment,
    Op,
    Outcome,
    Read,
    Record,
    Size,
    bank,
    counter_bounds,
    long_fork,
    monotonic_reads,
    set_full,
)


def call(
    at: float,
    op: Op,
    outcome: Outcome = "ok",
    *,
    until: float | None = None,
    who: str = "",
    through: str = "writer",
) -> Record:
    """A call; each kind of call is a process of its own unless ``who`` says otherwise."""
    return Record(
        process=who or f"{op.f}-{through}",
        endpoint=through,
        invoked_at=at,
        completed_at=at + 0.1 if until is None else until,
        outcome=outcome,
        op=op,
    )


def history(*records: Record) -> History:
    return History.of(list(records))


def rows(*elements: int) -> Read:
    return Read(elements=elements)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param(
            [call(0, Add(element=1)), call(1, rows(1))],
            {"acknowledged": 1, "lost": (), "never_read": 0},
            id="there",
        ),
        pytest.param(
            [call(0, Add(element=1)), call(1, rows())],
            {"lost": (1,), "first_lost_at": 0.1, "last_lost_at": 0.1},
            id="lost",
        ),
        pytest.param(
            [call(0, Add(element=1), "unknown"), call(1, rows())],
            {"unknown": 1, "recovered": 0, "lost": ()},
            id="unknown-and-not-there-is-no-loss",
        ),
        pytest.param(
            [call(0, Add(element=1), "unknown"), call(1, rows(1))],
            {"unknown": 1, "recovered": 1, "lost": (), "unexpected": ()},
            id="unknown-and-there-is-recovered",
        ),
        pytest.param(
            [call(0, Add(element=1), "unknown"), call(1, rows(1)), call(2, rows())],
            {"recovered": 1, "lost": (1,)},
            id="seen-and-gone-is-lost",
        ),
        pytest.param(
            [call(0, Add(element=1)), call(1, rows()), call(2, rows(1))],
            {"lost": (), "stale": 1, "stale_for_s": 0.9},
            id="late-is-stale",
        ),
        pytest.param(
            [call(0, Add(element=1)), call(1, rows(1, 1))], {"duplicated": (1,)}, id="duplicated"
        ),
        pytest.param(
            [call(0, Add(element=1), "fail"), call(1, rows(1, 9))],
            {"unexpected": (1, 9)},
            id="refused-or-never-written-and-there",
        ),
        pytest.param(
            [call(0, Add(element=1)), call(0.05, rows())],
            {"lost": (), "stale": 0, "never_read": 1},
            id="a-read-before-the-acknowledgement-proves-nothing",
        ),
        pytest.param(
            [call(0, Add(element=1)), call(1, rows(), "unknown")],
            {"lost": (), "never_read": 1},
            id="a-read-without-an-answer-shows-nothing",
        ),
        pytest.param(
            [call(0, Add(element=1, to="others")), call(1, rows())],
            {"attempted": 0, "lost": ()},
            id="another-set",
        ),
    ],
)
def test_set_full(records: list[Record], expected: dict[str, Any]) -> None:
    found = set_full(history(*records))
    facts = found.model_dump()
    for name, wanted in expected.items():
        assert facts[name] == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), name
    bad = any(facts[name] for name in ("lost", "duplicated", "unexpected", "never_read"))
    assert found.clean is not bad


@pytest.mark.parametrize(
    ("records", "regressions"),
    [
        pytest.param([call(0, Size(count=1)), call(1, Size(count=1))], [], id="stays"),
        pytest.param([call(0, Size(count=2)), call(1, Size(count=1))], [(2, 1, ())], id="shrinks"),
        pytest.param(
            [call(0, rows(1, 2)), call(1, rows(2, 3))], [(2, 2, (1,))], id="one-goes-one-comes"
        ),
        pytest.param(
            [call(0, Size(count=2)), call(1, Size(count=1), through="reader", who="size-writer")],
            [],
            id="another-endpoint-is-another-session",
        ),
        pytest.param(
            [call(0, Size(count=2), who="x"), call(1, Size(count=1), who="y")],
            [],
            id="another-process-is-another-session",
        ),
        pytest.param(
            [call(0, Size(count=2)), call(1, Size(count=0), "unknown")], [], id="no-answer"
        ),
        pytest.param(
            [call(0, Size(count=2, of="a")), call(1, Size(count=1, of="b"))], [], id="other-set"
        ),
    ],
)
def test_monotonic_reads(
    records: list[Record], regressions: list[tuple[int, int, tuple[int, ...]]]
) -> None:
    found = monotonic_reads(history(*records))
    assert [(r.had, r.has, r.missing) for r in found.found] == regressions
    assert found.clean is not bool(regressions)


@pytest.mark.parametrize(
    ("records", "forks"),
    [
        pytest.param([call(0, rows(1)), call(1, rows(1, 2), through="reader")], [], id="chain"),
        pytest.param(
            [call(0, rows(1)), call(0, rows(2), through="reader")], [((1,), (2,))], id="fork"
        ),
        pytest.param(
            [call(0, rows(1)), call(1, rows(2, 3)), call(2, rows(1, 2, 3))],
            [((1,), (2, 3))],
            id="fork-of-different-sizes",
        ),
        pytest.param(
            [call(0, rows(1)), call(1, Read(elements=(2,), of="others"))], [], id="other-set"
        ),
        pytest.param([call(0, rows(1)), call(1, rows(2), "unknown")], [], id="no-answer"),
    ],
)
def test_long_fork(
    records: list[Record], forks: list[tuple[tuple[int, ...], tuple[int, ...]]]
) -> None:
    found = long_fork(history(*records))
    assert [(f.only_one, f.only_other) for f in found.found] == forks


def test_bank_looks_at_replicas_too() -> None:
    found = bank(
        history(
            call(0, Balances(accounts={"a": 50, "b": 50})),
            call(1, Balances(accounts={"a": 49, "b": 50}), through="reader"),
            call(2, Balances(), "unknown", through="reader"),
        ),
        100,
    )
    assert [(w.endpoint, w.total) for w in found.found] == [("reader", 99)]
    assert found.reads == 2


@pytest.mark.parametrize(
    ("value", "outcomes", "clean"),
    [
        (1, ("ok",), True),
        (0, ("ok",), False),
        (2, ("ok",), False),
        (1, ("ok", "unknown"), True),
        (2, ("ok", "unknown"), True),
        (2, ("ok", "fail"), False),
    ],
)
def test_counter_bounds(value: int, outcomes: tuple[Outcome, ...], clean: bool) -> None:
    calls = [call(at, Increment(), outcome) for at, outcome in enumerate(outcomes)]
    assert counter_bounds(history(*calls, call(9, Count(value=value)))).clean is clean


@pytest.mark.parametrize("value", [0, 1])
def test_an_increment_under_way_may_be_counted_or_not(value: int) -> None:
    under_way = call(0, Increment(), until=2)
    assert counter_bounds(history(under_way, call(1, Count(value=value)))).clean


def test_a_process_makes_one_call_at_a_time() -> None:
    with pytest.raises(ValidationError, match="p made two calls at once"):
        history(call(0, rows(), until=2, who="p"), call(1, rows(), who="p"))


def test_no_call_ends_before_it_begins() -> None:
    with pytest.raises(ValidationError, match="completed a call before it made it"):
        call(1, rows(), until=0.5)
