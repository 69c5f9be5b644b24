"""Secrets that a service manages: moto keeps them, and a change is on disk when it is made."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from moto.secretsmanager import secretsmanager_backends
from moto.secretsmanager.exceptions import SecretsManagerClientError

from localcloud.services.surroundings import region_of
from localcloud.site import ACCOUNT_ID
from localcloud.state import MotoState

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
_DAY_S = 86_400


class Secrets:
    """The secrets of Secrets Manager."""

    def __init__(self, state: MotoState) -> None:
        self._state = state

    def make(self, owner: str, region: str, name: str, facts: Mapping[str, str], key: str) -> str:
        """The ARN of a new secret that the service ``owner`` manages."""
        with self._changed():
            backend = secretsmanager_backends[ACCOUNT_ID][region]
            text = json.dumps(dict(facts))
            made = backend.create_managed_secret(owner, name, text, kms_key_id=key)
            return str(made.arn)

    def find(self, region: str, wanted: str) -> Any | None:
        """Moto's secret of a name or ARN, ``None`` when there is none."""
        with self._state.lock:
            backend = secretsmanager_backends[ACCOUNT_ID][region_of(wanted, region)]
            return backend.secrets.get(wanted)

    def facts(self, arn: str, stage: str = CURRENT) -> dict[str, str] | None:
        """What a secret holds at ``stage``, ``None`` when it holds nothing there."""
        with self._state.lock:
            backend = secretsmanager_backends[ACCOUNT_ID][region_of(arn, "")]
            try:
                text = backend.get_secret_value(arn, "", stage)["SecretString"]
            except SecretsManagerClientError:
                return None
        found: dict[str, str] = json.loads(text)
        return found

    def propose(self, arn: str, facts: Mapping[str, str]) -> None:
        """Keep what is to be the secret's value, beside the current one."""
        with self._changed():
            backend = secretsmanager_backends[ACCOUNT_ID][region_of(arn, "")]
            backend._add_secret(
                backend.secrets[arn].secret_id,
                secret_string=json.dumps(dict(facts)),
                description=backend.secrets[arn].description,
                tags=backend.secrets[arn].tags,
                version_stages=[PENDING],
            )

    def accept(self, arn: str) -> None:
        """What was proposed is the secret's value now; the one before is kept as the previous."""
        with self._changed():
            secret = secretsmanager_backends[ACCOUNT_ID][region_of(arn, "")].secrets[arn]
            number, version = next(
                (n, v) for n, v in secret.versions.items() if PENDING in v["version_stages"]
            )
            secret.reset_default_version(version | {"version_stages": [CURRENT]}, number)
            secret.last_rotation_date = secret.last_changed_date = int(time.time())
            self._next(secret)

    def schedule(self, arn: str, rules: Mapping[str, Any]) -> None:
        """Rotate by these rules from now on; none at all is to rotate no more."""
        with self._changed():
            secret = secretsmanager_backends[ACCOUNT_ID][region_of(arn, "")].secrets[arn]
            secret.rotation_requested = True
            secret.rotation_enabled = bool(rules)
            secret.auto_rotate_after_days = int(rules.get("AutomaticallyAfterDays") or 0)
            self._next(secret)

    def remove(self, arn: str) -> None:
        """Delete a secret at once, as the service that manages it does."""
        with self._changed():
            secretsmanager_backends[ACCOUNT_ID][region_of(arn, "")].secrets.pop(arn)

    @staticmethod
    def _next(secret: Any) -> None:
        days = secret.auto_rotate_after_days if secret.rotation_enabled else 0
        secret.next_rotation_date = int(time.time()) + days * _DAY_S if days else None

    @contextmanager
    def _changed(self) -> Iterator[None]:
        with self._state.lock:
            yield
            ticket = self._state.ticket()
        self._state.secure(ticket)
