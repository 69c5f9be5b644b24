"""The audit logs of real servers, found in CloudWatch Logs; and servers that do not audit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.servers.postgres_parameters import why_no_audit
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.engines import as_administrator
from verify.audit_log import LOGIN, STATEMENT

GROUPS = {
    "mysql": "/aws/rds/instance/source/audit",
    "wiki": "/aws/rds/instance/wiki/audit",
    "aurora": "/aws/rds/cluster/cluster/audit",
    "ledger": "/aws/rds/instance/ledger/postgresql",
}
EVENTS = "CONNECT,QUERY_DDL,QUERY_DCL"
OPTION = {
    "OptionName": "MARIADB_AUDIT_PLUGIN",
    "OptionSettings": [{"Name": "SERVER_AUDIT_EVENTS", "Value": EVENTS}],
}
LOGGING = {"server_audit_events": EVENTS, "server_audit_logging": "1"}
PGAUDIT = {"pgaudit.log": "ddl,role", "shared_preload_libraries": "pgaudit"}


@pytest.fixture(scope="module")
def audited(cloud: TestCloud, engines: dict[str, Any]) -> Iterator[None]:
    """The session's databases audit while this file's tests run."""
    rds = cloud.client("rds")
    for name, engine, version in (("source", "mysql", "8.4"), ("wiki", "mariadb", "11.4")):
        rds.create_option_group(
            OptionGroupName=name, EngineName=engine, MajorEngineVersion=version,
            OptionGroupDescription="audited",
        )  # fmt: skip
        rds.modify_option_group(OptionGroupName=name, OptionsToInclude=[OPTION])
        rds.modify_db_instance(DBInstanceIdentifier=name, OptionGroupName=name)
        _export(rds, "instance", name, "audit")
    _set(rds, "cluster", "tls", LOGGING)
    _export(rds, "cluster", "cluster", "audit")
    _set(rds, "instance", "ledger", PGAUDIT)
    _export(rds, "instance", "ledger", "postgresql")
    rds.reboot_db_instance(DBInstanceIdentifier="ledger")
    yield
    for name in ("source", "wiki"):
        rds.modify_option_group(OptionGroupName=name, OptionsToRemove=[OPTION["OptionName"]])
    _set(rds, "cluster", "tls", {"server_audit_logging": "0"})
    _set(rds, "instance", "ledger", {"pgaudit.log": "none"})


def _export(rds: Any, kind: str, name: str, log: str) -> None:
    wanted = {"CloudwatchLogsExportConfiguration": {"EnableLogTypes": [log]}}
    if kind == "cluster":
        rds.modify_db_cluster(DBClusterIdentifier=name, ApplyImmediately=True, **wanted)
    else:
        rds.modify_db_instance(DBInstanceIdentifier=name, **wanted)


def _set(rds: Any, kind: str, group: str, values: dict[str, str]) -> None:
    parameters = [
        {
            "ParameterName": name,
            "ParameterValue": value,
            "ApplyMethod": "pending-reboot" if name.startswith("shared_") else "immediate",
        }
        for name, value in values.items()
    ]
    if kind == "cluster":
        rds.modify_db_cluster_parameter_group(
            DBClusterParameterGroupName=group, Parameters=parameters
        )
    else:
        rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=parameters)


@pytest.fixture
def outputs(verify: Verify, engines: dict[str, Any], audited: None) -> Verify:
    """A stack whose outputs name the logs."""
    verify.add(engines)
    for name, group in GROUPS.items():
        verify.databases[name] = verify.databases[name] | {"audit_log": group}
    return verify


needs_pgaudit = pytest.mark.skipif(why_no_audit() is not None, reason=str(why_no_audit()))


@pytest.mark.parametrize(
    "name", ["mysql", "wiki", "aurora", pytest.param("ledger", marks=needs_pgaudit)]
)
def test_its_own_change_and_its_own_failed_login_are_shown(outputs: Verify, name: str) -> None:
    for _ in range(2):
        done = outputs(name, exercises=("security",))
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        said = done.step(STATEMENT)[1]
        assert "notes" in said
        assert "verify_" in said
        assert ("AUDIT: SESSION" if name == "ledger" else ",QUERY,") in said
        failed = done.step(LOGIN)[1]
        assert ("authentication failed" if name == "ledger" else "FAILED_CONNECT") in failed


def test_no_password_is_in_what_is_shown(outputs: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("security", "audit_log"):
        monkeypatch.setattr(f"verify.{module}.password", lambda: "aA1-the-password-of-a-user")
    done = outputs("mysql", exercises=("security",))
    assert done.step(LOGIN)[0] == "passed"
    assert "the-password-of-a-user" not in done.out + done.err + outputs.json.read_text()


def test_a_server_that_was_told_to_stop_auditing_fails(outputs: Verify, cloud: TestCloud) -> None:
    host = outputs.endpoint("mysql", "writer")["host"]
    cloud.as_administrator(host, "SET GLOBAL server_audit_logging = 0")
    try:
        done = outputs("mysql", exercises=("security",))
    finally:
        cloud.as_administrator(host, "SET GLOBAL server_audit_logging = 1")
    assert done.code == 1
    assert list(done.failed) == [STATEMENT]
    assert "has no line with 'verify_" in done.failed[STATEMENT]
    assert "does the server audit" in done.failed[STATEMENT]
    assert done.step(LOGIN) == ("skipped", f"needs {STATEMENT!r}, which did not pass")


def test_a_server_that_does_not_audit_logins_fails(outputs: Verify, cloud: TestCloud) -> None:
    host = outputs.endpoint("mysql", "writer")["host"]
    cloud.as_administrator(host, "SET GLOBAL server_audit_events = 'QUERY_DDL'")
    try:
        done = outputs("mysql", exercises=("security",))
    finally:
        cloud.as_administrator(host, f"SET GLOBAL server_audit_events = '{EVENTS}'")
    assert list(done.failed) == [LOGIN]


@needs_pgaudit
def test_postgresql_that_audits_nothing_fails(outputs: Verify, cloud: TestCloud) -> None:
    host = outputs.endpoint("ledger", "writer")["host"]
    as_administrator(cloud, host, "ALTER SYSTEM SET pgaudit.log = 'none'")
    as_administrator(cloud, host, "SELECT pg_reload_conf()")
    try:
        done = outputs("ledger", exercises=("security",))
    finally:
        as_administrator(cloud, host, "ALTER SYSTEM RESET pgaudit.log")
        as_administrator(cloud, host, "SELECT pg_reload_conf()")
    assert list(done.failed) == [STATEMENT]


def test_a_log_that_is_delivered_no_more_fails(outputs: Verify, cloud: TestCloud) -> None:
    rds = cloud.client("rds")
    off = {"DisableLogTypes": ["audit"]}
    rds.modify_db_instance(DBInstanceIdentifier="wiki", CloudwatchLogsExportConfiguration=off)
    # Lines have whole seconds: this one's are still delivered.
    time.sleep(1.1)
    try:
        done = outputs("wiki", exercises=("security",))
    finally:
        _export(rds, "instance", "wiki", "audit")
    assert list(done.failed) == [STATEMENT]


def test_a_group_that_somebody_deleted_is_named(outputs: Verify) -> None:
    outputs.databases["mysql"]["audit_log"] = "/aws/rds/instance/source/none"
    done = outputs("mysql", exercises=("security",))
    assert "has no group /aws/rds/instance/source/none" in done.failed[STATEMENT]


def test_without_an_audit_log_there_is_nothing_to_find(verify: Verify) -> None:
    done = verify("mysql", exercises=("security",))
    assert done.code == 0
    status, said = done.step(STATEMENT)
    assert (status, said.startswith("its output names no audit log")) == ("skipped", True)
    assert LOGIN not in done.out


def test_servers_that_cannot_audit_are_passed_over_with_the_reason(verify: Verify) -> None:
    verify.databases["mysql"]["audit_log"] = GROUPS["mysql"]
    verify.record["access"]["lacks"] = {"mysql-audit": "nobody audits here"}
    done = verify("mysql", exercises=("security",))
    assert done.code == 0
    assert done.step(STATEMENT) == ("skipped", "nobody audits here")
