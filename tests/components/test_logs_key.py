from __future__ import annotations

import json

from components.keys import RegionKey, RegionKeyArgs
from tests.recorder import Recording, record


def made(uses: int) -> Recording:
    def program() -> None:
        key = RegionKey("key", RegionKeyArgs("us-west-2", deletion_window_days=30))
        for _ in range(uses):
            assert key.logs_arn is not None

    return record(program)


def test_it_is_made_once_and_only_when_a_log_group_asks_for_it() -> None:
    assert "key-logs" not in made(0).below("key")
    assert made(2).below("key") == {
        "key-key": "aws:kms/key:Key",
        "key-alias": "aws:kms/alias:Alias",
        "key-logs": "aws-databases:index:LogsKey",
        "key-logs-key": "aws:kms/key:Key",
    }


def test_it_rotates_and_is_kept_as_long_as_the_databases() -> None:
    key = made(1).named("key-logs-key").inputs
    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 30


def test_only_this_region_s_logs_of_this_account_may_use_it() -> None:
    account, logs = json.loads(made(1).named("key-logs-key").inputs["policy"])["Statement"]
    assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert logs["Principal"] == {"Service": "logs.us-west-2.amazonaws.com"}
    assert logs["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": (
                "arn:aws:logs:us-west-2:123456789012:log-group:*"
            )
        }
    }
    assert not [action for action in logs["Action"] if action in ("*", "kms:*")]
