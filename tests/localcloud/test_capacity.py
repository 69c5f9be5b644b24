"""The autoscaler's decisions: in steps, within the range, up at once and down slowly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.databases.capacity import Capacity, Load, Scaling, adapt, needed, utilisation

COURSE = Scaling(0, 16, 300)
IDLE = Load()

steps = st.integers(0, 512).map(lambda n: n / 2)
scalings = st.builds(
    lambda least, more: Scaling(least, max(1.0, min(256.0, least + more))), steps, steps
)
loads = st.builds(
    Load,
    running=st.integers(0, 1000),
    cores=st.floats(0, 64),
    statements=st.floats(0, 1e6),
)


def capacities(load: Load, scaling: Scaling, start: float, samples: int) -> list[float]:
    now, found = Capacity(start), []
    for _ in range(samples):
        now = adapt(now, load, scaling)
        found.append(now.acu)
    return found


@given(scalings, st.lists(loads, max_size=20), st.floats(0, 300))
def test_capacity_is_a_step_within_the_range_whatever_happens(
    scaling: Scaling, samples: list[Load], start: float
) -> None:
    now = Capacity(start)
    for load in samples:
        now = adapt(now, load, scaling)
        assert now.acu % 0.5 == 0
        assert max(0.5, scaling.least) <= now.acu <= scaling.most


@given(scalings, loads)
def test_a_steady_load_gets_what_it_needs_and_keeps_it(scaling: Scaling, load: Load) -> None:
    from_below = capacities(load, scaling, scaling.floor, 20)
    from_above = capacities(load, scaling, scaling.most, 60)
    assert from_below[-1] == from_above[-1] == needed(load, scaling)
    assert from_below == sorted(from_below)
    assert from_above == sorted(from_above, reverse=True)


@given(scalings, loads, loads)
def test_more_load_never_needs_less(scaling: Scaling, one: Load, other: Load) -> None:
    more = Load(
        max(one.running, other.running),
        max(one.cores, other.cores),
        max(one.statements, other.statements),
    )
    assert needed(more, scaling) >= needed(one, scaling)


@pytest.mark.parametrize(
    ("load", "acu"),
    [
        (IDLE, 0.5),
        (Load(running=1), 1.5),
        (Load(running=8), 11.5),
        (Load(running=100), 16),
        (Load(cores=0.05), 0.5),
        (Load(cores=1), 6),
        (Load(statements=350), 0.5),
        (Load(statements=7000), 10),
        (Load(running=1, cores=1, statements=7000), 10),
    ],
)
def test_what_a_load_needs(load: Load, acu: float) -> None:
    assert needed(load, COURSE) == acu


def test_up_it_doubles_with_each_sample() -> None:
    assert capacities(Load(running=100), COURSE, 0.5, 7) == [1, 2, 4, 8, 16, 16, 16]


def test_down_it_waits_for_three_calm_samples_and_goes_by_a_quarter() -> None:
    assert capacities(IDLE, COURSE, 8, 12) == [8, 8, 6, 4.5, 3, 2, 1.5, 1, 0.5, 0.5, 0.5, 0.5]


def test_a_busy_sample_begins_the_calm_anew() -> None:
    now = Capacity(8)
    for load in (IDLE, IDLE, Load(running=100), IDLE, IDLE):
        now = adapt(now, load, Scaling(0, 8, 300))
        assert now.acu == 8


def test_a_new_range_holds_from_the_next_sample() -> None:
    assert adapt(Capacity(0.5), IDLE, Scaling(4, 16)).acu == 4
    assert adapt(Capacity(16), Load(running=100), Scaling(0.5, 2)).acu == 2


def test_utilisation_is_of_the_maximum() -> None:
    assert utilisation(0, COURSE) == 0
    assert utilisation(4, COURSE) == 25
    assert utilisation(16, COURSE) == 100
