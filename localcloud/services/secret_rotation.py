"""Rotation of the secrets that RDS manages: the password of the server really changes."""

from __future__ import annotations

import logging
import secrets as random
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations
from localcloud.errors import LocalCloudError
from localcloud.fleet import Fleet, Ref
from localcloud.records import Record
from localcloud.services.context import Cloud
from localcloud.services.rds_proxy_targets import ProxyTargets
from localcloud.services.secrets import PENDING, Secrets

log = logging.getLogger(__name__)

MEMBER = "MasterUserSecret"
"""Of the record of a database whose password RDS manages."""
_LENGTH = 28


@dataclass(frozen=True)
class Kind:
    """What differs between an instance and a cluster: names, and who has the servers."""

    record: str
    noun: str
    identifier: str
    secret: str
    servers: Callable[[Fleet], Any]


KINDS = (
    Kind("instance", "DBInstance", "DBInstanceIdentifier", "db", lambda fleet: fleet.instances),
    Kind("cluster", "DBCluster", "DBClusterIdentifier", "cluster", lambda fleet: fleet.clusters),
)


class SecretRotation:
    """The operations of Secrets Manager that RDS has a say in, and the rotation itself."""

    def __init__(self, cloud: Cloud, secrets: Secrets, targets: ProxyTargets) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._secrets = secrets
        self._targets = targets
        self._one_at_a_time = threading.Lock()

    def register(self, operations: Operations) -> None:
        """Answer what rotates, and look at what changes a secret."""
        operations.handle("secretsmanager", "RotateSecret", self._rotate)
        operations.handle("secretsmanager", "CancelRotateSecret", self._no_more)
        for operation in ("PutSecretValue", "UpdateSecret", "DeleteSecret"):
            operations.check_before("secretsmanager", operation, self._check_owner)
        for operation in ("PutSecretValue", "UpdateSecret"):
            operations.then("secretsmanager", operation, self._told)

    def settle(self) -> None:
        """Finish the rotations that a kill cut short: a server may have the new password."""
        for kind in KINDS:
            for record in self._records.all(kind.record):
                arn = record.get(MEMBER, {}).get("SecretArn")
                if arn and self._secrets.facts(arn, PENDING):
                    try:
                        self._finish(kind, record)
                    except LocalCloudError as error:
                        # The next rotation begins anew.
                        log.warning("the rotation of %s is not finished: %s", arn, error)

    def renew(self, kind: Kind, record: Record) -> None:
        """Another password, on the server and in the secret."""
        status = record.get("DBInstanceStatus") or record.get("Status")
        if status != "available":
            raise ApiError("InvalidRequestException", f"The database is {status}.")
        with self._one_at_a_time:
            arn = record[MEMBER]["SecretArn"]
            before = self._secrets.facts(arn) or {}
            self._secrets.propose(arn, before | {"password": new_password()})
            self._finish(kind, record)

    def _finish(self, kind: Kind, record: Record) -> None:
        """First the server, then the secret: what a secret says has been let in once."""
        arn = record[MEMBER]["SecretArn"]
        proposed = self._secrets.facts(arn, PENDING)
        assert proposed is not None
        ref = Ref(record["_region"], record[kind.identifier])
        kind.servers(self._cloud.fleet).set_password(ref, proposed["password"])
        self._secrets.accept(arn)
        self._targets.admit_anew(arn)

    def tell_proxies(self, kind: Kind, record: Record) -> None:
        """A database has another password."""
        self._targets.admit_anew(None, {"kind": kind.record, "identifier": record[kind.identifier]})

    def _owner(self, call: Call) -> tuple[Kind, Record] | None:
        secret = self._secrets.find(call.region, str(call.params["SecretId"]))
        if secret is None:
            return None
        for kind in KINDS:
            for record in self._records.all(kind.record):
                if record.get(MEMBER, {}).get("SecretArn") == secret.arn:
                    return kind, record
        return None

    def _check_owner(self, call: Call) -> None:
        if self._owner(call) is not None:
            raise ApiError(
                "InvalidRequestException",
                f"{call.operation}: the secret is managed by rds; change its database instead.",
            )

    def _need(self, call: Call) -> Any:
        secret = self._secrets.find(call.region, str(call.params["SecretId"]))
        if secret is None:
            raise ApiError(
                "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
            )
        return secret

    def _no_more(self, call: Call) -> Answer:
        secret = self._need(call)
        if self._owner(call) is None:
            raise ApiError("InvalidRequestException", f"{secret.name} is not rotated.")
        self._secrets.schedule(secret.arn, {})
        return {"ARN": secret.arn, "Name": secret.name}

    def _rotate(self, call: Call) -> Answer:
        p = call.params
        found = self._owner(call)
        if found is None:
            self._need(call)
            raise ApiError(
                "InvalidRequestException",
                "The local cloud runs no rotation function: it rotates master passwords that RDS "
                "manages. Put another value instead.",
            )
        secret = self._need(call)
        if p.get("RotationLambdaARN"):
            raise ApiError(
                "InvalidRequestException", "A secret that rds manages takes no rotation function."
            )
        given = p.get("RotationRules") or {}
        days = given.get("AutomaticallyAfterDays")
        if given and (days is None) == (not given.get("ScheduleExpression")):
            raise ApiError(
                "InvalidParameterException",
                "RotationRules has either AutomaticallyAfterDays or ScheduleExpression.",
            )
        if days is not None and not 1 <= days <= 1000:
            raise ApiError(
                "InvalidParameterException",
                "RotationRules.AutomaticallyAfterDays must be within 1-1000.",
            )
        if given:
            self._secrets.schedule(secret.arn, given)
        if p.get("RotateImmediately") is not False:
            self.renew(*found)
        return {"ARN": secret.arn, "Name": secret.name, "VersionId": secret.default_version_id}

    def _told(self, call: Call) -> None:
        secret = self._secrets.find(call.region, str(call.params["SecretId"]))
        if secret is not None:
            self._targets.admit_anew(secret.arn)


def new_password() -> str:
    """One that every engine takes."""
    alphabet = string.ascii_letters + string.digits
    chosen = [random.choice(alphabet) for _ in range(_LENGTH - 3)]
    # Oracle and SQL Server ask for several kinds of characters.
    chosen += [random.choice(kind) for kind in (string.ascii_lowercase, string.ascii_uppercase)]
    return "".join([*chosen, random.choice(string.digits)])
