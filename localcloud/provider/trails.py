"""CloudTrail, and the bucket it writes to with all that S3 keeps apart from a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from localcloud.provider.kind import Kind, Outputs, Resource, retag
from localcloud.provider.mapping import Inputs


class Trail(Kind):
    """aws.cloudtrail.Trail"""

    token, service = "aws:cloudtrail/trail:Trail", "cloudtrail"
    creates, modifies = "CreateTrail", "UpdateTrail"
    names = {
        "enableLogFileValidation": "EnableLogFileValidation",
        "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
        "tags": "TagsList",
    }
    ours = frozenset({"enableLogging"})
    also_changes = frozenset({"tags", "enableLogging"})
    defaults = {"enableLogging": True, "includeGlobalServiceEvents": True}
    replaced_by = frozenset({"name"})
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"TrailNotFoundException"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_trail(**self.arguments(resource, self.creates))
        return made["TrailARN"], {"arn": made["TrailARN"]}

    def complete(self, resource: Resource) -> Outputs:
        self._log(resource)
        return super().complete(resource)

    def describe(self, resource: Resource) -> Outputs | None:
        found = self.client(resource).get_trail(Name=resource.inputs["name"])["Trail"]
        return {"arn": found["TrailARN"]}

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return str(outputs["arn"])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        client = self.client(resource)
        rest = changed - {"tags", "enableLogging"}
        if rest:
            client.update_trail(**self.some(resource, self.modifies, rest | {"name"}))
        if "enableLogging" in changed:
            self._log(resource)
        retag(
            old,
            resource.inputs,
            lambda fresh: client.add_tags(ResourceId=resource.id, TagsList=fresh),
            lambda stale: client.remove_tags(
                ResourceId=resource.id, TagsList=[{"Key": key} for key in stale]
            ),
        )

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_trail(Name=resource.inputs["name"])

    def _log(self, resource: Resource) -> None:
        client, name = self.client(resource), resource.inputs["name"]
        if resource.inputs.get("enableLogging"):
            client.start_logging(Name=name)
        else:
            client.stop_logging(Name=name)


class Bucket(Kind):
    """aws.s3.Bucket"""

    token, service = "aws:s3/bucket:Bucket", "s3"
    replaced_by = frozenset({"bucket", "bucketPrefix"})
    auto_named = "bucket"
    identified_by = ("bucket",)
    gone = frozenset({"NoSuchBucket", "404"})

    def unknown(self, inputs: Inputs) -> frozenset[str]:
        return frozenset(inputs) - {"bucket", "forceDestroy", "tags", "region"}

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        client, name = self.client(resource), resource.inputs["bucket"]
        where = client.meta.region_name
        # The one region that S3 does not want to be told.
        here = {} if where == "us-east-1" else {"LocationConstraint": where}
        client.create_bucket(Bucket=name, **({"CreateBucketConfiguration": here} if here else {}))
        return name, _bucket(name, where)

    def complete(self, resource: Resource) -> Outputs:
        self._tag(resource)
        return super().complete(resource)

    def describe(self, resource: Resource) -> Outputs | None:
        client, name = self.client(resource), resource.inputs["bucket"]
        client.head_bucket(Bucket=name)
        return _bucket(name, client.meta.region_name)

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        if "tags" in changed:
            self._tag(resource)

    def delete(self, resource: Resource) -> None:
        client, name = self.client(resource), resource.inputs["bucket"]
        if resource.inputs.get("forceDestroy"):
            for found in client.list_object_versions(Bucket=name).get("Versions", []):
                client.delete_object(Bucket=name, Key=found["Key"], VersionId=found["VersionId"])
        client.delete_bucket(Bucket=name)

    def _tag(self, resource: Resource) -> None:
        client, name = self.client(resource), resource.inputs["bucket"]
        tags = resource.inputs.get("tags") or {}
        if tags:
            pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
            client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs})
        else:
            client.delete_bucket_tagging(Bucket=name)


def _bucket(name: str, region: str) -> Outputs:
    return {
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegion": region,
    }


class _Part(Kind):
    """Something that is put on a bucket, and goes with it."""

    service = "s3"
    property_names: ClassVar[frozenset[str]]
    puts: ClassVar[str]
    gets: ClassVar[str]
    deletes: ClassVar[str] = ""
    member: ClassVar[str]
    """What the API calls it in the put."""
    replaced_by = frozenset({"bucket"})
    identified_by = ("bucket",)

    def unknown(self, inputs: Inputs) -> frozenset[str]:
        return frozenset(inputs) - self.property_names - {"bucket", "region"}

    def value(self, inputs: Inputs) -> Any:
        """What is put."""
        raise NotImplementedError

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self._put(resource)
        return resource.inputs["bucket"], {}

    def describe(self, resource: Resource) -> Outputs | None:
        try:
            getattr(self.client(resource), self.gets)(Bucket=resource.inputs["bucket"])
        except ClientError as error:
            if error.response["Error"]["Code"].startswith(("NoSuch", "404")):
                return None
            if "NotFound" in error.response["Error"]["Code"]:
                return None
            raise
        return {}

    def adopt(self, resource: Resource) -> tuple[str, Outputs] | None:
        # Another value may be there; putting ours again costs nothing.
        return None

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self._put(resource)

    def delete(self, resource: Resource) -> None:
        if self.deletes and self.describe(resource) is not None:
            getattr(self.client(resource), self.deletes)(Bucket=resource.inputs["bucket"])

    def _put(self, resource: Resource) -> None:
        put = getattr(self.client(resource), self.puts)
        put(Bucket=resource.inputs["bucket"], **{self.member: self.value(resource.inputs)})


class BucketPublicAccessBlock(_Part):
    """aws.s3.BucketPublicAccessBlock"""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    puts, gets, deletes = (f"{verb}_public_access_block" for verb in ("put", "get", "delete"))
    member = "PublicAccessBlockConfiguration"
    _settings: ClassVar[Mapping[str, str]] = {
        "blockPublicAcls": "BlockPublicAcls",
        "blockPublicPolicy": "BlockPublicPolicy",
        "ignorePublicAcls": "IgnorePublicAcls",
        "restrictPublicBuckets": "RestrictPublicBuckets",
    }
    property_names = frozenset(_settings)

    def value(self, inputs: Inputs) -> Any:
        return {member: bool(inputs.get(prop)) for prop, member in self._settings.items()}


class BucketOwnershipControls(_Part):
    """aws.s3.BucketOwnershipControls"""

    token = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    puts, gets, deletes = (f"{verb}_bucket_ownership_controls" for verb in ("put", "get", "delete"))
    member = "OwnershipControls"
    property_names = frozenset({"rule"})

    def value(self, inputs: Inputs) -> Any:
        return {"Rules": [{"ObjectOwnership": inputs["rule"]["objectOwnership"]}]}


class BucketServerSideEncryptionConfiguration(_Part):
    """aws.s3.BucketServerSideEncryptionConfiguration"""

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    puts, gets, deletes = (f"{verb}_bucket_encryption" for verb in ("put", "get", "delete"))
    member = "ServerSideEncryptionConfiguration"
    property_names = frozenset({"rules"})

    def value(self, inputs: Inputs) -> Any:
        return {"Rules": [_encryption(rule) for rule in inputs["rules"]]}


def _encryption(rule: Mapping[str, Any]) -> dict[str, Any]:
    how = rule["applyServerSideEncryptionByDefault"]
    chosen = {"SSEAlgorithm": how["sseAlgorithm"]}
    if how.get("kmsMasterKeyId"):
        chosen["KMSMasterKeyID"] = how["kmsMasterKeyId"]
    return {
        "ApplyServerSideEncryptionByDefault": chosen,
        "BucketKeyEnabled": bool(rule.get("bucketKeyEnabled")),
    }


class BucketVersioning(_Part):
    """aws.s3.BucketVersioning"""

    token = "aws:s3/bucketVersioning:BucketVersioning"
    puts, gets = "put_bucket_versioning", "get_bucket_versioning"
    member = "VersioningConfiguration"
    property_names = frozenset({"versioningConfiguration"})

    def value(self, inputs: Inputs) -> Any:
        return {"Status": inputs["versioningConfiguration"]["status"]}


class BucketLifecycleConfiguration(_Part):
    """aws.s3.BucketLifecycleConfiguration"""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    puts = "put_bucket_lifecycle_configuration"
    gets, deletes = "get_bucket_lifecycle_configuration", "delete_bucket_lifecycle"
    member = "LifecycleConfiguration"
    property_names = frozenset({"rules"})

    def value(self, inputs: Inputs) -> Any:
        return {"Rules": [_lifecycle(rule) for rule in inputs["rules"]]}


def _lifecycle(rule: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ID": rule["id"],
        "Status": rule["status"],
        "Filter": {"Prefix": (rule.get("filter") or {}).get("prefix") or ""},
    }
    if rule.get("transitions"):
        found["Transitions"] = [
            {"Days": int(t["days"]), "StorageClass": t["storageClass"]} for t in rule["transitions"]
        ]
    if rule.get("expiration"):
        found["Expiration"] = {"Days": int(rule["expiration"]["days"])}
    if rule.get("noncurrentVersionExpiration"):
        days = int(rule["noncurrentVersionExpiration"]["noncurrentDays"])
        found["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    if rule.get("abortIncompleteMultipartUpload"):
        days = int(rule["abortIncompleteMultipartUpload"]["daysAfterInitiation"])
        found["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return found


class BucketPolicy(_Part):
    """aws.s3.BucketPolicy"""

    token = "aws:s3/bucketPolicy:BucketPolicy"
    puts, gets, deletes = (f"{verb}_bucket_policy" for verb in ("put", "get", "delete"))
    member = "Policy"
    property_names = frozenset({"policy"})

    def value(self, inputs: Inputs) -> Any:
        return inputs["policy"]
