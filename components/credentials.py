"""A generated password in Secrets Manager."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.keys import RegionKey
from components.tags import tags

SPECIALS = "!&#$^<>-"
"""What ElastiCache allows in an auth token; RDS, which refuses ``/ " @`` and space, takes all."""


@dataclass(frozen=True)
class CredentialsArgs:
    """``password_key`` is the password's key in the secret's JSON, ``facts`` are the others.

    ``disposable`` secrets are deleted at once, others can be had back for 30 days. ``specials``
    are the password's characters besides letters and digits. Another day ``rotated`` is another
    password.
    """

    key: RegionKey
    description: str
    password_key: str = "password"
    facts: Mapping[str, str] = field(default_factory=dict)
    disposable: bool = False
    length: int = 32
    specials: str = SPECIALS
    rotated: datetime.date | None = None


class Credentials(pulumi.ComponentResource):
    """A random password, kept as JSON in a secret that the region's key encrypts.

    For what RDS makes none for: caches, and databases whose password another resource must know.

    Creates: a random password, a secret, its version. Costs 0.40 USD a secret and month plus
    0.05 USD for 10,000 calls. The password is in the Pulumi state, encrypted.
    """

    password: pulumi.Output[str]
    secret_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:Credentials", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        password = random.RandomPassword(
            f"{name}-password",
            length=args.length,
            override_special=args.specials,
            min_lower=1,
            min_upper=1,
            min_numeric=1,
            keepers={"rotated": args.rotated.isoformat()} if args.rotated else None,
            opts=child,
        )
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            region=args.key.region,
            description=args.description,
            kms_key_id=args.key.arn,
            recovery_window_in_days=0 if args.disposable else 30,
            tags=tags(name),
            opts=child,
        )
        content = pulumi.Output.json_dumps({**args.facts, args.password_key: password.result})
        version = aws.secretsmanager.SecretVersion(
            f"{name}-version",
            region=args.key.region,
            secret_id=secret.arn,
            secret_string=content,
            opts=child,
        )
        self.password = password.result
        # Through the version: whoever has the ARN finds a password in the secret.
        self.secret_arn = version.secret_arn
        self.register_outputs({"secretArn": self.secret_arn})
