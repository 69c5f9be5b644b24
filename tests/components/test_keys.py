from __future__ import annotations

import json

from components.keys import RegionKey, RegionKeyArgs
from tests.components.ground import EAST_KEY, inputs
from tests.recorder import Recording, record


def made(args: RegionKeyArgs) -> Recording:
    def program() -> None:
        RegionKey("key-us-east-1", args)

    return record(program)


def test_a_key_and_its_alias() -> None:
    recording = made(RegionKeyArgs("us-east-1"))
    assert recording.below("key-us-east-1") == {
        "key-us-east-1-key": "aws:kms/key:Key",
        "key-us-east-1-alias": "aws:kms/alias:Alias",
    }
    key = inputs(recording, "key-us-east-1-key")
    assert json.loads(key.pop("policy"))["Statement"] == [
        {
            "Sid": "Account",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "kms:*",
            # This key, whatever a key's policy calls it.
            "Resource": "*",
        }
    ]
    assert key == {
        "region": "us-east-1",
        "description": "Databases of aws-databases, stack dev",
        "enableKeyRotation": True,
        "deletionWindowInDays": 7,
    }
    assert inputs(recording, "key-us-east-1-alias") == {
        "region": "us-east-1",
        # Not below alias/aws/, which is AWS's own.
        "name": "alias/aws-databases-dev",
        "targetKeyId": "key-us-east-1-key-key-id",
    }
    # The ARN, because the provider refuses an alias or an id as a database's key.
    assert recording.registered["key-us-east-1"] == {"region": "us-east-1", "arn": EAST_KEY}


def test_a_longer_window() -> None:
    recording = made(RegionKeyArgs("us-east-1", deletion_window_days=30))
    assert recording.named("key-us-east-1-key").inputs["deletionWindowInDays"] == 30
