"""A database under a drill: who is asked to fail over, what is promised, and by which endpoints."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contract import Database, Endpoint
from verify.aws import Cloud
from verify.drill.clients import Client
from verify.errors import CannotRun


@dataclass(frozen=True)
class Promise:
    """How long writing may be interrupted, and who says so."""

    said: str
    limit_s: float


@dataclass(frozen=True)
class Member:
    """One server of a database."""

    identifier: str
    region: str


@dataclass(frozen=True)
class Event:
    """What the control plane says happened, by its own clock."""

    at: datetime
    source: str
    message: str


class Target(ABC):
    """A database under a drill."""

    promise: Promise
    moves = True
    """Whether another server under another name writes afterwards."""
    may_lose: str | None = None
    """Why acknowledged rows may be gone, ``None`` when they must not be."""

    @property
    def may_fork(self) -> str | None:
        """Why reads of one moment may disagree about rows' order, ``None`` when they must not."""
        return None

    has_ledger = True
    agreement: str | None = None
    """What its drill does beyond a failover, so that it is not drilled unless somebody says so."""
    spared: str | None = None
    """Why a fault to its writer is no drill of it, ``None`` when it is one."""

    def __init__(self, name: str, database: Database, cloud: Cloud, ca: str | None) -> None:
        self.name = name
        self.database = database
        self.cloud = cloud
        self.ca = ca

    @property
    def title(self) -> str:
        return self.name

    @property
    @abstractmethod
    def endpoints(self) -> Mapping[str, Endpoint]:
        """By the name that the history has for each; the one that writes is first."""

    @property
    def writer(self) -> str:
        return next(iter(self.endpoints))

    @abstractmethod
    def open(self, endpoint: Endpoint) -> Client:
        """A client's connection."""

    @abstractmethod
    def check(self) -> None:
        """`CannotRun` where nothing can be failed over. It changes nothing."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the place for the rows."""

    @abstractmethod
    def clean_up(self) -> None: ...

    @abstractmethod
    def member(self) -> Member:
        """The server that writes, as the control plane reports it."""

    @abstractmethod
    def fail_over(self, to: str | None) -> str:
        """Ask the control plane; what was asked, in words."""

    @abstractmethod
    def events(self, since: datetime) -> Sequence[Event]: ...


def no_choice(target: Target, to: str | None) -> None:
    """`CannotRun` when somebody chose who is to take over."""
    if to is not None:
        raise CannotRun(f"{target.name} fails over to whom AWS chooses; leave --to out")


def event_of(event: Mapping[str, Any]) -> Event:
    """An event as RDS and ElastiCache describe it."""
    return Event(event["Date"], event["SourceIdentifier"], event["Message"])
