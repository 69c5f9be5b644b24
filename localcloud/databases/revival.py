"""When to stop starting a server that keeps dying."""

from __future__ import annotations

import time
from collections import deque

DEATHS = 10
WITHIN_S = 30.0


class Revival:
    """Counts one server's deaths: one that keeps dying is left dead, so that somebody looks."""

    def __init__(self) -> None:
        self._deaths: deque[float] = deque(maxlen=DEATHS)

    def worth_it(self) -> bool:
        """Count one more death; ``False`` at the tenth within 30 s."""
        now = time.monotonic()
        self._deaths.append(now)
        return len(self._deaths) < DEATHS or now - self._deaths[0] >= WITHIN_S
