from __future__ import annotations

import json
from typing import Any

import pytest

from components.trail import Trail, TrailArgs
from tests.components.ground import inputs
from tests.recorder import Recording, record

OWN = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/aws-databases-dev"
BUCKET = "aws-databases-dev-trail-123456789012-eu-west-1"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/trail-encryption-key"
GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/cloudtrail/aws-databases-dev"
WHERE = {"region": "eu-west-1", "bucket": BUCKET}


def made(days: int = 365) -> Recording:
    def program() -> None:
        Trail("trail", TrailArgs("eu-west-1", days))

    return record(program)


@pytest.fixture(scope="module")
def trail() -> Recording:
    return made()


def test_the_exact_children(trail: Recording) -> None:
    encryption = "BucketServerSideEncryptionConfiguration"
    assert trail.below("trail") == {
        "trail-encryption": "aws-databases:index:ServiceKey",
        "trail-encryption-key": "aws:kms/key:Key",
        "trail-bucket": "aws:s3/bucket:Bucket",
        "trail-private": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "trail-ownership": "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "trail-encrypted": f"aws:s3/{encryption[0].lower()}{encryption[1:]}:{encryption}",
        "trail-versions": "aws:s3/bucketVersioning:BucketVersioning",
        "trail-lifecycle": "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "trail-policy": "aws:s3/bucketPolicy:BucketPolicy",
        "trail-logs": "aws-databases:index:TrailLogs",
        "trail-logs-encryption": "aws-databases:index:LogsKey",
        "trail-logs-encryption-key": "aws:kms/key:Key",
        "trail-logs-group": "aws:cloudwatch/logGroup:LogGroup",
        "trail-logs-role": "aws:iam/role:Role",
        "trail-logs-policy": "aws:iam/rolePolicy:RolePolicy",
        "trail-trail": "aws:cloudtrail/trail:Trail",
    }


def test_every_region_validated_and_encrypted(trail: Recording) -> None:
    assert inputs(trail, "trail-trail") == {
        "region": "eu-west-1",
        "name": "aws-databases-dev",
        "s3BucketName": BUCKET,
        "isMultiRegionTrail": True,
        "includeGlobalServiceEvents": True,
        "enableLogFileValidation": True,
        "kmsKeyId": KEY,
        "cloudWatchLogsGroupArn": f"{GROUP}:*",
        "cloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/trail-logs-role",
    }


BUCKETS: dict[str, dict[str, Any]] = {
    "trail-bucket": {},
    "trail-private": {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
    "trail-ownership": {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
    "trail-encrypted": {
        "rules": [
            {
                "applyServerSideEncryptionByDefault": {
                    "sseAlgorithm": "aws:kms",
                    "kmsMasterKeyId": KEY,
                },
                "bucketKeyEnabled": True,
            }
        ]
    },
    "trail-versions": {"versioningConfiguration": {"status": "Enabled"}},
}


@pytest.mark.parametrize("name", BUCKETS)
def test_its_bucket_is_private_encrypted_and_versioned(trail: Recording, name: str) -> None:
    assert inputs(trail, name) == WHERE | BUCKETS[name]


def test_it_is_cleared_in_the_end(trail: Recording) -> None:
    (rule,) = inputs(trail, "trail-lifecycle")["rules"]
    assert rule["expiration"] == {"days": 365}
    assert rule["transitions"] == [{"days": 90, "storageClass": "GLACIER_IR"}]
    (short,) = inputs(made(90), "trail-lifecycle")["rules"]
    assert (short["expiration"], "transitions" in short) == ({"days": 90}, False)


def test_only_this_trail_writes_and_only_by_tls(trail: Recording) -> None:
    check, write, tls = json.loads(trail.named("trail-policy").inputs["policy"])["Statement"]
    service = {"Service": "cloudtrail.amazonaws.com"}
    assert (check["Principal"], write["Principal"]) == (service, service)
    assert (check["Action"], check["Resource"]) == ("s3:GetBucketAcl", f"arn:aws:s3:::{BUCKET}")
    assert check["Condition"] == {"StringEquals": {"aws:SourceArn": OWN}}
    assert write["Action"] == "s3:PutObject"
    assert write["Resource"] == f"arn:aws:s3:::{BUCKET}/AWSLogs/123456789012/*"
    assert write["Condition"]["StringEquals"]["aws:SourceArn"] == OWN
    assert tls["Effect"] == "Deny"
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_this_trail_uses_the_key(trail: Recording) -> None:
    policy = json.loads(trail.named("trail-encryption-key").inputs["policy"])
    assert policy["Statement"][1]["Condition"] == {"StringEquals": {"aws:SourceArn": OWN}}


def test_nothing_is_written_before_the_bucket_is_closed(trail: Recording) -> None:
    assert set(trail.named("trail-policy").depends_on) >= {"trail-private", "trail-encrypted"}
    assert "trail-policy" in trail.named("trail-trail").depends_on
