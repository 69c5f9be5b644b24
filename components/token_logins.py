"""Logins by a token of IAM: that a database takes them, and which roles may have one for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.errors import ComponentError
from specs.token_logins import Connect


@dataclass(frozen=True)
class Server:
    """An instance or a cluster, by its ARN and by the id that RDS never uses again."""

    arn: pulumi.Output[str]
    resource_id: pulumi.Output[str]


class TokenLogins(pulumi.ComponentResource):
    """Base of the databases that may take tokens in place of a password."""

    _name: str
    _servers: Sequence[Server] = ()
    """None when it takes no tokens."""

    def allow_connect(self, role: aws.iam.Role | str, user: str) -> aws.iam.RolePolicy:
        """Let ``role``, or the one of this name, log in as exactly one user of the database.

        The user is made in SQL, not here. `ComponentError` when the database takes no tokens.
        """
        if not self._servers:
            raise ComponentError(
                f"{self._name}: takes no tokens, so {user!r} cannot log in by one; add "
                "iam_auth: true to its config"
            )
        named = role if isinstance(role, str) else role.pulumi_resource_name
        users = [
            pulumi.Output.all(server.arn, server.resource_id).apply(
                lambda known: _user_arn(known[0], known[1], user)
            )
            for server in self._servers
        ]
        statement = {"Effect": "Allow", "Action": "rds-db:connect", "Resource": users}
        return aws.iam.RolePolicy(
            f"{self._name}-connect-{named}-{user}",
            role=role if isinstance(role, str) else role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]}),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _take_tokens(self, servers: Sequence[Server], connect: Iterable[Connect]) -> None:
        self._servers = servers
        for each in connect:
            self.allow_connect(each.role, each.user)


def takes_tokens(wanted: bool) -> dict[str, Any]:
    """Argument of an instance or a cluster; none where nobody asked."""
    return {"iam_database_authentication_enabled": True} if wanted else {}


def _user_arn(server: str, resource_id: str, user: str) -> str:
    arn, partition, _, region, account, *_ = server.split(":")
    return f"{arn}:{partition}:rds-db:{region}:{account}:dbuser:{resource_id}/{user}"
