"""The histogram against the sorted values themselves."""

from __future__ import annotations

import math
import random

import pytest

from verify.performance.histogram import Histogram


def filled(values: list[int]) -> Histogram:
    found = Histogram()
    for value in values:
        found.record(value * 1000)
    return found


@pytest.mark.parametrize("percent", [0.1, 50, 90, 99, 99.9, 100])
def test_percentiles_are_those_of_the_sorted_values(percent: float) -> None:
    random.seed(7)
    values = sorted(int(random.lognormvariate(7, 2)) for _ in range(5000))
    exact = values[math.ceil(len(values) * percent / 100) - 1]
    found = filled(values).percentile(percent)
    assert exact <= found <= exact * 1.001 + 1


@pytest.mark.parametrize("value", [0, 1, 2047, 2048, 4095, 4096, 123_456_789])
def test_a_single_value_is_found_again(value: int) -> None:
    found = filled([value])
    assert found.percentile(50) == value == found.max_us == round(found.mean_us)


def test_histograms_of_processes_add_up() -> None:
    one, other = filled([1, 2, 3]), filled([1000, 5000])
    one.add([other])
    assert (one.count, one.max_us, one.percentile(50)) == (5, 5000, 3)
    assert sum(count for _, count in one.bars()) == 5


def test_nothing_recorded_is_nothing() -> None:
    empty = Histogram()
    assert (empty.count, empty.percentile(99), empty.mean_us, list(empty.bars())) == (0, 0, 0.0, [])
