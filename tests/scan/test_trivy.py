"""What Trivy's report becomes, and that the real one sees what is wrong with a stack."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.scan import samples
from tests.scan.accepted import Finding
from tests.scan.conftest import Program
from tests.scan.scanner import NoScan
from tests.scan.stack import recorded
from tests.scan.terraform import plan_of
from tests.scan.trivy import TRIVY, scan

FAILED = ("AWS-0999", "aws_db_instance.x", "Ensure so")


def test_a_report(program: Program, plan: Path) -> None:
    found = scan(program(samples.trivy(FAILED, samples.CONTROL)), plan)
    assert (found.version, found.passed) == ("0.9.0", 42)
    assert found.findings == [Finding("AWS-0999", "aws_db_instance.x", "Ensure so")]


def test_two_lines_of_a_resource_are_one_finding(program: Program, plan: Path) -> None:
    found = scan(program(samples.trivy(FAILED, FAILED, samples.CONTROL)), plan)
    assert len(found.findings) == 1


def test_a_finding_of_the_whole_plan(program: Program, plan: Path) -> None:
    found = scan(program(samples.trivy(("AWS-0998", "", "Have one"), samples.CONTROL)), plan)
    assert found.findings == [Finding("AWS-0998", "plan", "Have one")]


def test_what_it_is_to_complain_of_is_in_its_plan_and_not_in_ours(
    program: Program, plan: Path, tmp_path: Path
) -> None:
    before = plan.read_text()
    assert scan(program(samples.trivy(samples.CONTROL)), plan).findings == []
    assert plan.read_text() == before
    (control,) = json.loads((tmp_path / "read.json").read_text())["resource_changes"]
    assert control["address"] == samples.CONTROL[1]
    assert control["change"]["after"]["publicly_accessible"] is True


@pytest.mark.parametrize("says", ["", "FATAL", "[]", "{}", samples.trivy(FAILED)])
def test_a_scanner_that_saw_nothing_is_no_clean_stack(
    program: Program, plan: Path, says: str
) -> None:
    with pytest.raises(NoScan, match="scanner"):
        scan(program(says), plan)


DATABASE = "aws_db_instance.orders-instance"
CLUSTER = "aws_rds_cluster.catalog-cluster"
MEMBER = "aws_rds_cluster_instance.catalog-member-prod-catalog-a"
CACHE = "aws_elasticache_replication_group.sessions-group"
KEY = "aws_kms_key.key-us-east-1-key"
PRIVATE = "aws_s3_bucket_public_access_block.trail-private"
VERSIONS = "aws_s3_bucket_versioning.trail-versions"
ENCRYPTED = "aws_s3_bucket_server_side_encryption_configuration.trail-encrypted"
TRAIL = "aws_cloudtrail.trail-trail"
GROUP = "aws_security_group.orders-access-group"
WAY_OUT = "aws_vpc_security_group_egress_rule.orders-to-catalog-access-to-services"
WAY_IN = "aws_vpc_security_group_ingress_rule.secrets-us-east-1-from-vpc"
POLICY = "aws_iam_role_policy.trail-logs-policy"
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (DATABASE, {"storage_encrypted": False}, "AWS-0080"),
    (DATABASE, {"publicly_accessible": True}, "AWS-0180"),
    (DATABASE, {"backup_retention_period": 0}, "AWS-0077"),
    (DATABASE, {"deletion_protection": False}, "AWS-0177"),
    (DATABASE, {"iam_database_authentication_enabled": False}, "AWS-0176"),
    (CLUSTER, {"storage_encrypted": False}, "AWS-0079"),
    (CLUSTER, {"deletion_protection": False}, "AWS-0343"),
    (MEMBER, {"publicly_accessible": True}, "AWS-0180"),
    (CACHE, {"transit_encryption_enabled": False}, "AWS-0051"),
    (CACHE, {"at_rest_encryption_enabled": False}, "AWS-0045"),
    (KEY, {"enable_key_rotation": False}, "AWS-0065"),
    # Of the bucket itself by what they refer to.
    (PRIVATE, {"block_public_policy": False}, "AWS-0087"),
    (VERSIONS, {"versioning_configuration": [{"status": "Suspended"}]}, "AWS-0090"),
    (
        ENCRYPTED,
        {"rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}]},
        "AWS-0132",
    ),
    (TRAIL, {"is_multi_region_trail": False}, "AWS-0014"),
    (TRAIL, {"enable_log_file_validation": False}, "AWS-0016"),
    (GROUP, {"description": ""}, "AWS-0099"),
    # Of a group by what they refer to.
    (WAY_OUT, {"cidr_ipv4": "0.0.0.0/0"}, "AWS-0104"),
    (WAY_IN, {"cidr_ipv4": "0.0.0.0/0", "from_port": 22, "to_port": 22}, "AWS-0107"),
    (
        POLICY,
        {
            "policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
                }
            )
        },
        "AWS-0345",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def found_in_what_is_wrong(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Checks and resources that the real Trivy names in prod with everything of `WRONG` in it."""
    trivy = TRIVY.installed()
    if trivy is None or "CI" in os.environ:
        pytest.skip("trivy is not installed; `make scan` installs and runs it")
    plan = plan_of(recorded("prod"))
    after = {each["address"]: each["change"]["after"] for each in plan["resource_changes"]}
    configured = {
        each["address"]: each["expressions"]
        for each in plan["configuration"]["root_module"]["resources"]
    }
    for address, change, _ in WRONG:
        after[address].update(change)
    # A key that is referred to would take the place of the one that is not there.
    configured[ENCRYPTED]["rule"] = [{"apply_server_side_encryption_by_default": [{}]}]
    file = tmp_path_factory.mktemp("wrong") / "plan.json"
    file.write_text(json.dumps(plan))
    return {(each.check, each.resource) for each in scan(trivy, file).findings}


@pytest.mark.parametrize(("address", "change", "check"), WRONG)
def test_it_sees_what_is_wrong(
    found_in_what_is_wrong: set[tuple[str, str]], address: str, change: dict[str, Any], check: str
) -> None:
    assert (check, address) in found_in_what_is_wrong
