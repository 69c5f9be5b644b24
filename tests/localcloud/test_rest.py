"""A REST request's operation, found by its method and path."""

from __future__ import annotations

import pytest

from localcloud.rest import operation_of

ARN = "arn%3Aaws%3Abackup%3Aus-east-1%3A000000000000%3Abackup-vault%3Amine"


@pytest.mark.parametrize(
    ("method", "path", "name", "labels"),
    [
        ("PUT", "/backup-vaults/mine", "CreateBackupVault", {"backupVaultName": "mine"}),
        ("GET", "/backup-vaults/mine", "DescribeBackupVault", {"backupVaultName": "mine"}),
        ("GET", "/backup-vaults/", "ListBackupVaults", {}),
        # botocore sends some paths with a slash at their end and some without.
        ("GET", "/backup/plans/a-b/", "GetBackupPlan", {"backupPlanId": "a-b"}),
        ("GET", "/backup/plans/a-b", "GetBackupPlan", {"backupPlanId": "a-b"}),
        (
            "DELETE",
            "/backup/plans/p/selections/s",
            "DeleteBackupSelection",
            {"backupPlanId": "p", "selectionId": "s"},
        ),
        (
            "POST",
            f"/tags/{ARN}",
            "TagResource",
            {"resourceArn": "arn:aws:backup:us-east-1:000000000000:backup-vault:mine"},
        ),
    ],
)
def test_an_operation(method: str, path: str, name: str, labels: dict[str, str]) -> None:
    assert operation_of("backup", method, path) == (name, labels)


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/backup-vaults/mine"), ("GET", "/"), ("GET", "/backup-vaults/a/b/c/d")],
)
def test_none(method: str, path: str) -> None:
    assert operation_of("backup", method, path) is None
