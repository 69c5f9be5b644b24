"""What a config may say of an RDS MySQL instance, and what AWS would refuse of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.rds_mysql import RdsMysql
from tests.specs.configs import MYSQL, Wrong, assert_only, changed, problems, stack

GP3 = {"type": "gp3", "size_gb": 400, "autoscale_to_gb": 1000}
FAST = GP3 | {"provisioned": {"iops": 12000, "throughput_mb": 500}}
MICRO = {"class": "db.t3.micro", "performance_insights": ...}

RIGHT: list[dict[str, Any]] = [
    {},
    {"region": "eu-central-1"},
    {"identifier": "a" * 63},
    {"identifier": "a1-b2-c3"},
    {"engine_version": "8.4.5"},
    {"engine_version": "8.4.11"},
    MICRO,
    {"class": "db.t4g.micro", "performance_insights": ...},
    {"class": "db.m7g.large"},
    {"class": "db.r6gd.16xlarge"},
    {"class": "db.c6gd.medium"},
    {"storage": {"type": "gp3", "size_gb": 20, "autoscale_to_gb": 22}},
    {"storage": GP3},
    {"storage": FAST},
    {"storage": GP3 | {"provisioned": {"iops": 16000, "throughput_mb": 4000}}},
    {"storage": {"type": "gp2", "size_gb": 59578, "autoscale_to_gb": 65536}},
    {"username": "A1"},
    {"username": "a" * 16},
    {"database": "d" * 64},
    {"backups/retention_days": 0},
    {"backups/retention_days": 35},
    {"backups/window": "23:45-00:15", "maintenance_window": "mon:00:15-mon:00:45"},
    {"backups/window": "03:00-04:30"},
    {"backups/window": "05:30-06:00"},
    {"maintenance_window": "sun:23:30-mon:00:30"},
    {"enhanced_monitoring": ...},
    {"slow_query_log": ..., "lifetime": ..., "apply_changes": ...},
    {"slow_query_log/threshold_seconds": 0.5},
    {"performance_insights/retention_days": 465},
    {"performance_insights/retention_days": 731},
]

WRONG = [
    Wrong({"identifier": "Myapp-Mysql"}, "identifier", "lower-case letters"),
    Wrong({"identifier": "myapp--mysql"}, "identifier", "single hyphens"),
    Wrong({"identifier": "myapp-"}, "identifier", "not ending with a hyphen"),
    Wrong({"identifier": "1st-mysql"}, "identifier", "starting with a letter"),
    Wrong({"identifier": "a" * 64}, "identifier", "use 1 to 63"),
    Wrong({"identifier": ""}, "identifier", "use 1 to 63"),
    Wrong({"identifier": "myapp_mysql"}, "identifier", "single hyphens"),
    Wrong({"identifier": "myapp\n"}, "identifier", "use 1 to 63"),
    Wrong({"identifier": ...}, "identifier", "is missing; add it"),
    Wrong({"region": "us-east-1a"}, "region", "write one such as us-east-1"),
    Wrong({"region": "virginia"}, "region", "write one such as us-east-1"),
    Wrong({"engine_version": "8.0"}, "engine_version", "billed as extended support; write 8.4"),
    Wrong({"engine_version": "8.0.46"}, "engine_version", "write 8.4"),
    Wrong({"engine_version": "5.7.44"}, "engine_version", "write 8.4"),
    Wrong({"engine_version": "8.4.3"}, "engine_version", "is withdrawn; write 8.4"),
    Wrong({"engine_version": "9.5"}, "engine_version", "RDS offers; write 8.4"),
    Wrong({"engine_version": "8.4-latest"}, "engine_version", "RDS offers; write 8.4"),
    Wrong(
        {"engine_version": "8.4.\N{ARABIC-INDIC DIGIT SEVEN}"},
        "engine_version",
        "RDS offers; write 8.4",
    ),
    Wrong({"engine_version": 8.4}, "engine_version", 'write text here, in quotes: "8.4"'),
    Wrong({"class": "t3.micro"}, "class", "write one such as db.t3.micro"),
    Wrong({"class": "db.t3.mirco"}, "class", "write one such as db.t3.micro"),
    Wrong({"class": "db.m7g.small"}, "class", "write one such as db.t3.micro"),
    Wrong({"class": "db.serverless"}, "class", "write one such as db.t3.micro"),
    Wrong({"class": "cache.t3.micro"}, "class", "write one such as db.t3.micro"),
    Wrong({"class": "db.t2.micro"}, "class", "write a newer one such as db.t3.micro"),
    Wrong({"class": "db.m1.small"}, "class", "write a newer one such as db.t3.micro"),
    Wrong({"class": ...}, "class", "is missing; add it"),
    Wrong({"instance_class": "db.t3.micro"}, "instance_class", "is not a key here"),
    Wrong({"storage/size_gb": 19}, "storage.size_gb", "is 19; the least is 20"),
    Wrong({"storage/size_gb": 65537}, "storage.size_gb", "is 65537; the most is 65536"),
    Wrong({"storage/size_gb": True}, "storage.size_gb", "write a number"),
    Wrong({"storage/size_gb": "20 GB"}, "storage.size_gb", "write a number"),
    Wrong({"storage/size_gb": 20.5}, "storage.size_gb", "write a number"),
    Wrong({"storage/autoscale_to_gb": 21}, "storage.autoscale_to_gb", "write 22 or more"),
    Wrong({"storage/autoscale_to_gb": 20}, "storage.autoscale_to_gb", "write 22 or more"),
    Wrong({"storage/autoscale_to_gb": 65537}, "storage.autoscale_to_gb", "the most is 65536"),
    Wrong({"storage/autoscale_to_gb": ...}, "storage.autoscale_to_gb", "is missing; add it"),
    Wrong(
        {"storage/size_gb": 59579, "storage/autoscale_to_gb": 65536},
        "storage.size_gb",
        "write 59578 or less",
    ),
    Wrong({"storage/type": "io2"}, "storage.type", "'io2' is not known; there are gp2, gp3"),
    Wrong({"storage/type": "gp"}, "storage.type", "did you mean 'gp"),
    Wrong({"storage/type": ...}, "storage.type", "is missing; choose gp2, gp3"),
    Wrong({"storage": 20}, "storage", "write keys and values here"),
    Wrong(
        {"storage/provisioned": {"iops": 12000, "throughput_mb": 500}},
        "storage.provisioned",
        "is not a key here",
    ),
    Wrong(
        {"storage": FAST | {"size_gb": 399}},
        "storage.provisioned",
        "needs 400 GB or more and size_gb is 399; leave provisioned out",
    ),
    Wrong(
        {"storage": FAST, "storage/provisioned/iops": 11999},
        "storage.provisioned.iops",
        "the least is 12000",
    ),
    Wrong(
        {"storage": FAST, "storage/provisioned/iops": 64001},
        "storage.provisioned.iops",
        "the most is 64000",
    ),
    Wrong(
        {"storage": FAST, "storage/provisioned/throughput_mb": 3001},
        "storage.provisioned.throughput_mb",
        "write iops 12004 or more",
    ),
    Wrong(
        {"storage": FAST, "storage/provisioned/throughput_mb": ...},
        "storage.provisioned.throughput_mb",
        "is missing; add it",
    ),
    Wrong({"availability": "multi_az"}, "availability", "choose 'multi-az' or 'single-az'"),
    Wrong({"availability": True}, "availability", "is true; choose 'multi-az' or 'single-az'"),
    Wrong({"multi_az": True}, "multi_az", "is not a key here"),
    Wrong({"username": "rdsadmin"}, "username", "is reserved; the course uses admin"),
    Wrong({"username": "ROOT"}, "username", "is reserved; the course uses admin"),
    Wrong({"username": "a" * 17}, "username", "1 to 16 letters and digits"),
    Wrong({"username": "1admin"}, "username", "a letter first"),
    Wrong({"username": "my-admin"}, "username", "1 to 16 letters and digits"),
    Wrong({"username": "\N{KELVIN SIGN}elvin"}, "username", "1 to 16 letters and digits"),
    Wrong({"database": "my-app"}, "database", "1 to 64 letters and digits"),
    Wrong({"database": "9lives"}, "database", "a letter first"),
    Wrong({"database": "d" * 65}, "database", "1 to 64"),
    Wrong({"database": "mysql"}, "database", "is MySQL's own; the course uses myappdb"),
    Wrong({"database": ...}, "database", "is missing; add it"),
    Wrong({"backups/retention_days": 36}, "backups.retention_days", "the most is 35"),
    Wrong({"backups/retention_days": -1}, "backups.retention_days", "the least is 0"),
    Wrong({"backups": ...}, "backups", "is missing; add it"),
    Wrong({"backups": None}, "backups", "is empty; write keys and values here"),
    Wrong({"backups/window": "3:00-4:00"}, "backups.window", "in UTC, such as 03:00-04:00"),
    Wrong({"backups/window": "03:00-24:00"}, "backups.window", "in UTC, such as 03:00-04:00"),
    Wrong({"backups/window": "03:00-03:00"}, "backups.window", "in UTC, such as 03:00-04:00"),
    Wrong(
        {"backups/window": "0\N{ARABIC-INDIC DIGIT THREE}:00-04:00"},
        "backups.window",
        "in UTC, such as 03:00-04:00",
    ),
    Wrong({"backups/window": "03:00-03:29"}, "backups.window", "shorter than 30 minutes"),
    Wrong(
        {"maintenance_window": "04:30-05:30"},
        "maintenance_window",
        "in UTC, such as sun:04:30-sun:05:30",
    ),
    Wrong(
        {"maintenance_window": "Sun:04:30-Sun:05:30"},
        "maintenance_window",
        "in UTC, such as sun:04:30-sun:05:30",
    ),
    Wrong(
        {"maintenance_window": "sun:04:30-sun:04:30"},
        "maintenance_window",
        "in UTC, such as sun:04:30-sun:05:30",
    ),
    Wrong(
        {"maintenance_window": "sun:04:30-sun:04:59"},
        "maintenance_window",
        "shorter than 30 minutes; make it longer",
    ),
    Wrong({"maintenance_window": "sun:03:30-sun:04:30"}, "maintenance_window", "move one"),
    Wrong({"maintenance_window": "sun:02:30-sun:03:01"}, "maintenance_window", "move one"),
    # Over midnight, over the week's end, both.
    Wrong({"maintenance_window": "mon:23:00-tue:03:01"}, "maintenance_window", "move one"),
    Wrong({"maintenance_window": "sun:23:30-mon:03:01"}, "maintenance_window", "move one"),
    Wrong(
        {"backups/window": "23:30-00:30", "maintenance_window": "wed:00:00-wed:00:30"},
        "maintenance_window",
        "move one",
    ),
    Wrong(
        {"backups/window": "23:30-00:30", "maintenance_window": "mon:00:00-mon:01:00"},
        "maintenance_window",
        "move one",
    ),
    Wrong(
        {"backups/window": "00:00-00:30", "maintenance_window": "sun:23:45-mon:00:15"},
        "maintenance_window",
        "move one",
    ),
    Wrong({"maintenance_window": ...}, "maintenance_window", "is missing; add it"),
    Wrong(
        {"enhanced_monitoring/interval_seconds": 0},
        "enhanced_monitoring.interval_seconds",
        "is 0; choose 1, 5, 10, 15, 30 or 60",
    ),
    Wrong(
        {"enhanced_monitoring/interval_seconds": True},
        "enhanced_monitoring.interval_seconds",
        "choose 1, 5, 10, 15, 30 or 60",
    ),
    Wrong({"enhanced_monitoring": 60}, "enhanced_monitoring", "write keys and values here"),
    Wrong({"class": "db.t3.micro"}, "performance_insights", "leave it out, or take db.t3.medium"),
    Wrong({"class": "db.t4g.small"}, "performance_insights", "leave it out, or take db.t3.medium"),
    Wrong(
        {"performance_insights/retention_days": 30},
        "performance_insights.retention_days",
        "write 7, 731, or a multiple of 31",
    ),
    Wrong(
        {"performance_insights/retention_days": 744},
        "performance_insights.retention_days",
        "write 7, 731, or a multiple of 31",
    ),
    Wrong(
        {"slow_query_log/threshold_seconds": -1},
        "slow_query_log.threshold_seconds",
        "the least is 0",
    ),
    Wrong(
        {"slow_query_log/threshold_seconds": float("nan")},
        "slow_query_log.threshold_seconds",
        "is nan; the most is 3600",
    ),
    Wrong({"apply_changes": "now"}, "apply_changes", "choose 'immediately' or"),
    Wrong({"lifetime": "forever"}, "lifetime", "choose 'disposable' or 'protected'"),
    Wrong({"databse": "x"}, "databse", "did you mean 'database'?"),
    Wrong({"storage/sise_gb": 20}, "storage.sise_gb", "did you mean 'size_gb'?"),
    Wrong({"backups/retention": 7}, "backups.retention", "did you mean 'retention_days'?"),
    Wrong({"password": "hunter2hunter2"}, "password", "is no place for a password"),
]


@pytest.mark.parametrize("changes", RIGHT, ids=str)
def test_what_aws_takes(changes: dict[str, Any]) -> None:
    assert problems({"mysql": changed(MYSQL, changes)}) == []


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_aws_refuses(wrong: Wrong) -> None:
    found = problems({"mysql": changed(MYSQL, wrong.changes)})
    assert_only(found, f"topologies.mysql.{wrong.path}", wrong.says)


def test_a_password_in_the_config_is_not_repeated() -> None:
    (problem,) = problems({"mysql": changed(MYSQL, {"password": "hunter2hunter2"})})
    assert "hunter2" not in str(problem)


def test_every_rule_of_a_volume_speaks_at_once() -> None:
    slow = changed(MYSQL, {"storage": FAST | {"size_gb": 100, "autoscale_to_gb": 105}})
    slow["storage"]["provisioned"]["throughput_mb"] = 4000
    assert [problem.path for problem in problems({"mysql": slow})] == [
        "topologies.mysql.storage.autoscale_to_gb",
        "topologies.mysql.storage.provisioned",
        "topologies.mysql.storage.provisioned.throughput_mb",
    ]


def test_the_parameter_group_family_is_the_version_s() -> None:
    for version in ("8.4", "8.4.11"):
        spec = stack({"mysql": changed(MYSQL, {"engine_version": version})}).topologies["mysql"]
        assert isinstance(spec, RdsMysql)
        assert spec.family == "mysql8.4"


@given(size=st.integers(20, 65536), growth=st.integers(-2, 2))
def test_autoscaling_begins_at_ten_percent(size: int, growth: int) -> None:
    to = size + -(-size // 10) + growth
    storage = {"type": "gp2", "size_gb": size, "autoscale_to_gb": to}
    fits = to <= 65536 and 10 * (to - size) >= size
    assert (not problems({"mysql": changed(MYSQL, {"storage": storage})})) == fits


@given(iops=st.integers(11_990, 64_010), throughput=st.integers(490, 4_010))
def test_a_megabyte_a_second_needs_four_operations(iops: int, throughput: int) -> None:
    storage = GP3 | {"provisioned": {"iops": iops, "throughput_mb": throughput}}
    fits = 12_000 <= iops <= 64_000 and 500 <= throughput <= 4_000 and throughput / iops <= 0.25
    assert (not problems({"mysql": changed(MYSQL, {"storage": storage})})) == fits
