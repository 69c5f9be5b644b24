"""Oracle and SQL Server: answered by the API only, and their option groups."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from localcloud.fleet import Fleet
from localcloud.servers.no_server import UNSERVED
from localcloud.services.rds_engines import INSTANCE_ENGINES
from localcloud.site import Site
from tests.localcloud.fleet_site import ADMIN, ref
from tests.localcloud.front_fixtures import endpoint, mysql, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "site"]
PREFIX = "127.82"


def oracle(**changes: Any) -> dict[str, Any]:
    engine = {"Engine": "oracle-ee", "EngineVersion": "19", "DBInstanceClass": "db.m5.large"}
    return mysql(**{**engine, "DBInstanceIdentifier": "erp", **changes})


def sqlserver(edition: str = "se", **changes: Any) -> dict[str, Any]:
    engine = {
        "Engine": f"sqlserver-{edition}",
        "EngineVersion": "16.00",
        "DBInstanceClass": "db.t3.xlarge",
    }
    return mysql(**{**engine, "DBInstanceIdentifier": "crm", **changes})


def test_an_instance_reports_what_its_edition_decides(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    erp = rds.create_db_instance(**oracle(DBName="ERP", CharacterSetName="AL32UTF8"))["DBInstance"]
    assert erp["LicenseModel"] == "bring-your-own-license"
    assert erp["EngineVersion"].startswith("19.0.0.0.ru-")
    assert erp["CharacterSetName"] == "AL32UTF8"
    assert erp["DBParameterGroups"][0]["DBParameterGroupName"] == "default.oracle-ee-19"
    crm = rds.create_db_instance(**sqlserver(Timezone="UTC"))["DBInstance"]
    assert crm["LicenseModel"] == "license-included"
    assert crm["Timezone"] == "UTC"
    assert crm["DBParameterGroups"][0]["DBParameterGroupName"] == "default.sqlserver-se-16.0"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (oracle(DBName="WAREHOUSE"), "InvalidParameterValue"),
        (oracle(MasterUserPassword="with&ampersand"), "InvalidParameterValue"),
        (oracle(MasterUserPassword="x" * 31), "InvalidParameterValue"),
        (oracle(MasterUsername="system"), "InvalidParameterValue"),
        (oracle(LicenseModel="license-included"), "InvalidParameterCombination"),
        (oracle(DBInstanceClass="db.m6g.large"), "InvalidParameterCombination"),
        (
            oracle(StorageType="gp3", AllocatedStorage=199, Iops=12000),
            "InvalidParameterCombination",
        ),
        (sqlserver(DBName="crm"), "InvalidParameterCombination"),
        (sqlserver(AllocatedStorage=16385), "InvalidParameterValue"),
        (
            sqlserver("ex", DBInstanceClass="db.t3.micro", MultiAZ=True),
            "InvalidParameterCombination",
        ),
        (sqlserver("web", EngineVersion="17.00"), "InvalidParameterCombination"),
        (sqlserver(OptionGroupName="none"), "OptionGroupNotFoundFault"),
        (sqlserver(OptionGroupName="of-oracle"), "InvalidParameterCombination"),
    ],
)
def test_what_rds_refuses_of_an_edition_is_refused(
    endpoint: Endpoint, arguments: dict[str, Any], code: str
) -> None:
    rds = endpoint.client("rds")
    _group(rds, "of-oracle", "oracle-ee", "19")
    assert refusal(rds.create_db_instance, **arguments) == code
    assert endpoint.fleet.calls == []


def _group(rds: Any, name: str, engine: str, version: str, *options: str) -> None:
    rds.create_option_group(
        OptionGroupName=name,
        EngineName=engine,
        MajorEngineVersion=version,
        OptionGroupDescription="d",
    )
    if options:
        rds.modify_option_group(
            OptionGroupName=name, OptionsToInclude=[{"OptionName": o} for o in options]
        )


def test_an_option_group_is_for_its_engine_and_stays_while_used(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    _group(rds, "tde", "sqlserver-se", "16.00", "TDE")
    made = rds.create_db_instance(**sqlserver(OptionGroupName="tde"))["DBInstance"]
    assert made["OptionGroupMemberships"] == [{"OptionGroupName": "tde", "Status": "in-sync"}]
    (group,) = rds.describe_option_groups(OptionGroupName="tde")["OptionGroupsList"]
    assert [option["OptionName"] for option in group["Options"]] == ["TDE"]
    assert refusal(rds.delete_option_group, OptionGroupName="tde") == (
        "InvalidOptionGroupStateFault"
    )
    rds.delete_db_instance(DBInstanceIdentifier="crm", SkipFinalSnapshot=True)
    rds.delete_option_group(OptionGroupName="tde")
    assert refusal(rds.describe_option_groups, OptionGroupName="tde") == "OptionGroupNotFoundFault"


@pytest.mark.parametrize(
    ("engine", "version", "option"),
    [
        ("oracle-se2", "19", "TDE"),
        ("sqlserver-web", "16.00", "TDE"),
        ("sqlserver-ee", "16.00", "NATIVE_NETWORK_ENCRYPTION"),
        ("postgres", "17", "TDE"),
    ],
)
def test_an_option_an_edition_has_not_is_refused(
    endpoint: Endpoint, engine: str, version: str, option: str
) -> None:
    rds = endpoint.client("rds")
    _group(rds, "g", engine, version)
    code = refusal(
        rds.modify_option_group, OptionGroupName="g", OptionsToInclude=[{"OptionName": option}]
    )
    assert code == "InvalidParameterValue"


def test_oracle_s_tde_is_for_ever_and_sql_server_s_is_not(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    _group(rds, "erp", "oracle-ee", "19", "TDE", "NATIVE_NETWORK_ENCRYPTION")
    _group(rds, "crm", "sqlserver-se", "16.00", "TDE")
    rds.create_db_instance(**oracle(OptionGroupName="erp"))
    rds.create_db_instance(**sqlserver(OptionGroupName="crm"))
    remove = {"OptionsToRemove": ["TDE"], "ApplyImmediately": True}
    assert refusal(rds.modify_option_group, OptionGroupName="erp", **remove) == (
        "InvalidOptionGroupStateFault"
    )
    rds.modify_option_group(OptionGroupName="crm", **remove)
    rds.modify_option_group(OptionGroupName="erp", OptionsToRemove=["NATIVE_NETWORK_ENCRYPTION"])


def test_groups_of_unknown_engines_and_versions_are_refused(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    group = {"OptionGroupName": "g", "OptionGroupDescription": "d"}
    assert refusal(rds.create_option_group, **group, EngineName="db3", MajorEngineVersion="1") == (
        "InvalidParameterValue"
    )
    assert refusal(
        rds.create_option_group, **group, EngineName="oracle-ee", MajorEngineVersion="12"
    ) == ("InvalidParameterCombination")


def test_every_engine_that_no_server_runs_says_so() -> None:
    served = {"mysql", "mariadb", "postgres"}
    assert set(UNSERVED) == {engine.name for engine in INSTANCE_ENGINES} - served
    assert UNSERVED["oracle-ee"] == "no local engine for oracle-ee"


@pytest.fixture
def own_site() -> Iterator[Site]:
    with TemporaryDirectory(prefix="unserved-", dir="/var/tmp") as folder:
        yield Site(Path(folder) / "state", PREFIX)


def test_the_address_of_an_unserved_database_is_its_own_and_leads_nowhere(own_site: Site) -> None:
    fleet = Fleet(own_site)
    fleet.recover()
    try:
        address = fleet.instances.create(ref("erp"), ADMIN, "ERP", {}, engine="oracle-ee")
        other = fleet.instances.create(ref("crm"), ADMIN, None, {}, engine="sqlserver-se")
        assert (address.port, other.port) == (1521, 1433)
        assert address.host != other.host
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address.host, address.port), timeout=1)
        fleet.reboot(ref("erp"))
        fleet.instances.stop(ref("erp"))
        fleet.instances.start(ref("erp"))
        fleet.instances.set_password(ref("erp"), "another-one-2")
    finally:
        fleet.close()
    again = Fleet(own_site)
    again.recover()
    try:
        rows = {row.identifier: (row.role, row.pid, row.address) for row in again.listing()}
        assert rows["erp"] == ("API only", None, str(address))
        again.instances.delete(ref("erp"))
        assert [row.identifier for row in again.listing()] == ["crm"]
    finally:
        again.close()
