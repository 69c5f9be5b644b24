"""A migration that the exercise runs itself, over what the stack has deployed.

Never the stack's own task: to start it would begin a migration that nobody asked for.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract import Migration
from verify.aws import Cloud
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, StepFailed
from verify.migration_rows import SCHEMA

ABSENT = frozenset({"ResourceNotFoundFault"})
POLL_S = 0.05
_OVER = frozenset({"stopped", "failed"})
_IDLE = frozenset({"ready", "created", "stopped", "failed"})
MAPPINGS = json.dumps(
    {
        "rules": [
            {
                "rule-type": "selection",
                "rule-id": "1",
                "rule-name": "1",
                "object-locator": {"schema-name": SCHEMA, "table-name": "%"},
                "rule-action": "include",
                "filters": [],
            }
        ]
    }
)
SETTINGS = json.dumps({"FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"}})


@dataclass(frozen=True)
class Deployed:
    """What AWS reports of the stack's task or config: ``facts`` in its own member names."""

    facts: Mapping[str, Any]
    identifier: str
    follows_changes: bool

    @property
    def source(self) -> str:
        return str(self.facts["SourceEndpointArn"])

    @property
    def target(self) -> str:
        return str(self.facts["TargetEndpointArn"])


class Run(ABC):
    """One task or replication of the exercise, driven through the API."""

    def __init__(self, cloud: Cloud, region: str, migration: Migration) -> None:
        self._cloud = cloud
        self._region = region
        self._migration = migration
        self._deployed: Deployed | None = None

    def ask(self, operation: str, absent: frozenset[str] = frozenset(), **arguments: Any) -> Any:
        return self._cloud.ask("dms", self._region, operation, absent, **arguments)

    @property
    def deployed(self) -> Deployed:
        """The stack's own; `StepFailed` when DMS does not know it."""
        if self._deployed is None:
            self._deployed = self._find_deployed()
        return self._deployed

    @property
    def identifier(self) -> str:
        return f"{self.deployed.identifier}-verify"

    @property
    def _type(self) -> str:
        return "full-load-and-cdc" if self.deployed.follows_changes else "full-load"

    @abstractmethod
    def _find_deployed(self) -> Deployed: ...

    @abstractmethod
    def find(self) -> Mapping[str, Any] | None:
        """The exercise's own as the API describes it, ``None`` when there is none."""

    @abstractmethod
    def create(self) -> None: ...

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def _stop(self, arn: str) -> None: ...

    @abstractmethod
    def _delete(self, arn: str) -> None: ...

    @abstractmethod
    def _arn(self, found: Mapping[str, Any]) -> str: ...

    @abstractmethod
    def statistics(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """Counts of tables and times of the load."""

    @abstractmethod
    def table_statistics(self) -> list[Mapping[str, Any]]: ...

    @abstractmethod
    def test_connections(self, deadline: Deadline) -> str:
        """Prove that both endpoints can be logged in to."""

    def endpoints(self) -> list[Mapping[str, Any]]:
        """Source and target endpoint as DMS reports them."""
        wanted = [{"Name": "endpoint-arn", "Values": [self.deployed.source, self.deployed.target]}]
        return list(self.ask("describe_endpoints", Filters=wanted)["Endpoints"])

    def need(self) -> Mapping[str, Any]:
        """As `find`; `StepFailed` when it is gone or DMS says that it has failed."""
        found = self.find()
        if found is None:
            raise StepFailed(f"DMS does not know {self.identifier!r} any more")
        if found["Status"] == "failed":
            raise StepFailed(f"DMS says that it failed: {_why(found)}")
        return found

    def wait_until_created(self, deadline: Deadline) -> None:
        self._wait(deadline, _IDLE, "is not ready")

    def wait_until_loaded(self, deadline: Deadline) -> Mapping[str, Any]:
        """Wait for the end of the full load; what DMS counted."""
        while True:
            found = self.need()
            counted = self.statistics(found)
            if counted.get("FullLoadFinishDate") is not None:
                return counted
            if deadline.expired:
                said = f"status {found['Status']}, {counted.get('TablesLoaded', 0)} tables loaded"
                raise DeadlineExceeded(f"the full load did not end in time: {said}")
            time.sleep(POLL_S)

    def stop(self, deadline: Deadline) -> str:
        """Stop it; DMS's reason for the end."""
        found = self.need()
        if found["Status"] not in _OVER:
            self._stop(self._arn(found))
            found = self._wait(deadline, _OVER, "did not stop")
        return str(found.get("StopReason", "no reason given"))

    def remove(self, deadline: Deadline) -> bool:
        """Stop and delete what an earlier run has left; whether there was anything."""
        found = self.find()
        if found is None:
            return False
        if found["Status"] not in _IDLE:
            self._stop(self._arn(found))
            self._wait(deadline, _IDLE, "did not stop")
        self._delete(self._arn(found))
        while self.find() is not None:
            if deadline.expired:
                raise DeadlineExceeded(f"{self.identifier!r} was not deleted in time")
            time.sleep(POLL_S)
        return True

    def _wait(
        self, deadline: Deadline, wanted: frozenset[str], otherwise: str
    ) -> Mapping[str, Any]:
        while True:
            found = self.find()
            status = None if found is None else found["Status"]
            if found is not None and status in wanted:
                return found
            if deadline.expired:
                raise DeadlineExceeded(f"{self.identifier!r} {otherwise} in time; it is {status}")
            time.sleep(POLL_S)


def _why(found: Mapping[str, Any]) -> str:
    messages = [found.get("LastFailureMessage"), *(found.get("FailureMessages") or ())]
    return "; ".join(filter(None, messages)) or str(found.get("StopReason", "no reason given"))
