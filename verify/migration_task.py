"""The exercise's run as a task on the stack's replication instance."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, StepFailed
from verify.migration_run import ABSENT, MAPPINGS, POLL_S, SETTINGS, Deployed, Run


class TaskRun(Run):
    """On a replication instance."""

    def _find_deployed(self) -> Deployed:
        found = self._describe("replication-task-arn", self._migration.arn)
        if found is None:
            raise StepFailed(f"DMS knows no task {self._migration.arn}")
        changes = found["MigrationType"] != "full-load"
        return Deployed(found, found["ReplicationTaskIdentifier"], changes)

    def _describe(self, name: str, value: str) -> Mapping[str, Any] | None:
        wanted = [{"Name": name, "Values": [value]}]
        answer = self.ask("describe_replication_tasks", ABSENT, Filters=wanted)
        return answer["ReplicationTasks"][0] if answer and answer["ReplicationTasks"] else None

    def find(self) -> Mapping[str, Any] | None:
        return self._describe("replication-task-id", self.identifier)

    def create(self) -> None:
        facts = self.deployed.facts
        self.ask(
            "create_replication_task",
            ReplicationTaskIdentifier=self.identifier,
            SourceEndpointArn=self.deployed.source,
            TargetEndpointArn=self.deployed.target,
            ReplicationInstanceArn=facts["ReplicationInstanceArn"],
            MigrationType=self._type,
            TableMappings=MAPPINGS,
            ReplicationTaskSettings=SETTINGS,
        )

    def start(self) -> None:
        self.ask(
            "start_replication_task",
            ReplicationTaskArn=self._arn(self.need()),
            StartReplicationTaskType="start-replication",
        )

    def _stop(self, arn: str) -> None:
        self.ask("stop_replication_task", ReplicationTaskArn=arn)

    def _delete(self, arn: str) -> None:
        self.ask("delete_replication_task", ReplicationTaskArn=arn)

    def _arn(self, found: Mapping[str, Any]) -> str:
        return str(found["ReplicationTaskArn"])

    def statistics(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        counted: Mapping[str, Any] = found.get("ReplicationTaskStats") or {}
        return counted

    def table_statistics(self) -> list[Mapping[str, Any]]:
        arn = self._arn(self.need())
        answer = self.ask("describe_table_statistics", ReplicationTaskArn=arn)
        return list(answer["TableStatistics"])

    def test_connections(self, deadline: Deadline) -> str:
        instance = self.deployed.facts["ReplicationInstanceArn"]
        for endpoint in (self.deployed.source, self.deployed.target):
            self.ask("test_connection", ReplicationInstanceArn=instance, EndpointArn=endpoint)
        for endpoint in (self.deployed.source, self.deployed.target):
            self._wait_for_connection(instance, endpoint, deadline)
        return "source and target answer"

    def _wait_for_connection(self, instance: str, endpoint: str, deadline: Deadline) -> None:
        wanted = [
            {"Name": "endpoint-arn", "Values": [endpoint]},
            {"Name": "replication-instance-arn", "Values": [instance]},
        ]
        while True:
            (found,) = self.ask("describe_connections", Filters=wanted)["Connections"]
            if found["Status"] == "successful":
                return
            if found["Status"] == "failed":
                raise StepFailed(
                    f"{found['EndpointIdentifier']}: {found.get('LastFailureMessage', 'failed')}"
                )
            if deadline.expired:
                raise DeadlineExceeded(
                    f"the connection of {found['EndpointIdentifier']} is {found['Status']}"
                )
            time.sleep(POLL_S)
