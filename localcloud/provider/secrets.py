"""Secrets, their versions, and generated passwords."""

from __future__ import annotations

import secrets
import string
from typing import Any

from localcloud.errors import DeployFailed
from localcloud.provider.kind import Kind, Outputs, Resource, retag
from localcloud.provider.mapping import Inputs


class Secret(Kind):
    """aws.secretsmanager.Secret"""

    token, service = "aws:secretsmanager/secret:Secret", "secretsmanager"
    creates, modifies = "CreateSecret", "UpdateSecret"
    absent = {"description": ""}
    ours = frozenset({"recoveryWindowInDays"})
    replaced_by = frozenset({"name", "namePrefix"})
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"ResourceNotFoundException"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_secret(**self.arguments(resource, self.creates))
        return made["ARN"], {"arn": made["ARN"]}

    def describe(self, resource: Resource) -> Outputs | None:
        found = self.client(resource).describe_secret(SecretId=resource.inputs["name"])
        return None if found.get("DeletedDate") else {"arn": found["ARN"]}

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return str(outputs["arn"])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        client = self.client(resource)
        if changed & {"description", "kmsKeyId"}:
            chosen = frozenset({"description", "kmsKeyId"})
            client.update_secret(**self.some(resource, self.modifies, chosen, SecretId=resource.id))
        retag(
            old,
            resource.inputs,
            lambda fresh: client.tag_resource(SecretId=resource.id, Tags=fresh),
            lambda stale: client.untag_resource(SecretId=resource.id, TagKeys=stale),
        )

    def delete(self, resource: Resource) -> None:
        if self.describe(resource) is None:
            return  # in its recovery window
        days = resource.inputs.get("recoveryWindowInDays")
        how: dict[str, Any] = (
            {"ForceDeleteWithoutRecovery": True}
            if days == 0
            else {"RecoveryWindowInDays": int(30 if days is None else days)}
        )
        self.client(resource).delete_secret(SecretId=resource.id, **how)


class SecretVersion(Kind):
    """aws.secretsmanager.SecretVersion"""

    token, service = "aws:secretsmanager/secretVersion:SecretVersion", "secretsmanager"
    creates = modifies = "PutSecretValue"
    replaced_by = frozenset({"secretId"})
    gone = frozenset({"ResourceNotFoundException", "InvalidRequestException"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).put_secret_value(**self.arguments(resource, self.creates))
        outputs = _version(made)
        return f"{made['ARN']}|{made['VersionId']}", outputs

    def describe(self, resource: Resource) -> Outputs | None:
        found = self.client(resource).get_secret_value(SecretId=resource.inputs["secretId"])
        return _version(found)

    def adopt(self, resource: Resource) -> tuple[str, Outputs] | None:
        # A version that is there may hold another value; putting it again costs nothing.
        return None

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self.client(resource).put_secret_value(**self.arguments(resource, self.modifies))

    def delete(self, resource: Resource) -> None:
        """The current version of a secret goes with the secret."""


class SecretRotation(Kind):
    """aws.secretsmanager.SecretRotation: of a secret that another service manages."""

    token, service = "aws:secretsmanager/secretRotation:SecretRotation", "secretsmanager"
    creates = modifies = "RotateSecret"
    ours = frozenset({"rotationEnabled", "rotateImmediately"})
    also_changes = frozenset({"rotationEnabled", "rotateImmediately"})
    replaced_by = frozenset({"secretId"})
    gone = frozenset({"ResourceNotFoundException"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self._schedule(resource)
        return str(resource.inputs["secretId"]), {}

    def describe(self, resource: Resource) -> Outputs | None:
        found = self.client(resource).describe_secret(SecretId=resource.inputs["secretId"])
        wanted = resource.inputs.get("rotationEnabled") is not False
        return None if wanted and not found.get("RotationEnabled") else {}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self._schedule(resource)

    def _schedule(self, resource: Resource) -> None:
        p, client = resource.inputs, self.client(resource)
        if p.get("rotationEnabled") is False:
            client.cancel_rotate_secret(SecretId=p["secretId"])
            return
        # AWS's provider rotates at once unless it is told not to.
        at_once = p.get("rotateImmediately") is not False
        client.rotate_secret(**self.arguments(resource, self.creates), RotateImmediately=at_once)

    def delete(self, resource: Resource) -> None:
        """What rotates the secret by itself is not asked to begin again, as AWS's provider does."""
        self.client(resource).cancel_rotate_secret(SecretId=resource.inputs["secretId"])


def master_user_secrets(found: Any) -> Outputs:
    """Where the password is that RDS manages, if it does."""
    secret = found.get("MasterUserSecret")
    if not secret:
        return {"masterUserSecrets": []}
    return {
        "masterUserSecrets": [
            {
                "kmsKeyId": secret.get("KmsKeyId"),
                "secretArn": secret["SecretArn"],
                "secretStatus": secret.get("SecretStatus"),
            }
        ]
    }


def _version(answer: Any) -> Outputs:
    return {
        "arn": answer["ARN"],
        "secretArn": answer["ARN"],
        "versionId": answer["VersionId"],
        "hasSecretStringWo": False,
    }


class RandomPassword(Kind):
    """random.RandomPassword: made here, kept in the state, in no cloud."""

    token, service = "random:index/randomPassword:RandomPassword", ""
    _classes = (
        ("lower", "minLower", string.ascii_lowercase),
        ("upper", "minUpper", string.ascii_uppercase),
        ("numeric", "minNumeric", string.digits),
        ("special", "minSpecial", "!@#$%&*()-_=+[]{}<>:?"),
    )
    _known = frozenset(
        {
            "length", "overrideSpecial", "keepers", "number",
            *(name for row in _classes for name in row[:2]),
        }
    )  # fmt: skip
    replaced_by = _known

    def unknown(self, inputs: Inputs) -> frozenset[str]:
        """Properties that mean nothing to us."""
        return frozenset(inputs) - self._known

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        return "none", {"result": _generate(resource.inputs, self._classes)}

    def read(self, resource: Resource) -> Outputs | None:
        return dict(resource.outputs) if resource.outputs else None

    def adopt(self, resource: Resource) -> tuple[str, Outputs] | None:
        return None

    def remove(self, resource: Resource) -> None:
        """It is only in the state."""


def _generate(p: Inputs, classes: tuple[tuple[str, str, str], ...]) -> str:
    chosen: list[str] = []
    alphabet = ""
    for switch, least, characters in classes:
        if p.get(switch) is False:
            continue
        wanted = p.get("overrideSpecial") if switch == "special" else None
        usable = wanted or characters
        alphabet += usable
        chosen += [secrets.choice(usable) for _ in range(int(p.get(least) or 0))]
    length = int(p["length"])
    if not alphabet or len(chosen) > length:
        raise DeployFailed(f"a password of {length} characters cannot have what is asked of it")
    chosen += [secrets.choice(alphabet) for _ in range(length - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)
