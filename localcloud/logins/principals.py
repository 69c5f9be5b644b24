"""Who signed something, by the access key's id: the secret, the session, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from localcloud.logins.policies import allows
from localcloud.site import ACCESS_KEY_ID, ACCOUNT_ID, SECRET_ACCESS_KEY
from localcloud.state import MotoState


@dataclass(frozen=True)
class Principal:
    """A caller. ``policies`` are documents; ``None`` of the account's own key, which may all."""

    name: str
    secret: str = field(repr=False)
    session: str | None = field(default=None, repr=False)
    policies: tuple[str, ...] | None = None

    def may(self, action: str, resource: str) -> bool:
        """Whether its policies allow it."""
        return self.policies is None or allows(self.policies, action, resource)


class Principals:
    """The local cloud's own key, and roles that somebody has assumed."""

    def __init__(self, state: MotoState) -> None:
        self._state = state

    def find(self, key: str) -> Principal | None:
        """The holder of an access key that is good now."""
        if key == ACCESS_KEY_ID:
            return Principal("the account's own key", SECRET_ACCESS_KEY)
        from moto.iam import iam_backends
        from moto.sts.models import sts_backends

        with self._state.lock:
            role = sts_backends[ACCOUNT_ID]["aws"].get_assumed_role_from_access_key(key)
            if role is None or role.expiration.replace(tzinfo=UTC) < datetime.now(UTC):
                return None
            name = role.role_arn.rpartition("/")[2]
            iam = iam_backends[ACCOUNT_ID]["aws"]
            # moto lets one assume a role that is not there, which may nothing.
            known = next((each for each in iam.get_roles() if each.name == name), None)
            policies: list[str] = []
            if known is not None:
                policies += known.policies.values()
                policies += [attached.document for attached in known.managed_policies.values()]
            return Principal(name, role.secret_access_key, role.session_token, tuple(policies))
