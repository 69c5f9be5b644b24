"""A password that RDS makes, keeps in a secret of its own, and rotates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.keys import RegionKey
from specs.passwords import RDS_S_OWN, Never, Rotation


@dataclass(frozen=True)
class ManagedCredentialsArgs:
    """``secrets`` are those that RDS says the database has; ``after`` whom a rotation waits for."""

    region: str
    secrets: pulumi.Output[Any]
    rotation: Rotation
    after: Sequence[pulumi.Resource] = ()


class ManagedCredentials(pulumi.ComponentResource):
    """The secret of a master user that RDS manages, and when it is rotated.

    Creates: the rotation, unless it is RDS's own of every seven days. Costs 0.40 USD a secret
    and month plus 0.05 USD for 10,000 calls. The password is in no state.
    Fails: in a rotation the secret has the password before for some seconds, and a login with it
    is refused; who reads the secret anew gets in. Without this resource RDS goes on as it was
    last told: a destroy does not begin a rotation again that was switched off.
    """

    secret_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ManagedCredentialsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:ManagedCredentials", name, None, opts)
        self.secret_arn = args.secrets.apply(lambda found: str(found[0].secret_arn))
        if args.rotation != RDS_S_OWN:
            aws.secretsmanager.SecretRotation(
                f"{name}-rotation",
                region=args.region,
                secret_id=self.secret_arn,
                **_rules(args.rotation),
                # A secret of a cluster can be rotated when there is somebody to log in to.
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
            )
        self.register_outputs({"secretArn": self.secret_arn})


def managed(key: RegionKey) -> dict[str, Any]:
    """Arguments of an instance or a cluster whose password RDS makes."""
    return {"manage_master_user_password": True, "master_user_secret_kms_key_id": key.arn}


def _rules(rotation: Rotation) -> dict[str, Any]:
    if isinstance(rotation, Never):
        return {"rotation_enabled": False}
    # RDS has made the password a moment ago.
    return {"rotation_rules": dict(rotation.rules), "rotate_immediately": False}
