"""Oracle and SQL Server as components: exactly these children, with exactly these inputs."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.program import run
from tests.components.test_rds_engines import KEY, _by_rds, _by_stack, _instance, _tagged
from tests.recorder import Recording, record

_COMMON: dict[str, Any] = {
    "storage": {"type": "gp3", "size_gb": 200, "autoscale_to_gb": 1000},
    "availability": "multi-az",
    "username": "admin",
    "backups": {"retention_days": 30, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "lifetime": "disposable",
}
ERP = _COMMON | {
    "kind": "rds-oracle",
    "identifier": "prod-erp",
    "edition": "ee",
    "engine_version": "19",
    "class": "db.m5.large",
    "database": "ERP",
    "password": {"made_by": "stack"},
    "transparent_data_encryption": True,
}
CRM = _COMMON | {
    "kind": "rds-sqlserver",
    "identifier": "prod-crm",
    "edition": "se",
    "engine_version": "16.00",
    "class": "db.t3.xlarge",
    "timezone": "GMT Standard Time",
    "transparent_data_encryption": True,
}
LAB = _COMMON | {
    "kind": "rds-sqlserver",
    "identifier": "lab",
    "edition": "ex",
    "engine_version": "16.00",
    "class": "db.t3.micro",
    "availability": "single-az",
}
TOPOLOGIES = {
    "erp": ERP,
    "books": ERP
    | {
        "identifier": "books",
        "edition": "se2",
        "transparent_data_encryption": False,
        "password": {"made_by": "rds"},
    },
    "crm": CRM,
    "lab": LAB,
}
OPTIONS = "aws:rds/optionGroup:OptionGroup"
NETWORK_ENCRYPTION = {
    "optionName": "NATIVE_NETWORK_ENCRYPTION",
    "optionSettings": [
        {"name": "SQLNET.CRYPTO_CHECKSUM_SERVER", "value": "REQUIRED"},
        {"name": "SQLNET.ENCRYPTION_SERVER", "value": "REQUIRED"},
    ],
}
TDE = {"optionName": "TDE", "optionSettings": []}


def deploy(*, preview: bool = False) -> Recording:
    config = {"aws:region": "us-east-1", "aws-databases:topologies": TOPOLOGIES}
    return record(run, config, preview=preview)


@pytest.fixture(scope="module")
def deployed() -> Recording:
    return deploy()


_ORACLE_LOGS = ("alert", "audit", "listener", "trace")


@pytest.mark.parametrize(
    ("component", "children"),
    [
        ("erp", {**_instance("erp", _ORACLE_LOGS, _by_stack("erp")), "erp-options": OPTIONS}),
        ("books", {**_instance("books", _ORACLE_LOGS, _by_rds("books")), "books-options": OPTIONS}),
        ("crm", {**_instance("crm", ("agent", "error"), _by_rds("crm")), "crm-options": OPTIONS}),
        ("lab", _instance("lab", ("error",), _by_rds("lab"))),
    ],
)
def test_exactly_these_children(
    deployed: Recording, component: str, children: dict[str, str]
) -> None:
    assert deployed.below(component) == children


@pytest.mark.parametrize(("component", "token"), [("erp", "RdsOracle"), ("crm", "RdsSqlserver")])
def test_tokens_are_for_ever(deployed: Recording, component: str, token: str) -> None:
    assert deployed.named(component).type == f"aws-databases:index:{token}"


def test_the_inputs_of_oracle(deployed: Recording) -> None:
    assert deployed.named("erp-instance").inputs == {
        "region": "us-east-1",
        "identifier": "prod-erp",
        "engine": "oracle-ee",
        "engineVersion": "19",
        "licenseModel": "bring-your-own-license",
        "characterSetName": "AL32UTF8",
        "optionGroupName": "erp-options-1a2b3c4",
        "autoMinorVersionUpgrade": True,
        "instanceClass": "db.m5.large",
        "storageType": "gp3",
        "allocatedStorage": 200,
        "maxAllocatedStorage": 1000,
        "storageEncrypted": True,
        "kmsKeyId": KEY,
        "multiAz": True,
        "dbSubnetGroupName": "erp-subnets-1a2b3c4",
        "vpcSecurityGroupIds": ["erp-access-group-id"],
        "publiclyAccessible": False,
        "port": 1521,
        "dbName": "ERP",
        "username": "admin",
        "password": "<secret>",
        "parameterGroupName": "erp-parameters-1a2b3c4",
        "enabledCloudwatchLogsExports": ["alert", "audit", "listener", "trace"],
        "backupRetentionPeriod": 30,
        "backupWindow": "03:00-04:00",
        "maintenanceWindow": "sun:04:30-sun:05:30",
        "copyTagsToSnapshot": True,
        "applyImmediately": False,
        "deletionProtection": False,
        "skipFinalSnapshot": True,
        "tags": _tagged("prod-erp"),
    }
    assert deployed.named("erp-parameters").inputs["family"] == "oracle-ee-19"
    # RDS takes 30 characters for Oracle, without & and '.
    password = deployed.named("erp-credentials-password").inputs
    assert password["length"] == 30
    assert not set("&'/\"@ ") & set(password["overrideSpecial"])


def test_the_options_are_the_edition_s(deployed: Recording) -> None:
    erp = deployed.named("erp-options").inputs
    assert (erp["engineName"], erp["majorEngineVersion"]) == ("oracle-ee", "19")
    assert erp["options"] == [NETWORK_ENCRYPTION, TDE]
    books = deployed.named("books-options").inputs
    assert books["engineName"] == "oracle-se2"
    assert books["options"] == [NETWORK_ENCRYPTION]
    crm = deployed.named("crm-options").inputs
    assert (crm["engineName"], crm["majorEngineVersion"]) == ("sqlserver-se", "16.00")
    assert crm["options"] == [TDE]


def test_sql_server_has_no_database_and_forces_tls(deployed: Recording) -> None:
    crm = deployed.named("crm-instance").inputs
    assert "dbName" not in crm
    assert crm["timezone"] == "GMT Standard Time"
    assert crm["licenseModel"] == "license-included"
    assert crm["port"] == 1433
    group = deployed.named("crm-parameters").inputs
    assert group["family"] == "sqlserver-se-16.0"
    assert group["parameters"] == [
        {"name": "rds.force_ssl", "value": "1", "applyMethod": "pending-reboot"}
    ]
    lab = deployed.named("lab-instance").inputs
    assert not {"timezone", "optionGroupName", "dbName"} & set(lab)


def test_the_outputs_name_the_edition(deployed: Recording) -> None:
    found = deployed.outputs["databases"]
    assert {name: (d["kind"], d["engine"], d.get("database")) for name, d in found.items()} == {
        "erp": ("rds-oracle", "oracle-ee", "ERP"),
        "books": ("rds-oracle", "oracle-se2", "ERP"),
        "crm": ("rds-sqlserver", "sqlserver-se", None),
        "lab": ("rds-sqlserver", "sqlserver-ex", None),
    }


def test_a_preview_shows_the_same_resources(deployed: Recording) -> None:
    foreseen = deploy(preview=True)
    assert {(r.type, r.name) for r in foreseen.resources} == {
        (r.type, r.name) for r in deployed.resources
    }
