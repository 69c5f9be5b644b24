"""What real servers write, in the groups of CloudWatch Logs that RDS delivers it to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import mysql.connector
import psycopg
import pytest

from localcloud import daemon
from localcloud.fleet import Address
from localcloud.servers.postgres_parameters import why_no_audit
from localcloud.site import Site
from localcloud.state_folder import daemon_pid
from tests.localcloud.fleet_site import ADMIN, kill, mysql_at, postgres_at, site
from tests.localcloud.front_site import client_of

__all__ = ["site"]
CHIEF = "chief"
"""PostgreSQL keeps admin for itself."""
INSTANCE = {
    "DBInstanceClass": "db.t4g.medium",
    "AllocatedStorage": 20,
    "MasterUserPassword": ADMIN.password,
}
MYSQL_LOGS = ["audit", "error", "general", "slowquery"]
EVENTS = "CONNECT,QUERY_DDL,QUERY_DCL"


@dataclass
class Ground:
    """An instance of MySQL, one of PostgreSQL, and a cluster of Aurora MySQL; all audit."""

    site: Site
    mysql: Address
    postgres: Address
    writer: Address

    def client(self, service: str) -> Any:
        return client_of(self.site.endpoint_url, service)

    def lines(self, group: str, *terms: str) -> list[str]:
        """The events of a group of /aws/rds that have every term."""
        wanted = " ".join(f'"{term}"' for term in terms)
        logs = self.client("logs").get_paginator("filter_log_events")
        pages = logs.paginate(logGroupName=f"/aws/rds/{group}", filterPattern=wanted)
        return [event["message"] for page in pages for event in page["events"]]

    def streams(self, group: str) -> list[str]:
        found = self.client("logs").describe_log_streams(logGroupName=f"/aws/rds/{group}")
        return [stream["logStreamName"] for stream in found["logStreams"]]


@pytest.fixture(scope="module")
def ground(site: Site) -> Iterator[Ground]:
    try:
        daemon.ensure_running(site, 60)
        yield _made(site)
    finally:
        daemon.stop(site)


def _parameters(values: dict[str, str]) -> list[dict[str, str]]:
    return [
        {
            "ParameterName": name,
            "ParameterValue": value,
            "ApplyMethod": "pending-reboot" if name.startswith("shared_") else "immediate",
        }
        for name, value in values.items()
    ]


def _made(site: Site) -> Ground:
    rds = client_of(site.endpoint_url, "rds")

    def group(name: str, family: str, values: dict[str, str]) -> str:
        rds.create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily=family, Description=name
        )
        rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=_parameters(values))
        return name

    def mysql_made() -> Address:
        rds.create_option_group(
            OptionGroupName="audited", EngineName="mysql", MajorEngineVersion="8.4",
            OptionGroupDescription="audited",
        )  # fmt: skip
        _include(rds)
        loud = {"log_output": "FILE", "long_query_time": "0.2", "slow_query_log": "1"}
        made = rds.create_db_instance(
            DBInstanceIdentifier="shop", Engine="mysql", EngineVersion="8.4", DBName="app",
            MasterUsername=CHIEF, OptionGroupName="audited",
            DBParameterGroupName=group("shop", "mysql8.4", loud),
            EnableCloudwatchLogsExports=MYSQL_LOGS, **INSTANCE,
        )["DBInstance"]["Endpoint"]  # fmt: skip
        return Address(made["Address"], made["Port"])

    def postgres_made() -> Address:
        audited = {
            "log_connections": "1", "log_min_duration_statement": "200", "pgaudit.log": "ddl,role",
            "shared_preload_libraries": "pg_stat_statements,pgaudit",
        }  # fmt: skip
        made = rds.create_db_instance(
            DBInstanceIdentifier="ledger", Engine="postgres", EngineVersion="17", DBName="app",
            MasterUsername=CHIEF, DBParameterGroupName=group("ledger", "postgres17", audited),
            EnableCloudwatchLogsExports=["postgresql", "upgrade"], **INSTANCE,
        )["DBInstance"]["Endpoint"]  # fmt: skip
        return Address(made["Address"], made["Port"])

    def aurora_made() -> Address:
        rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName="audited", DBParameterGroupFamily="aurora-mysql8.0",
            Description="audited",
        )  # fmt: skip
        rds.modify_db_cluster_parameter_group(
            DBClusterParameterGroupName="audited",
            Parameters=_parameters({"server_audit_events": EVENTS, "server_audit_logging": "1"}),
        )
        made = rds.create_db_cluster(
            DBClusterIdentifier="aurora", Engine="aurora-mysql", MasterUsername=CHIEF,
            MasterUserPassword=ADMIN.password, DBClusterParameterGroupName="audited",
            EnableCloudwatchLogsExports=["audit", "error"],
        )["DBCluster"]  # fmt: skip
        for name in ("aurora-a", "aurora-b"):
            rds.create_db_instance(
                DBInstanceIdentifier=name, DBClusterIdentifier="aurora", Engine="aurora-mysql",
                DBInstanceClass="db.r6g.large",
            )  # fmt: skip
        return Address(made["Endpoint"], made["Port"])

    with ThreadPoolExecutor(3) as pool:
        found = [pool.submit(make) for make in (mysql_made, postgres_made, aurora_made)]
        addresses = [each.result() for each in found]
    return Ground(site, *addresses)


def _include(rds: Any) -> None:
    settings = [{"Name": "SERVER_AUDIT_EVENTS", "Value": EVENTS}]
    rds.modify_option_group(
        OptionGroupName="audited",
        OptionsToInclude=[{"OptionName": "MARIADB_AUDIT_PLUGIN", "OptionSettings": settings}],
    )


def run(ground: Ground, address: Address, *statements: str) -> None:
    with mysql_at(ground.site, address, user=CHIEF) as cursor:
        for statement in statements:
            cursor.execute(statement)
            if cursor.with_rows:
                cursor.fetchall()


def refused(ground: Ground, address: Address) -> None:
    with (
        pytest.raises((mysql.connector.Error, psycopg.Error)),
        (mysql_at if address.port == 3306 else postgres_at)(
            ground.site, address, user=CHIEF, password="is-not-the-one"
        ),
    ):
        pass


AUDITED: dict[str, tuple[str, Callable[[Ground], Address]]] = {
    "shop": ("instance/shop/audit", lambda ground: ground.mysql),
    "aurora": ("cluster/aurora/audit", lambda ground: ground.writer),
}


@pytest.mark.parametrize("name", AUDITED)
def test_statements_and_logins_are_in_the_audit_log(ground: Ground, name: str) -> None:
    group, address = AUDITED[name][0], AUDITED[name][1](ground)
    run(ground, address, "CREATE DATABASE audited", "SELECT 'not asked for'")
    (line,) = ground.lines(group, "CREATE DATABASE audited")
    assert f",{CHIEF}," in line
    assert "QUERY" in line
    assert ground.lines(group, "not asked for") == []
    assert not ground.lines(group, "FAILED_CONNECT")
    refused(ground, address)
    (line,) = ground.lines(group, "FAILED_CONNECT")
    assert f",{CHIEF}," in line


def test_passwords_in_statements_are_masked(ground: Ground) -> None:
    run(ground, ground.mysql, "CREATE USER bob@'%' IDENTIFIED BY 'secret-of-bob'")
    (line,) = ground.lines("instance/shop/audit", "CREATE USER bob")
    assert "secret-of-bob" not in line


def test_each_member_of_a_cluster_has_a_stream(ground: Ground) -> None:
    run(ground, ground.writer, "CREATE DATABASE once")
    assert ground.streams("cluster/aurora/error") == ["aurora-a", "aurora-b"]
    found = ground.client("logs").filter_log_events(
        logGroupName="/aws/rds/cluster/aurora/audit",
        filterPattern='"CREATE DATABASE once"',
        logStreamNames=["aurora-a"],
    )["events"]
    assert len(found) == 1


def test_a_slow_statement_is_one_event(ground: Ground) -> None:
    run(ground, ground.mysql, "SELECT SLEEP(0.3), 'word of\nthe slow one'")
    (event,) = ground.lines("instance/shop/slowquery", "word of")
    assert event.startswith(("# Time: ", "# User@Host: "))
    assert "Query_time: 0.3" in event
    assert event.endswith("the slow one';")


def test_errors_are_there_from_the_first_start_on(ground: Ground) -> None:
    assert ground.lines("instance/shop/error", "ready for connections")


def test_the_general_log_is_there_when_a_parameter_switches_it_on(ground: Ground) -> None:
    run(ground, ground.mysql, "SELECT 'before it is on'")
    values = _parameters({"general_log": "1"})
    ground.client("rds").modify_db_parameter_group(DBParameterGroupName="shop", Parameters=values)
    run(ground, ground.mysql, "SELECT 'while it is on'")
    (line,) = ground.lines("instance/shop/general", "it is on")
    assert "while" in line
    # RDS's own user says nothing there: it sets passwords.
    assert ground.lines("instance/shop/general", "IDENTIFIED BY") == []


def test_times_are_those_of_the_lines(ground: Ground) -> None:
    before = int(time.time()) * 1000
    run(ground, ground.mysql, "CREATE DATABASE now")
    after = time.time() * 1000
    (event,) = ground.client("logs").filter_log_events(
        logGroupName="/aws/rds/instance/shop/audit",
        filterPattern='"CREATE DATABASE now"',
        startTime=before,
    )["events"]
    assert before <= event["timestamp"] <= after


def test_an_option_that_is_taken_away_and_given_back(ground: Ground) -> None:
    rds = ground.client("rds")
    rds.modify_option_group(OptionGroupName="audited", OptionsToRemove=["MARIADB_AUDIT_PLUGIN"])
    run(ground, ground.mysql, "CREATE DATABASE unseen")
    _include(rds)
    run(ground, ground.mysql, "CREATE DATABASE seen")
    assert ground.lines("instance/shop/audit", "unseen") == []
    assert len(ground.lines("instance/shop/audit", "CREATE DATABASE seen")) == 1


def test_an_instance_begins_to_audit_when_it_is_given_the_option_group(ground: Ground) -> None:
    rds = ground.client("rds")
    made = rds.create_db_instance(
        DBInstanceIdentifier="late", Engine="mysql", EngineVersion="8.4",
        MasterUsername=CHIEF, EnableCloudwatchLogsExports=["audit"], **INSTANCE,
    )["DBInstance"]["Endpoint"]  # fmt: skip
    late = Address(made["Address"], made["Port"])
    run(ground, late, "CREATE DATABASE unseen")
    assert ground.streams("instance/late/audit") == []
    rds.modify_db_instance(
        DBInstanceIdentifier="late", OptionGroupName="audited", ApplyImmediately=True
    )
    run(ground, late, "CREATE DATABASE seen")
    rds.reboot_db_instance(DBInstanceIdentifier="late")
    run(ground, late, "CREATE DATABASE later")
    found = ground.lines("instance/late/audit", "CREATE DATABASE")
    assert [line.split("CREATE DATABASE ")[1].split("'")[0] for line in found] == ["seen", "later"]
    rds.delete_db_instance(DBInstanceIdentifier="late", SkipFinalSnapshot=True)
    assert ground.lines("instance/late/audit", "CREATE DATABASE") == found


def test_the_audit_goes_on_when_server_and_endpoint_were_killed(ground: Ground) -> None:
    run(ground, ground.mysql, "CREATE DATABASE earlier")
    owner = daemon_pid(ground.site)
    assert owner is not None
    kill(owner)
    kill(json.loads((ground.site.run_dir / "mariadb.us-east-1.shop.process").read_text())["pid"])
    daemon.ensure_running(ground.site, 60)
    run(ground, ground.mysql, "CREATE DATABASE afterwards")
    for word in ("earlier", "afterwards"):
        assert len(ground.lines("instance/shop/audit", f"CREATE DATABASE {word}")) == 1


needs_pgaudit = pytest.mark.skipif(why_no_audit() is not None, reason=str(why_no_audit()))


@needs_pgaudit
def test_postgresql_audits_with_pgaudit_into_its_one_log(ground: Ground) -> None:
    group = "instance/ledger/postgresql"
    with postgres_at(ground.site, ground.postgres, user=CHIEF, dbname="app") as connection:
        connection.execute("CREATE TABLE audited (id INT)")
        connection.execute("SELECT 'not asked for'")
        connection.execute("SELECT pg_sleep(0.3), 'a slow one'")
    (line,) = ground.lines(group, "CREATE TABLE audited")
    assert f":{CHIEF}@app:" in line
    assert "AUDIT: SESSION" in line
    assert ground.lines(group, "not asked for") == []
    assert len(ground.lines(group, "duration:", "a slow one")) == 1
    refused(ground, ground.postgres)
    assert ground.lines(group, f'password authentication failed for user \\"{CHIEF}\\"')
    assert ground.streams(group) == ["ledger.0"]


@needs_pgaudit
def test_pgaudit_waits_for_a_reboot_as_every_static_parameter(ground: Ground) -> None:
    rds = ground.client("rds")

    def libraries(value: str) -> str:
        rds.modify_db_parameter_group(
            DBParameterGroupName="ledger",
            Parameters=_parameters({"shared_preload_libraries": value}),
        )
        with postgres_at(ground.site, ground.postgres, user=CHIEF) as connection:
            return str(connection.execute("SHOW shared_preload_libraries").fetchone()[0])

    both = "pg_stat_statements,pgaudit"
    assert libraries("pg_stat_statements") == both
    rds.reboot_db_instance(DBInstanceIdentifier="ledger")
    assert libraries(both) == "pg_stat_statements"
    # What this machine does not have is passed over.
    rds.reboot_db_instance(DBInstanceIdentifier="ledger")
    assert libraries(f"{both},pg_cron") == both
