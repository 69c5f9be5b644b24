"""How far behind a copy was, as facts: printed, drawn and kept as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from verify.fitting import percentile

Points = tuple[tuple[float, float], ...]
"""Seconds since measuring began, and milliseconds."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Phase(_Frozen):
    """A copy's lag while something was going on, in milliseconds."""

    name: str
    began_s: float
    ended_s: float
    beats: int
    p50_ms: float
    p95_ms: float
    max_ms: float

    @classmethod
    def of(cls, name: str, began_s: float, ended_s: float, lags_ms: Sequence[float]) -> Phase:
        """The facts of the lags of all heartbeats of a phase; they must not be empty."""
        return cls(
            name=name,
            began_s=began_s,
            ended_s=ended_s,
            beats=len(lags_ms),
            p50_ms=percentile(lags_ms, 50),
            p95_ms=percentile(lags_ms, 95),
            max_ms=max(lags_ms),
        )

    def __str__(self) -> str:
        times = f"p50 {self.p50_ms:.1f} ms, p95 {self.p95_ms:.1f} ms, max {self.max_ms:.1f} ms"
        return f"{self.beats} heartbeats, {times}"


class CopyLag(_Frozen):
    """What was measured at one replica, reader or secondary, and what CloudWatch says of it."""

    copy_name: str
    region: str
    metric: str
    """CloudWatch's, in ``unit``."""
    unit: str
    phases: tuple[Phase, ...] = ()
    points: Points = ()
    reported: Points = ()
    """CloudWatch's readings; one below nought says that nothing is replicated."""
    alarm: str | None = None
    """The alarm that goes off first, ``None`` where nothing watches the lag."""
    threshold_ms: float | None = None


def in_words(ms: float) -> str:
    """Milliseconds, or seconds where there are as many."""
    return f"{ms / 1000:g} s" if ms >= 1000 else f"{ms:g} ms"
