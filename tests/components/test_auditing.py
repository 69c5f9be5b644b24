"""What databases tell auditors: audit logs, an activity stream, a cache's logs."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.program import run
from tests.components.ground import EAST_KEY
from tests.components.test_aurora_mysql import SPEC as AURORA
from tests.components.test_aurora_mysql import made
from tests.components.test_rds_mysql import SPEC as MYSQL
from tests.components.test_rds_mysql import made as made_instance
from tests.components.test_redis import made as made_cache
from tests.recorder import Recording, record
from tests.specs.test_migration import POSTGRES


def test_an_activity_stream_is_encrypted_with_our_key_and_waits_for_the_members() -> None:
    recording = made(activity_stream="async")
    stream = recording.named("db-activity")
    assert stream.type == "aws:rds/clusterActivityStream:ClusterActivityStream"
    assert stream.inputs == {
        "region": "us-east-1",
        "resourceArn": "arn:aws:rds:us-east-1:123456789012:cluster:myapp-aurora-cluster",
        "mode": "async",
        "kmsKeyId": EAST_KEY,
    }
    assert "db-member-myapp-aurora-a" in stream.depends_on


def test_an_audit_log_is_written_exported_and_kept_a_year() -> None:
    recording = made(audit_log={"queries": True})
    parameters = recording.named("db-parameters").inputs["parameters"]
    found = {p["name"]: p["value"] for p in parameters}
    assert found["server_audit_logging"] == "1"
    assert found["server_audit_events"] == "CONNECT,QUERY"
    exports = recording.named("db-cluster").inputs["enabledCloudwatchLogsExports"]
    assert exports == ["audit", "error", "slowquery"]
    assert recording.named("db-logs-audit").inputs["retentionInDays"] == 365
    assert recording.named("db-logs-error").inputs["retentionInDays"] == 30
    calm = made(audit_log={"keep_days": 90})
    assert calm.named("db-logs-audit").inputs["retentionInDays"] == 90
    quiet = calm.named("db-parameters").inputs["parameters"]
    assert "CONNECT,QUERY_DDL,QUERY_DCL" in [p["value"] for p in quiet]


@pytest.mark.parametrize(
    ("topology", "group"),
    [
        (MYSQL, "/aws/rds/instance/{}/audit"),
        (AURORA, "/aws/rds/cluster/{}/audit"),
        (POSTGRES, "/aws/rds/instance/{}/postgresql"),
    ],
)
def test_the_outputs_name_the_log_that_auditors_read(topology: dict[str, Any], group: str) -> None:
    identifier = topology["identifier"]
    for audit_log, wanted in (({"keep_days": 90}, group.format(identifier)), (None, None)):
        topologies = {"db": topology | ({"audit_log": audit_log} if audit_log else {})}
        config = {"aws:region": "us-east-1", "aws-databases:topologies": topologies}
        assert record(run, config).outputs["databases"]["db"].get("audit_log") == wanted


def test_a_caches_logs_go_to_groups_that_are_there_before() -> None:
    recording = made_cache(logs={"keep_days": 90})
    group = recording.named("cache-group")
    assert group.inputs["logDeliveryConfigurations"] == [
        {
            "destination": f"/aws/elasticache/myapp-redis-cache/{log}",
            "destinationType": "cloudwatch-logs",
            "logFormat": "json",
            "logType": log,
        }
        for log in ("slow-log", "engine-log")
    ]
    assert {"cache-logs-slow-log", "cache-logs-engine-log"} <= set(group.depends_on)
    assert recording.named("cache-logs-slow-log").inputs["retentionInDays"] == 90
    assert "logDeliveryConfigurations" not in made_cache().named("cache-group").inputs


def test_an_instance_of_mysql_has_the_audit_plugin_by_its_option_group() -> None:
    recording = made_instance(audit_log={"keep_days": 90})
    group = recording.named("db-options")
    assert (group.inputs["engineName"], group.inputs["majorEngineVersion"]) == ("mysql", "8.4")
    assert group.inputs["options"] == [
        {
            "optionName": "MARIADB_AUDIT_PLUGIN",
            "optionSettings": [
                {"name": "SERVER_AUDIT_EVENTS", "value": "CONNECT,QUERY_DDL,QUERY_DCL"}
            ],
        }
    ]
    instance = recording.named("db-instance").inputs
    assert instance["optionGroupName"] == "db-options-1a2b3c4"
    assert instance["enabledCloudwatchLogsExports"] == ["audit", "error", "slowquery"]
    assert recording.named("db-logs-audit").inputs["retentionInDays"] == 90


def made_postgres(**audit_log: Any) -> Recording:
    topologies = {"db": POSTGRES | {"audit_log": audit_log}}
    return record(run, {"aws:region": "us-east-1", "aws-databases:topologies": topologies})


@pytest.mark.parametrize(("queries", "logged"), [(False, "ddl,role"), (True, "all")])
def test_postgresql_loads_pgaudit_and_keeps_its_one_log_as_long(queries: bool, logged: str) -> None:
    recording = made_postgres(keep_days=90, queries=queries)
    assert recording.named("db-parameters").inputs["parameters"] == [
        {"name": "log_connections", "value": "1", "applyMethod": "immediate"},
        {"name": "log_disconnections", "value": "1", "applyMethod": "immediate"},
        {"name": "pgaudit.log", "value": logged, "applyMethod": "immediate"},
        {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"},
        # RDS refuses a static parameter that is to apply at once.
        {
            "name": "shared_preload_libraries",
            "value": "pg_stat_statements,pgaudit",
            "applyMethod": "pending-reboot",
        },
    ]
    instance = recording.named("db-instance")
    assert instance.inputs["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    # It is no option of PostgreSQL's.
    assert "optionGroupName" not in instance.inputs
    assert "db-logs-postgresql" in instance.depends_on
    assert recording.named("db-logs-postgresql").inputs["retentionInDays"] == 90
    assert recording.named("db-logs-upgrade").inputs["retentionInDays"] == 30
