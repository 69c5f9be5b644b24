"""Oracle and SQL Server: what the API says is proven, that nobody serves them is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract import Deployment
from localcloud.engine.deploy import RECORDS, _record
from localcloud.engine.project import Project
from localcloud.servers.no_server import UNSERVED
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD, REGION
from verify.shell import main

CONNECT = "its endpoint takes a connection"
OPTIONS = "its options are in force"
SETTINGS = "settings as RDS reports them"


@pytest.fixture(scope="module")
def licensed(cloud: TestCloud) -> dict[str, Any]:
    rds = cloud.client("rds")
    group = {"OptionGroupName": "erp"}
    rds.create_option_group(
        **group, EngineName="oracle-ee", MajorEngineVersion="19", OptionGroupDescription="TDE"
    )
    rds.modify_option_group(**group, OptionsToInclude=[{"OptionName": "TDE"}])
    found = {}
    for name, kind, more in (
        ("erp", "rds-oracle", {"Engine": "oracle-ee", "DBName": "ERP", **group}),
        ("crm", "rds-sqlserver", {"Engine": "sqlserver-se"}),
    ):
        made = rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.m5.large",
            MasterUsername="admin",
            MasterUserPassword=PASSWORD,
            AllocatedStorage=20,
            StorageEncrypted=True,
            **more,
        )["DBInstance"]
        endpoint = made["Endpoint"]
        found[name] = {
            "kind": kind,
            "engine": made["Engine"],
            "version": made["EngineVersion"],
            "region": REGION,
            "endpoints": [
                {"role": "writer", "host": endpoint["Address"], "port": endpoint["Port"]}
            ],
            "database": made.get("DBName"),
            "user": "admin",
            "secret_arn": cloud.arns["mysql"],
            "instances": [name],
        }
    return found


@pytest.fixture
def verify(
    cloud: TestCloud,
    licensed: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Verify:
    record = cloud.record()
    record["outputs"]["databases"] = json.loads(json.dumps(licensed))
    record["access"]["unserved"] = dict(UNSERVED)
    return Verify(record, tmp_path, capsys)


def test_what_can_be_proven_is_and_the_rest_is_skipped_with_the_reason(verify: Verify) -> None:
    for _ in range(2):
        done = verify()
        assert done.code == 0, done.out + done.err
        assert [e["name"] for e in done.exercises] == ["oracle", "sqlserver"]
        assert not done.failed
    oracle = verify("oracle")
    assert oracle.step(CONNECT) == ("skipped", "no local engine for oracle-ee")
    assert oracle.step(OPTIONS) == ("passed", "TDE")
    assert "LicenseModel bring-your-own-license" in oracle.step(SETTINGS)[1]
    sqlserver = verify("sqlserver")
    assert sqlserver.step(CONNECT) == ("skipped", "no local engine for sqlserver-se")
    assert sqlserver.step(OPTIONS) == ("skipped", "it has no option group of its own")
    assert "DBName None" in sqlserver.step(SETTINGS)[1]


def test_without_a_word_in_the_record_an_endpoint_that_leads_nowhere_fails(verify: Verify) -> None:
    verify.record["access"]["unserved"] = {}
    done = verify("oracle")
    assert done.code == 1
    assert set(done.failed) == {CONNECT}
    assert "Connection refused" in done.failed[CONNECT]


def test_another_edition_than_the_stack_says_fails(verify: Verify) -> None:
    verify.databases["erp"] |= {"engine": "oracle-se2", "database": "OTHER"}
    said = verify("oracle").failed[SETTINGS]
    assert "Engine is 'oracle-ee', not 'oracle-se2'" in said
    assert "DBName is 'ERP', not 'OTHER'" in said


def test_an_option_group_without_an_option_fails(cloud: TestCloud, verify: Verify) -> None:
    rds = cloud.client("rds")
    group = {"OptionGroupName": "empty"}
    rds.create_option_group(
        **group, EngineName="sqlserver-ex", MajorEngineVersion="16.00", OptionGroupDescription="d"
    )
    rds.create_db_instance(
        DBInstanceIdentifier="lab",
        Engine="sqlserver-ex",
        EngineVersion="16.00",
        DBInstanceClass="db.t3.micro",
        MasterUsername="admin",
        MasterUserPassword=PASSWORD,
        AllocatedStorage=20,
        StorageEncrypted=True,
        **group,
    )
    (found,) = rds.describe_db_instances(DBInstanceIdentifier="lab")["DBInstances"]
    verify.databases["crm"] |= {
        "instances": ["lab"],
        "engine": "sqlserver-ex",
        "version": found["EngineVersion"],
    }
    assert verify("sqlserver").failed == {OPTIONS: "the option group empty has no option"}


def test_there_is_no_shell_and_that_is_said(
    verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--outputs", str(verify.write()), "erp"]) == 2
    host = verify.endpoint("erp", "writer")["host"]
    assert capsys.readouterr().err == (
        "verify.shell: there is no shell for oracle-ee here; connect by its own client to "
        f"{host}:1521\n"
    )


def test_a_deployment_s_record_says_which_engines_nobody_runs(
    cloud: TestCloud, tmp_path: Path
) -> None:
    _record(cloud.site, Project(tmp_path, "p", "dev", {}), {"databases": {}})
    text = (tmp_path / RECORDS / "dev.json").read_text()
    assert Deployment.model_validate_json(text).access.unserved == UNSERVED
