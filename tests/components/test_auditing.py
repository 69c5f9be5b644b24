"""What an Aurora cluster tells auditors: its audit log and its activity stream."""

from __future__ import annotations

from tests.components.ground import EAST_KEY
from tests.components.test_aurora_mysql import made


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
    assert "db-member-myapp-aurora-writer" in stream.depends_on


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
