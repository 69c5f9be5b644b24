"""What other clients noticed of a failover. Pure functions; times in s since the drill's start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verify.audit.history import Frozen
from verify.drill.measure import QUIET_S, Outage, outage


@dataclass(frozen=True)
class Answer:
    """A read came back, from whom."""

    at: float
    server: str
    writable: bool


@dataclass(frozen=True)
class Failure:
    """A read, or a connection for it, ended with an error."""

    at: float
    error: str
    """Its class."""
    said: str


@dataclass(frozen=True)
class Observed:
    """Everything one client met."""

    client: str
    how: str
    absent: str | None = None
    """Why it was not there, a sentence's end."""
    answers: tuple[Answer, ...] = ()
    failures: tuple[Failure, ...] = ()


class Compared(Frozen):
    """What one client made of a failover."""

    client: str
    how: str
    """The driver, and how it was told to wait."""
    absent: str | None = None
    silence: Outage | None = None
    """The longest, from the last answer before it to the first after it or to the drill's end."""
    noticed_by: str | None = None
    """The class of the first error in that silence, ``None`` when it met none."""
    noticed_after_s: float | None = None
    """How long it had been silent by then."""
    said: str | None = None
    ended_on: str | None = None
    """The server that answered last."""
    ended_on_reader: bool = False
    still_silent: bool = False
    """No answer came in the drill's last second, and no more was waited for."""

    @property
    def silent(self) -> str:
        """The silence in words."""
        if self.silence is None:
            return "unknown"
        return f"{self.silence.seconds:.3f} s{', and still is' if self.still_silent else ''}"

    @property
    def noticed(self) -> str:
        """How it noticed, in words."""
        if self.noticed_by is not None:
            return f"after {self.noticed_after_s:.3f} s by {self.noticed_by}: {self.said}"
        if self.silence is None or self.silence.seconds <= QUIET_S:
            return "no error"
        return f"nothing at all for {self.silence.seconds:.1f} s"

    @property
    def ended(self) -> str:
        """Whom it ended on, in words."""
        server = self.ended_on or "nobody"
        said = f"{server}, which only reads" if self.ended_on_reader else server
        return f"nobody; the last was {said}" if self.still_silent else said


def compare(found: Observed, triggered_at: float, ended_at: float) -> Compared:
    """What a client met between the trigger and the moment when it was watched no more."""
    answers = [each for each in found.answers if each.at <= ended_at]
    facts = Compared(client=found.client, how=found.how, absent=found.absent)
    silence = outage([each.at for each in answers], triggered_at, ended_at)
    if found.absent is not None or silence is None:
        return facts
    last = max(answers, key=lambda each: each.at)
    met = _first(found.failures, silence)
    return facts.model_copy(
        update={
            "silence": silence,
            "noticed_by": met.error if met else None,
            "noticed_after_s": met.at - silence.began_at if met else None,
            "said": met.said if met else None,
            "ended_on": last.server,
            "ended_on_reader": not last.writable,
            "still_silent": ended_at - last.at > QUIET_S,
        }
    )


def _first(failures: Sequence[Failure], silence: Outage) -> Failure | None:
    met = [each for each in failures if silence.began_at <= each.at <= silence.ended_at]
    return min(met, key=lambda each: each.at, default=None)


def comparison_lines(found: Sequence[Compared]) -> list[str]:
    """Each client in lines for a terminal; none where nothing was compared."""
    if not found:
        return []
    lines = ["compared        clients that read where the writers write"]
    for each in found:
        if each.absent is not None:
            lines.append(f"  {each.client:<13} not compared: {each.absent}")
            continue
        lines += [
            f"  {each.client:<13} {each.how}",
            f"{'':<15} silent {each.silent}",
            f"{'':<15} noticed {each.noticed}",
            f"{'':<15} ends on {each.ended}",
        ]
    return lines
