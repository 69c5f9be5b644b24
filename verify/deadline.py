"""Monotonic deadlines: made once, passed down, never armed again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from verify.errors import DeadlineExceeded

Clock = Callable[[], float]


class Deadline:
    """A moment on the monotonic clock, `seconds` from now."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - self._clock())

    @property
    def expired(self) -> bool:
        return self.left == 0.0

    def wait(self) -> float:
        """Seconds a call may still wait, more than 0; `DeadlineExceeded` when none are left."""
        left = self.left
        if not left:
            raise DeadlineExceeded(f"the time limit of {self._seconds:g} s is over")
        return left

    def whole_seconds(self) -> int:
        """`wait` for drivers that take whole seconds: rounded up, at least 1."""
        return max(1, math.ceil(self.wait()))

    def within(self, seconds: float) -> Deadline:
        """The earlier of this deadline and one `seconds` from now."""
        return Deadline(min(seconds, self.wait()), self._clock)
