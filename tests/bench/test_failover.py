"""What many drills come to, in figures."""

from __future__ import annotations

import pytest

from bench import failover
from bench.failover import Outcome, figures
from bench.workspace import BenchFailed
from verify.audit import Add, History, Read, Record
from verify.drill.measure import Measured, Outage
from verify.drill.verdict import Audit, audit


def measured(seconds: float, *, over: bool = True, noticed: float | None = 0.1) -> Measured:
    return Measured(
        triggered_at=1,
        ended_at=9,
        over=over,
        detected_after_s=noticed,
        write_outage=Outage(seconds=seconds, began_at=1, ended_at=1 + seconds),
        endpoints=(),
    )


def audited(acknowledged: int, stored: tuple[int, ...]) -> Audit:
    """Of a history in which so many rows were acknowledged and ``stored`` were read at last."""
    records = [
        Record(
            process="rows", endpoint="writer", invoked_at=n, completed_at=n, outcome="ok",
            op=Add(element=n),
        )
        for n in range(acknowledged)
    ]  # fmt: skip
    last = Record(
        process="last", endpoint="writer", invoked_at=99, completed_at=99, outcome="ok",
        op=Read(elements=stored),
    )  # fmt: skip
    return audit(History.of([*records, last]), "writer", ["writer"])


def test_rows_are_counted_over_all_runs_and_the_median_is_of_the_outages() -> None:
    found = Outcome.of(
        [
            (measured(0.1), audited(4, (0, 1, 2, 3))),
            (measured(0.9, noticed=0.4), audited(4, (0, 1, 3))),
            (measured(0.2, noticed=None), audited(2, (0, 1, 1))),
        ]
    )
    assert found.median == 0.2
    assert found.noticed == (0.1, 0.4)
    assert (found.acknowledged, found.lost, found.duplicated) == (10, 1, 1)


@pytest.mark.parametrize("runs", [[], [(measured(0.1, over=False), audited(1, (0,)))]])
def test_a_failover_that_does_not_end_is_no_figure(runs: list[tuple[Measured, Audit]]) -> None:
    with pytest.raises(BenchFailed, match=f"only 0 of {len(runs)} failovers came to an end"):
        Outcome.of(runs)


def test_the_figures_have_goals_that_can_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def drill(space: object, kind: str, fault: str, runs: int) -> Outcome:
        asked.append((kind, fault, runs))
        return Outcome((0.1, 3.0, 9.0), (1.0,) * runs, acknowledged=100, lost=1, duplicated=0)

    monkeypatch.setattr(failover, "drill", drill)
    found = {each.name: each for each in figures("space", 7)}  # type: ignore[arg-type]
    assert asked == [
        ("aurora-mysql", "kill", 7), ("aurora-mysql", "stop", 5),
        ("redis", "kill", 7), ("redis", "stop", 5),
        ("aurora-mysql", "cut", 5),
    ]  # fmt: skip
    missed = {name for name, figure in found.items() if not figure.met}
    for name in ("Aurora", "Redis with WAIT"):
        assert {
            f"{name}: write outage after SIGKILL, median",
            f"{name}: write outage after SIGKILL, worst",
            f"{name}: after SIGSTOP, worst",
            f"{name}: acknowledged lost",
        } <= missed
        assert found[f"{name}: acknowledged lost"].measured == 2
        assert found[f"{name}: duplicated"].met
    assert found["a silent cut is noticed by a client, worst"].met


def test_a_cut_that_nobody_notices_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = Outcome((0.1,), (), acknowledged=1, lost=0, duplicated=0)
    monkeypatch.setattr(failover, "drill", lambda *_: outcome)
    with pytest.raises(BenchFailed, match="5 of 5 cuts went unnoticed by the writers"):
        figures("space", 1)  # type: ignore[arg-type]
