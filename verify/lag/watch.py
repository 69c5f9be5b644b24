"""Heartbeats written in their time, and awaited at every copy at once.

A heartbeat carries the source's clock. How far that is from ours follows from when each was sent
and acknowledged, so that a lag is the time from the source's own moment to the row being seen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from verify.errors import DeadlineExceeded, StepFailed, VerifyError
from verify.heartbeats import Beat

PERIOD_S = 0.05
"""Between two heartbeats: twenty a second."""
_SOONEST_S, _LATEST_S = 0.0005, 0.05
"""Between two looks at a copy, which grow with what it is behind: a twentieth of that."""


class Arrivals(Protocol):
    """The heartbeats that a copy has."""

    def after(self, beat: int) -> list[Beat]:
        """Those after ``beat``, in order."""


@dataclass
class Observed:
    """A phase: by heartbeat when it was asked for and acknowledged; by copy what arrived when."""

    sent: dict[int, tuple[float, float]] = field(default_factory=dict)
    arrived: dict[str, dict[int, tuple[float, float]]] = field(default_factory=dict)
    """The source's time in the heartbeat, and our time when it was seen."""
    failures: dict[str, VerifyError] = field(default_factory=dict)

    def lags(
        self, copy: str, resolution_s: float, beside: Collection[str] | None = None
    ) -> list[tuple[float, float]]:
        """Our time of each heartbeat that arrived, and by how many milliseconds it was late.

        ``beside`` are all copies of the same server, which stamped them; ``None``: every one.
        """
        ahead, _ = self.clock(resolution_s, beside)
        found = []
        for beat, (stamp, seen) in sorted(self.arrived[copy].items()):
            asked, answered = self.sent[beat]
            # A clock that is set meanwhile cannot say what was not so.
            at = min(max(stamp - ahead, asked), answered)
            found.append((at, 1000 * max(0.0, seen - at)))
        return found

    def clock(
        self, resolution_s: float, beside: Collection[str] | None = None
    ) -> tuple[float, float]:
        """By how much the clock of the source of ``beside`` is ahead of ours, and the error of
        that, in seconds.

        Each heartbeat was stamped between being asked for and acknowledged; all of them together
        leave little room.
        """
        least, most = [], []
        for copy in self.arrived if beside is None else beside:
            for beat, (stamp, _) in self.arrived.get(copy, {}).items():
                asked, answered = self.sent[beat]
                least.append(stamp - answered)
                most.append(stamp + resolution_s - asked)
        if not least:
            return 0.0, 0.0
        low, high = max(least), min(most)
        return (low + high) / 2, abs(high - low) / 2


def observe(
    write: Callable[[int], None],
    copies: Mapping[str, Arrivals],
    first: int,
    seconds: float,
    wait_s: float,
    check: Callable[[], None],
) -> Observed:
    """Write heartbeats from number ``first`` on for so long, and see them arrive.

    What a copy fails in is kept with it, what ``write`` or ``check`` raise is raised. Ends within
    ``seconds`` and three waits.
    """
    found = Observed(arrived={name: {} for name in copies})
    crew = _Crew(found, first, wait_s)
    threads = [
        threading.Thread(target=crew.watch, args=pair, name="lag", daemon=True)
        for pair in copies.items()
    ]
    for thread in threads:
        thread.start()
    try:
        began, beat = time.monotonic(), first
        while (due := began + (beat - first) * PERIOD_S) < began + seconds and crew.watching:
            time.sleep(max(0.0, due - time.monotonic()))
            check()
            crew.write(write, beat)
            beat += 1
    except BaseException:
        crew.give_up()
        raise
    finally:
        crew.end()
        # Each ends with its last heartbeat, or a wait after that, or within a wait for an answer.
        end = time.monotonic() + 2 * wait_s + 1
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
    for name, thread in zip(copies, threads, strict=True):
        if thread.is_alive():
            found.failures[name] = StepFailed(f"{name} is still not done with its last answer")
    return found


class _Crew:
    """The threads that look at the copies, and what they know of the one that writes."""

    def __init__(self, found: Observed, first: int, wait_s: float) -> None:
        self._found = found
        self._first = first
        self._wait_s = wait_s
        self._changed = threading.Condition()
        self._asked: dict[int, float] = {}
        self._last = first - 1
        self._over = False
        self._given_up = False

    @property
    def watching(self) -> bool:
        """Whether a copy is left to look at."""
        return len(self._found.failures) < len(self._found.arrived)

    def write(self, write: Callable[[int], None], beat: int) -> None:
        with self._changed:
            # Before it is acknowledged: a copy may have it by then.
            self._asked[beat] = asked = time.monotonic()
            self._last = beat
            self._changed.notify_all()
        write(beat)
        self._found.sent[beat] = (asked, time.monotonic())

    def end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def give_up(self) -> None:
        """What is not there by now is not waited for."""
        self._given_up = True

    def watch(self, name: str, copy: Arrivals) -> None:
        try:
            self._watch(name, copy)
        except VerifyError as error:
            self._found.failures[name] = error

    def _watch(self, name: str, copy: Arrivals) -> None:
        arrived, seen = self._found.arrived[name], self._first - 1
        while self._more(seen):
            beats = copy.after(seen)
            now = time.monotonic()
            for beat, stamp in beats:
                # One that overtook others was there a look ago.
                arrived.setdefault(beat, (stamp, now))
            while seen + 1 in arrived:
                seen += 1
            late = now - self._asked.get(seen + 1, now)
            if late > self._wait_s:
                raise DeadlineExceeded(
                    f"a heartbeat did not reach {name} within {self._wait_s:g} s: it does not "
                    "replicate, or lags behind"
                )
            if late > 0:
                time.sleep(min(max(_SOONEST_S, late / 20), _LATEST_S))

    def _more(self, seen: int) -> bool:
        """Wait for a heartbeat to look for; false when there is none to come."""
        with self._changed:
            while self._last <= seen and not self._over:
                self._changed.wait()
            return self._last > seen and not self._given_up
