"""Who called what: CloudTrail, and the bucket it writes to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.service_key import ServiceKey, ServiceKeyArgs
from components.tags import tags
from components.trail_logs import TrailLogs, TrailLogsArgs

_SERVICE = "cloudtrail.amazonaws.com"
_COLDER_AFTER_DAYS = 90
"""Events of that age are asked for by auditors only."""


@dataclass(frozen=True)
class TrailArgs:
    """``region`` is the home of the trail, which has the events of every region."""

    region: str
    keep_days: int


class Trail(pulumi.ComponentResource):
    """A trail of every region's management events, whose files prove that nobody changed them.

    Creates: a key, a bucket that is private, encrypted, versioned and cleared after ``keep_days``,
    its policy, a log group, the trail. Costs: the first trail of an account nothing, a further one
    2 USD for 100,000 events; the key's 1 USD a month; 0.023 USD a GB and month of the bucket.
    Fails: SQL is not in it, which only an activity stream or the server's own audit log has. A
    destroy is refused while the bucket has files: empty it by hand, if you may.
    """

    arn: pulumi.Output[str]
    bucket: pulumi.Output[str]

    def __init__(
        self, name: str, args: TrailArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:Trail", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        within = pulumi.InvokeOptions(parent=self)
        account = aws.get_caller_identity(opts=within).account_id
        partition = aws.get_partition(opts=within).partition
        called = f"{pulumi.get_project()}-{pulumi.get_stack()}"
        # Known before it is there: the policies that let it write name it.
        own = f"arn:{partition}:cloudtrail:{args.region}:{account}:trail/{called}"
        key = ServiceKey(
            f"{name}-encryption",
            ServiceKeyArgs(args.region, "Trail", (_SERVICE,), source=own),
            child,
        )
        # Names of buckets are the world's.
        bucket_name = f"{called}-trail-{account}-{args.region}"
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            region=args.region,
            bucket=bucket_name,
            tags=tags(bucket_name),
            opts=child,
        )
        self.bucket = bucket.bucket
        parts = self._bucket_parts(name, args, bucket, key)
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            region=args.region,
            bucket=bucket.bucket,
            policy=json.dumps(_policy(partition, account, bucket_name, own)),
            # S3 refuses two changes of a bucket at a time, and a policy before the block may pass.
            opts=pulumi.ResourceOptions(parent=self, depends_on=parts),
        )
        logs = TrailLogs(f"{name}-logs", TrailLogsArgs(args.region, called), child)
        trail = aws.cloudtrail.Trail(
            f"{name}-trail",
            region=args.region,
            name=called,
            s3_bucket_name=bucket.bucket,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            kms_key_id=key.arn,
            cloud_watch_logs_group_arn=logs.group_arn,
            cloud_watch_logs_role_arn=logs.role_arn,
            tags=tags(called),
            # CloudTrail tries to write when it is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.arn = trail.arn
        self.register_outputs({"arn": self.arn, "bucket": self.bucket})

    def _bucket_parts(
        self, name: str, args: TrailArgs, bucket: aws.s3.Bucket, key: ServiceKey
    ) -> list[pulumi.Resource]:
        child = pulumi.ResourceOptions(parent=self)
        return [
            aws.s3.BucketPublicAccessBlock(
                f"{name}-private",
                region=args.region,
                bucket=bucket.bucket,
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
                opts=child,
            ),
            aws.s3.BucketOwnershipControls(
                f"{name}-ownership",
                region=args.region,
                bucket=bucket.bucket,
                rule={"object_ownership": "BucketOwnerEnforced"},
                opts=child,
            ),
            aws.s3.BucketServerSideEncryptionConfiguration(
                f"{name}-encrypted",
                region=args.region,
                bucket=bucket.bucket,
                rules=[
                    {
                        "apply_server_side_encryption_by_default": {
                            "sse_algorithm": "aws:kms",
                            "kms_master_key_id": key.arn,
                        },
                        "bucket_key_enabled": True,
                    }
                ],
                opts=child,
            ),
            aws.s3.BucketVersioning(
                f"{name}-versions",
                region=args.region,
                bucket=bucket.bucket,
                versioning_configuration={"status": "Enabled"},
                opts=child,
            ),
            aws.s3.BucketLifecycleConfiguration(
                f"{name}-lifecycle",
                region=args.region,
                bucket=bucket.bucket,
                rules=[_lifecycle(args.keep_days)],
                opts=child,
            ),
        ]


def _lifecycle(keep_days: int) -> dict[str, Any]:
    colder = (
        {"transitions": [{"days": _COLDER_AFTER_DAYS, "storage_class": "GLACIER_IR"}]}
        if keep_days > _COLDER_AFTER_DAYS
        else {}
    )
    return {
        "id": "audit",
        "status": "Enabled",
        # The whole bucket.
        "filter": {"prefix": ""},
        **colder,
        "expiration": {"days": keep_days},
        "noncurrent_version_expiration": {"noncurrent_days": 30},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
    }


def _policy(partition: str, account: str, bucket: str, trail: str) -> dict[str, Any]:
    arn = f"arn:{partition}:s3:::{bucket}"
    service = {"Service": _SERVICE}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AclCheck",
                "Effect": "Allow",
                "Principal": service,
                "Action": "s3:GetBucketAcl",
                "Resource": arn,
                "Condition": {"StringEquals": {"aws:SourceArn": trail}},
            },
            {
                "Sid": "Write",
                "Effect": "Allow",
                "Principal": service,
                "Action": "s3:PutObject",
                "Resource": f"{arn}/AWSLogs/{account}/*",
                "Condition": {
                    "StringEquals": {
                        "aws:SourceArn": trail,
                        "s3:x-amz-acl": "bucket-owner-full-control",
                    }
                },
            },
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }
