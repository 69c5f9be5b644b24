"""What a config may say of Oracle and SQL Server, and what AWS would refuse of it."""

from __future__ import annotations

from typing import Any

import pytest

from specs.rds_editions import EditionInstance
from specs.topologies import KINDS
from tests.specs.test_rds_engines import COMMON, changed, problems

ORACLE = COMMON | {
    "kind": "rds-oracle",
    "identifier": "prod-erp",
    "edition": "ee",
    "engine_version": "19",
    "class": "db.m5.large",
    "database": "ERP",
}
SQLSERVER = changed(
    COMMON
    | {
        "kind": "rds-sqlserver",
        "identifier": "prod-crm",
        "edition": "se",
        "engine_version": "16.00",
        "class": "db.m5.large",
    },
    {"database": ...},
)
TDE = {"transparent_data_encryption": True}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        TDE,
        {"edition": "se2", "class": "db.r5.4xlarge"},
        {"engine_version": "19.0.0.0.ru-2025-10.rur-2025-10.r1"},
        {"engine_version": "19.0.0.0.ru-2025-07.spb-1.r1"},
        {"class": "db.t3.small", "performance_insights": {"retention_days": 7}},
        {"character_set": "WE8ISO8859P15"},
        {"storage/size_gb": 200, "storage/provisioned": {"iops": 12000, "throughput_mb": 500}},
    ],
)
def test_what_oracle_may_be(changes: dict[str, Any]) -> None:
    assert problems(erp=changed(ORACLE, changes)) == []


@pytest.mark.parametrize(
    ("changes", "key", "says"),
    [
        ({"edition": ...}, "edition", "is missing; add it"),
        ({"edition": "xe"}, "edition", "choose 'ee' or 'se2'"),
        (TDE | {"edition": "se2"}, "transparent_data_encryption", "take edition ee"),
        ({"database": "WAREHOUSE"}, "database", "1 to 8 letters and digits"),
        ({"database": "E_RP"}, "database", "is no Oracle SID"),
        ({"database": "sys"}, "database", "reserved by Oracle"),
        ({"username": "system"}, "username", "reserved by Oracle"),
        ({"engine_version": "21"}, "engine_version", "container database only; write 19"),
        ({"engine_version": "12.2"}, "engine_version", "past RDS's standard support; write 19"),
        ({"engine_version": "23"}, "engine_version", "is not a version that RDS offers; write 19"),
        ({"class": "db.t3.micro"}, "class", "does not run on db.t3.micro; take db.t3.small"),
        ({"class": "db.m6g.large"}, "class", "Oracle ee does not run on db.m6g.large"),
        ({"edition": "se2", "class": "db.m5.8xlarge"}, "class", "Oracle se2 does not run on"),
        ({"edition": "se2", "class": "db.m6i.large"}, "class", "Oracle se2 does not run on"),
        ({"character_set": "LATIN1"}, "character_set", "write AL32UTF8"),
        (
            {"storage/size_gb": 199, "storage/provisioned": {"iops": 12000, "throughput_mb": 500}},
            "storage.provisioned",
            "needs 200 GB or more",
        ),
        ({"license_model": "license-included"}, "license_model", "is not a key here"),
        ({"option_group": "mine"}, "option_group", "is not a key here"),
        ({"slow_query_log": {"threshold_seconds": 1}}, "slow_query_log", "is not a key here"),
    ],
)
def test_what_aws_refuses_of_oracle(changes: dict[str, Any], key: str, says: str) -> None:
    found = problems(erp=changed(ORACLE, changes))
    assert f"topologies.erp.{key}" in [problem.path for problem in found]
    assert says in "; ".join(problem.text for problem in found)


@pytest.mark.parametrize(
    "changes",
    [
        TDE,
        TDE | {"edition": "ee", "engine_version": "14.00"},
        {"edition": "ex", "class": "db.t3.micro", "availability": "single-az"},
        {"edition": "web", "class": "db.t3.small"},
        {"edition": "web", "engine_version": "15.00", "availability": "single-az"},
        {"engine_version": "17.00.4075.5.v1"},
        {"timezone": "UTC"},
        {"timezone": "Pacific Standard Time"},
        {
            "storage/size_gb": 20,
            "storage/provisioned": {"iops": 4000, "throughput_mb": 250},
        },
    ],
)
def test_what_sql_server_may_be(changes: dict[str, Any]) -> None:
    assert problems(crm=changed(SQLSERVER, changes)) == []


@pytest.mark.parametrize(
    ("changes", "key", "says"),
    [
        ({"database": "crm"}, "database", "is not a key here"),
        ({"edition": "developer"}, "edition", "choose 'ex', 'web', 'se' or 'ee'"),
        (TDE | {"edition": "web"}, "transparent_data_encryption", "take edition ee or se"),
        (
            TDE | {"engine_version": "14.00"},
            "transparent_data_encryption",
            "is no part of SQL Server se 14.00; leave it out, or take edition ee",
        ),
        ({"edition": "ex", "class": "db.t3.micro"}, "availability", "write single-az"),
        ({"edition": "web", "engine_version": "15.00"}, "availability", "write single-az"),
        ({"edition": "web", "engine_version": "17.00"}, "engine_version", "write one of 14.00"),
        ({"class": "db.t3.large"}, "class", "take db.t3.xlarge"),
        ({"edition": "ex"}, "class", "SQL Server ex does not run on db.m5.large"),
        ({"class": "db.m7g.large"}, "class", "does not run on db.m7g.large"),
        ({"engine_version": "2022"}, "engine_version", "is not a version that RDS offers"),
        ({"engine_version": "13.00"}, "engine_version", "write 16.00"),
        ({"username": "sa"}, "username", "reserved by SQL Server"),
        ({"timezone": "Europe/London"}, "timezone", "write one such as GMT Standard Time"),
        (
            {"storage/size_gb": 16385, "storage/autoscale_to_gb": 20000},
            "storage.size_gb",
            "is 16385; the most is 16384",
        ),
        ({"storage/autoscale_to_gb": 20000}, "storage.autoscale_to_gb", "the most is 16384"),
        (
            {"storage/provisioned": {"iops": 16001, "throughput_mb": 1001}},
            "storage.provisioned.iops",
            "the most is 16000",
        ),
        (
            {"storage/provisioned": {"iops": 2999, "throughput_mb": 125}},
            "storage.provisioned.iops",
            "the least is 3000",
        ),
    ],
)
def test_what_aws_refuses_of_sql_server(changes: dict[str, Any], key: str, says: str) -> None:
    found = problems(crm=changed(SQLSERVER, changes))
    assert f"topologies.crm.{key}" in [problem.path for problem in found]
    assert says in "; ".join(problem.text for problem in found)


@pytest.mark.parametrize(
    ("config", "engine", "family", "license_model", "logs"),
    [
        (
            ORACLE,
            "oracle-ee",
            "oracle-ee-19",
            "bring-your-own-license",
            ("alert", "audit", "listener", "trace"),
        ),
        (
            ORACLE | {"edition": "se2"},
            "oracle-se2",
            "oracle-se2-19",
            "license-included",
            ("alert", "audit", "listener", "trace"),
        ),
        (
            SQLSERVER,
            "sqlserver-se",
            "sqlserver-se-16.0",
            "license-included",
            ("agent", "error"),
        ),
        (
            SQLSERVER | {"edition": "ex", "class": "db.t3.micro", "availability": "single-az"},
            "sqlserver-ex",
            "sqlserver-ex-16.0",
            "license-included",
            ("error",),
        ),
    ],
)
def test_what_the_edition_decides_is_derived(
    config: dict[str, Any], engine: str, family: str, license_model: str, logs: tuple[str, ...]
) -> None:
    spec = KINDS[config["kind"]].model_validate(config)
    assert isinstance(spec, EditionInstance)
    assert (spec.engine, spec.family) == (engine, family)
    assert (spec.license_model, spec.log_exports) == (license_model, logs)


@pytest.mark.parametrize("source", [ORACLE, SQLSERVER])
def test_they_have_no_replicas_here(source: dict[str, Any]) -> None:
    replica = {
        "kind": "read-replica",
        "source": "db",
        "identifier": "copy",
        "class": "db.m5.large",
    }
    (found,) = problems(db=source, copy=replica)
    assert found.path == "topologies.copy.source"
    assert "is no rds-mysql, rds-mariadb or rds-postgres topology" in found.text
