"""The exercise's run as a replication of DMS Serverless."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verify.deadline import Deadline
from verify.errors import NotApplicable, StepFailed
from verify.migration_run import ABSENT, MAPPINGS, SETTINGS, Deployed, Run


class ServerlessRun(Run):
    """By a replication config, which has capacity while it runs."""

    def _find_deployed(self) -> Deployed:
        found = self._config("replication-config-arn", self._migration.arn)
        if found is None:
            raise StepFailed(f"DMS knows no replication config {self._migration.arn}")
        changes = found["ReplicationType"] != "full-load"
        return Deployed(found, found["ReplicationConfigIdentifier"], changes)

    def _config(self, name: str, value: str) -> Mapping[str, Any] | None:
        wanted = [{"Name": name, "Values": [value]}]
        answer = self.ask("describe_replication_configs", ABSENT, Filters=wanted)
        return answer["ReplicationConfigs"][0] if answer and answer["ReplicationConfigs"] else None

    def find(self) -> Mapping[str, Any] | None:
        config = self._config("replication-config-id", self.identifier)
        if config is None:
            return None
        wanted = [{"Name": "replication-config-arn", "Values": [config["ReplicationConfigArn"]]}]
        answer = self.ask("describe_replications", ABSENT, Filters=wanted)
        return answer["Replications"][0] if answer and answer["Replications"] else None

    def create(self) -> None:
        self.ask(
            "create_replication_config",
            ReplicationConfigIdentifier=self.identifier,
            SourceEndpointArn=self.deployed.source,
            TargetEndpointArn=self.deployed.target,
            ComputeConfig=self.deployed.facts["ComputeConfig"],
            ReplicationType=self._type,
            TableMappings=MAPPINGS,
            ReplicationSettings=SETTINGS,
        )

    def start(self) -> None:
        self.ask(
            "start_replication",
            ReplicationConfigArn=self._arn(self.need()),
            StartReplicationType="start-replication",
        )

    def _stop(self, arn: str) -> None:
        self.ask("stop_replication", ReplicationConfigArn=arn)

    def _delete(self, arn: str) -> None:
        self.ask("delete_replication_config", ReplicationConfigArn=arn)

    def _arn(self, found: Mapping[str, Any]) -> str:
        return str(found["ReplicationConfigArn"])

    def statistics(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        counted: Mapping[str, Any] = found.get("ReplicationStats") or {}
        return counted

    def table_statistics(self) -> list[Mapping[str, Any]]:
        arn = self._arn(self.need())
        answer = self.ask("describe_replication_table_statistics", ReplicationConfigArn=arn)
        return list(answer["ReplicationTableStatistics"])

    def test_connections(self, deadline: Deadline) -> str:
        raise NotApplicable("DMS Serverless tests its connections when it starts")
