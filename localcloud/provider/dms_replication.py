"""DMS: tasks and replication configs, which are stopped before they are changed or deleted."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any

from localcloud.errors import DeployFailed
from localcloud.provider.dms import DmsKind
from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs

_STOP_S = 60.0
_POLL_S = 0.1
_ACTIVE = frozenset({"starting", "running", "stopping"})


class _Replication(DmsKind):
    starts: str
    """The property by which a deployment starts it."""

    @abstractmethod
    def status(self, resource: Resource) -> str: ...

    @abstractmethod
    def start(self, resource: Resource, how: str) -> None: ...

    @abstractmethod
    def stop(self, resource: Resource) -> None: ...

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = super().create(resource)
        if resource.inputs.get(self.starts):
            self.start(resource, "start-replication")
        return made

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        wanted = bool(resource.inputs.get(self.starts))
        settings = changed - {self.starts, "tags", "region"}
        if settings or (self.starts in changed and not wanted):
            self.stopped(resource)
        if settings:
            self.change(resource, settings)
        if wanted and self.status(resource) not in _ACTIVE:
            fresh = self.status(resource) in ("ready", "created")
            self.start(resource, "start-replication" if fresh else "resume-processing")
        self.retag(resource, old)

    @abstractmethod
    def change(self, resource: Resource, settings: frozenset[str]) -> None:
        """Change properties of one that is stopped."""

    def stopped(self, resource: Resource) -> None:
        """Stop it if it runs, and wait until it has."""
        if self.status(resource) in ("starting", "running"):
            self.stop(resource)
        end = time.monotonic() + _STOP_S
        while self.status(resource) in _ACTIVE:
            if time.monotonic() > end:
                raise DeployFailed(
                    f"{resource.inputs[self.identifier]} did not stop within {_STOP_S:.0f} s"
                )
            time.sleep(_POLL_S)


class ReplicationTask(_Replication):
    """aws.dms.ReplicationTask"""

    token = "aws:dms/replicationTask:ReplicationTask"
    names = {"replicationTaskId": "ReplicationTaskIdentifier"}
    ours = frozenset({"startReplicationTask"})
    replaced_by = frozenset(
        {"replicationInstanceArn", "replicationTaskId", "resourceIdentifier", "sourceEndpointArn",
         "targetEndpointArn"}
    )  # fmt: skip
    identified_by = ("replicationTaskId",)
    noun, method = "ReplicationTask", "replication_task"
    identifier, filter = "replicationTaskId", "replication-task-id"
    starts = "startReplicationTask"

    def outputs(self, found: Any) -> Outputs:
        return {"replicationTaskArn": found["ReplicationTaskArn"], "status": found["Status"]}

    def arn(self, resource: Resource) -> str:
        return str(self.find(resource)["ReplicationTaskArn"])

    def status(self, resource: Resource) -> str:
        return str(self.find(resource)["Status"])

    def start(self, resource: Resource, how: str) -> None:
        self.client(resource).start_replication_task(
            ReplicationTaskArn=self.arn(resource), StartReplicationTaskType=how
        )

    def stop(self, resource: Resource) -> None:
        self.client(resource).stop_replication_task(ReplicationTaskArn=self.arn(resource))

    def change(self, resource: Resource, settings: frozenset[str]) -> None:
        self.modify(resource, settings, ReplicationTaskArn=self.arn(resource))

    def delete(self, resource: Resource) -> None:
        self.stopped(resource)
        self.client(resource).delete_replication_task(ReplicationTaskArn=self.arn(resource))


class ReplicationConfig(_Replication):
    """aws.dms.ReplicationConfig"""

    token = "aws:dms/replicationConfig:ReplicationConfig"
    ours = frozenset({"startReplication"})
    replaced_by = frozenset({"replicationConfigIdentifier", "resourceIdentifier"})
    identified_by = ("replicationConfigIdentifier",)
    noun, method = "ReplicationConfig", "replication_config"
    identifier, filter = "replicationConfigIdentifier", "replication-config-id"
    starts = "startReplication"

    def outputs(self, found: Any) -> Outputs:
        return {"arn": found["ReplicationConfigArn"]}

    def arn(self, resource: Resource) -> str:
        return str(self.find(resource)["ReplicationConfigArn"])

    def status(self, resource: Resource) -> str:
        wanted = [{"Name": "replication-config-arn", "Values": [self.arn(resource)]}]
        found = self.client(resource).describe_replications(Filters=wanted)["Replications"]
        return str(found[0]["Status"])

    def start(self, resource: Resource, how: str) -> None:
        self.client(resource).start_replication(
            ReplicationConfigArn=self.arn(resource), StartReplicationType=how
        )

    def stop(self, resource: Resource) -> None:
        self.client(resource).stop_replication(ReplicationConfigArn=self.arn(resource))

    def change(self, resource: Resource, settings: frozenset[str]) -> None:
        self.modify(resource, settings, ReplicationConfigArn=self.arn(resource))

    def delete(self, resource: Resource) -> None:
        self.stopped(resource)
        self.client(resource).delete_replication_config(ReplicationConfigArn=self.arn(resource))
