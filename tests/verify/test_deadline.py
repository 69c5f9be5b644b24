from __future__ import annotations

import pytest

from verify.deadline import Deadline
from verify.errors import DeadlineExceeded


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_runs_down_and_never_below_zero() -> None:
    clock = Clock()
    deadline = Deadline(5, clock)
    assert (deadline.left, deadline.expired) == (5, False)
    clock.now += 4.5
    assert deadline.wait() == 0.5
    clock.now += 10
    assert (deadline.left, deadline.expired) == (0, True)
    with pytest.raises(DeadlineExceeded, match=r"the time limit of 5 s is over"):
        deadline.wait()
    with pytest.raises(DeadlineExceeded):
        deadline.whole_seconds()


def test_whole_seconds_are_rounded_up_and_at_least_one() -> None:
    clock = Clock()
    deadline = Deadline(2.2, clock)
    assert deadline.whole_seconds() == 3
    clock.now += 2
    assert deadline.whole_seconds() == 1


def test_within_is_the_earlier_of_the_two() -> None:
    clock = Clock()
    outer = Deadline(5, clock)
    assert outer.within(2).left == 2
    assert outer.within(60).left == 5
    clock.now += 6
    with pytest.raises(DeadlineExceeded):
        outer.within(2)
