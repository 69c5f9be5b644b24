"""Master passwords that RDS manages, each in a secret of RDS's own.

It answers the operations of instances and clusters that have to do with them, and asks the
modules that answered them before for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from localcloud.api import Answer, Call, Handler, Operations
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud
from localcloud.services.secret_rotation import KINDS, MEMBER, Kind, SecretRotation, new_password
from localcloud.services.secrets import Secrets
from localcloud.services.surroundings import key_arn, name_of, region_of

_MANAGE, _PASSWORD = "ManageMasterUserPassword", "MasterUserPassword"
_KEY = "MasterUserSecretKmsKeyId"
_EVERY = {"AutomaticallyAfterDays": 7}
"""RDS's own schedule."""


class MasterPasswords:
    """Creates and deletes the secrets."""

    def __init__(self, cloud: Cloud, secrets: Secrets, rotation: SecretRotation) -> None:
        self._records = cloud.records
        self._secrets = secrets
        self._rotation = rotation

    def register(self, operations: Operations) -> None:
        """Take over what has to do with master passwords."""
        for kind in KINDS:
            for verb, answer in (
                ("Create", self._create),
                ("Modify", self._modify),
                ("Delete", self._delete),
            ):
                self._take_over(operations, f"{verb}{kind.noun}", kind, answer)
        operations.check_before("rds", "CreateDBInstanceReadReplica", self._check_replica)
        operations.check_before("rds", "CreateGlobalCluster", self._check_worldwide)

    @staticmethod
    def _take_over(
        operations: Operations,
        operation: str,
        kind: Kind,
        answer: Callable[[Kind, Call, Handler], Answer],
    ) -> None:
        before = operations.own[("rds", operation)]
        operations.take_over("rds", operation, lambda call: answer(kind, call, before))

    def _create(self, kind: Kind, call: Call, then: Handler) -> Answer:
        p = call.params
        if not p.get(_MANAGE):
            if p.get(_KEY):
                raise rules.combination(f"{_KEY} needs {_MANAGE}.")
            return then(call)
        if p.get(_PASSWORD):
            raise rules.combination(f"You can't specify {_PASSWORD} when {_MANAGE} is enabled.")
        if p.get("DBClusterIdentifier") and kind.record == "instance":
            raise rules.combination("The master user password is the DB cluster's.")
        if p.get("GlobalClusterIdentifier"):
            raise rules.combination(
                f"{_MANAGE} isn't supported for DB clusters in a global database."
            )
        return self._managed(kind, call, str(p.get("MasterUsername")), then)

    def _managed(self, kind: Kind, call: Call, username: str, then: Handler) -> Answer:
        """What ``then`` answers when it is given a password from a new secret."""
        password, params = new_password(), call.params
        key = key_arn(call.region, params.get(_KEY), "secretsmanager")
        facts = {"username": username, "password": password}
        arn = self._secrets.make("rds", call.region, f"rds!{kind.secret}-{uuid4()}", facts, key)
        self._secrets.schedule(arn, _EVERY)
        try:
            answer = then(replace(call, params=params | {_PASSWORD: password}))
        except BaseException:
            self._secrets.remove(arn)
            raise
        return self._with_secret(kind, call, answer, arn, key)

    def _with_secret(
        self, kind: Kind, call: Call, answer: Answer, arn: str | None, key: str
    ) -> Answer:
        name = name_of(call.params[kind.identifier]).lower()
        shown = {"SecretArn": arn, "SecretStatus": "active", "KmsKeyId": key} if arn else None
        self._records.update(kind.record, call.region, name, **{MEMBER: shown})
        kept = {k: v for k, v in answer[kind.noun].items() if k != MEMBER}
        return {kind.noun: kept | ({MEMBER: shown} if shown else {})}

    def _modify(self, kind: Kind, call: Call, then: Handler) -> Answer:
        p = call.params
        name = name_of(p[kind.identifier]).lower()
        record = self._records.get(kind.record, call.region, name) or {}
        secret = record.get(MEMBER)
        manage, password = p.get(_MANAGE), p.get(_PASSWORD)
        if password and (manage or (secret and manage is None)):
            raise rules.combination(f"You can't specify {_PASSWORD} when {_MANAGE} is enabled.")
        if secret and manage is False and not password:
            raise rules.combination(f"{_PASSWORD} is required when {_MANAGE} is turned off.")
        if p.get("RotateMasterUserPassword"):
            if not secret:
                raise rules.combination(f"RotateMasterUserPassword needs {_MANAGE}.")
            if not p.get("ApplyImmediately") and kind.record == "instance":
                raise rules.combination("RotateMasterUserPassword needs ApplyImmediately.")
            self._rotation.renew(kind, record)
        if manage and record and not secret:
            return self._begin(kind, call, record, then)
        answer = then(call)
        if secret and manage is False:
            self._secrets.remove(secret["SecretArn"])
            answer = self._with_secret(kind, call, answer, None, "")
        if password:
            self._rotation.tell_proxies(kind, record)
        return answer

    def _begin(self, kind: Kind, call: Call, record: Record, then: Handler) -> Answer:
        if record.get("ReadReplicaDBInstanceIdentifiers") or "_source" in record:
            raise rules.combination(f"{_MANAGE} isn't supported for an instance with replicas.")
        if any(record["_arn"] in str(each) for each in self._records.all("global-cluster")):
            raise rules.combination(
                f"{_MANAGE} isn't supported for DB clusters in a global database."
            )
        answer = self._managed(kind, call, record["MasterUsername"], then)
        self._rotation.tell_proxies(kind, record)
        return answer

    def _delete(self, kind: Kind, call: Call, then: Handler) -> Answer:
        name = name_of(call.params[kind.identifier]).lower()
        record = self._records.get(kind.record, call.region, name) or {}
        answer = then(call)
        if record.get(MEMBER):
            self._secrets.remove(record[MEMBER]["SecretArn"])
        return answer

    def _check_replica(self, call: Call) -> None:
        wanted = call.params["SourceDBInstanceIdentifier"]
        region = region_of(wanted, call.region)
        source = self._records.get("instance", region, name_of(wanted)) or {}
        if source.get(MEMBER):
            raise rules.refuse(
                f"Creating read replicas for source instance with engine {source['Engine']} where "
                f"{_MANAGE} is enabled is not supported"
            )

    def _check_worldwide(self, call: Call) -> None:
        wanted = call.params.get("SourceDBClusterIdentifier")
        if wanted:
            region = region_of(wanted, call.region)
            source = self._records.get("cluster", region, name_of(wanted)) or {}
            if source.get(MEMBER):
                raise rules.combination(
                    f"{_MANAGE} isn't supported for DB clusters in a global database."
                )
