"""Any history of a sound database is clean, and each checker finds the fault seeded for it."""

from __future__ import annotations

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.audit.simulated import TOTAL, Fault, Simulated, Step
from verify.audit import (
    History,
    Verdict,
    bank,
    counter_bounds,
    long_fork,
    monotonic_reads,
    set_full,
)

STEPS = st.lists(st.sampled_from(typing.get_args(Step)), max_size=25)


def complaints(history: History) -> set[str]:
    """The checkers that are not satisfied."""
    verdicts: dict[str, Verdict] = {
        "set-full": set_full(history.through("writer")),
        "monotonic reads": monotonic_reads(history),
        "long fork": long_fork(history),
        "bank": bank(history, TOTAL),
        "counter bounds": counter_bounds(history.through("writer")),
    }
    return {name for name, verdict in verdicts.items() if not verdict.clean}


@given(STEPS)
def test_a_sound_database_is_clean(steps: list[Step]) -> None:
    history = Simulated().run(steps)
    assert complaints(history) == set()
    rows = set_full(history.through("writer"))
    assert rows.attempted == sum(step in {"add", "unanswered", "refused"} for step in steps)
    assert rows.acknowledged == steps.count("add")
    assert rows.unknown == steps.count("unanswered")
    assert rows.recovered <= rows.unknown


@pytest.mark.parametrize(
    ("fault", "finder"),
    [
        ("row dropped", "set-full"),
        ("row doubled", "set-full"),
        ("applies swapped", "long fork"),
        ("half a transfer", "bank"),
        ("increment forgotten", "counter bounds"),
        ("promoted with its link cut", "set-full"),
        ("promoted with its link cut", "monotonic reads"),
    ],
)
@given(steps=STEPS)
def test_a_seeded_fault_is_found(fault: Fault, finder: str, steps: list[Step]) -> None:
    assert finder in complaints(Simulated().run(steps, fault))


@given(STEPS, st.sampled_from([None, *typing.get_args(Fault)]))
def test_a_history_survives_json(steps: list[Step], fault: Fault | None) -> None:
    history = Simulated().run(steps, fault)
    again = History.model_validate_json(history.model_dump_json())
    assert again == history
    assert complaints(again) == complaints(history)


@given(STEPS, st.randoms(use_true_random=False))
def test_the_order_of_recording_does_not_matter(steps: list[Step], random: typing.Any) -> None:
    history = Simulated().run(steps)
    shuffled = list(history.records)
    random.shuffle(shuffled)
    assert History.of(shuffled) == history
