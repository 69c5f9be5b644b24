"""When to stop starting a server that dies as soon as it runs."""

from __future__ import annotations

import time

QUICK_S = 1.0
QUICK_DEATHS = 10


class Revival:
    """Counts one server's deaths in a row, each soon after the one before.

    Somebody who kills servers to see what happens takes more time between two kills.
    """

    def __init__(self) -> None:
        self._quick = 0
        self._last = float("-inf")

    def worth_it(self, now: float | None = None) -> bool:
        """Count one more death at ``now`` (monotonic seconds); ``False`` at the tenth quick one."""
        now = time.monotonic() if now is None else now
        self._quick = self._quick + 1 if now - self._last < QUICK_S else 0
        self._last = now
        return self._quick < QUICK_DEATHS
