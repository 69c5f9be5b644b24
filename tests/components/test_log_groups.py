from __future__ import annotations

from typing import Literal

import pytest

from components.keys import RegionKey, RegionKeyArgs
from components.log_groups import LogGroups, LogGroupsArgs
from tests.components.ground import inputs
from tests.recorder import Recording, record


def made(owner: Literal["instance", "cluster"], *logs: str, days: int = 30) -> Recording:
    def program() -> None:
        key = RegionKey("key", RegionKeyArgs("us-west-2"))
        LogGroups("db-logs", LogGroupsArgs("us-west-2", key, owner, "myapp-db", logs, days))

    return record(program)


@pytest.mark.parametrize("owner", ["instance", "cluster"])
def test_one_group_a_log_under_the_name_that_rds_writes_to(
    owner: Literal["instance", "cluster"],
) -> None:
    recording = made(owner, "error", "slowquery")
    assert recording.below("db-logs") == {
        "db-logs-error": "aws:cloudwatch/logGroup:LogGroup",
        "db-logs-slowquery": "aws:cloudwatch/logGroup:LogGroup",
    }
    assert inputs(recording, "db-logs-slowquery") == {
        "region": "us-west-2",
        "name": f"/aws/rds/{owner}/myapp-db/slowquery",
        "kmsKeyId": "arn:aws:kms:us-west-2:123456789012:key/key-logs-key",
        "retentionInDays": 30,
    }
    assert recording.registered["db-logs"] == {
        "names": [f"/aws/rds/{owner}/myapp-db/error", f"/aws/rds/{owner}/myapp-db/slowquery"]
    }


def test_another_retention() -> None:
    recording = made("instance", "error", days=90)
    assert recording.named("db-logs-error").inputs["retentionInDays"] == 90
