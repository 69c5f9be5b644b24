"""The users of one cache and the group that lets them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.credentials import SPECIALS, Credentials, CredentialsArgs
from components.keys import RegionKey
from components.tags import tags
from specs.cache_access import CacheUser, user_id


@dataclass(frozen=True)
class CacheUsersArgs:
    """``identifier`` is the cache's; its users' ids begin with it. ``engine``: redis or valkey."""

    identifier: str
    engine: str
    users: Sequence[CacheUser]
    key: RegionKey
    disposable: bool = False


class CacheUsers(pulumi.ComponentResource):
    """Users with generated passwords, each in a secret of its own, and their group.

    A group of Redis must hold a user whose name is ``default`` (DefaultUserRequired); ours is
    switched off and has a password that nobody is told. A group of Valkey needs none: there the
    engine's own default user is off.

    Creates: credentials and a user for each of the users, for Redis the default user with its
    password, the group. Costs nothing but the secrets. A changed access string applies to
    connections that are open.
    """

    group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: CacheUsersArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:CacheUsers", name, None, opts)
        self._users = args.users
        child = pulumi.ResourceOptions(parent=self)
        self._credentials = {
            user.name: Credentials(
                f"{name}-{user.name}",
                CredentialsArgs(
                    key=args.key,
                    description=f"User {user.name} of {args.identifier}",
                    facts={"username": user.name},
                    disposable=args.disposable,
                    rotated=user.rotated,
                ),
                child,
            )
            for user in args.users
        }
        members = [
            aws.elasticache.User(
                f"{name}-{user.name}-user",
                region=args.key.region,
                user_id=user_id(args.identifier, user.name),
                user_name=user.name,
                engine=args.engine,
                access_string=user.access_string,
                passwords=[self._credentials[user.name].password],
                tags=tags(user_id(args.identifier, user.name)),
                opts=child,
            )
            for user in args.users
        ]
        if args.engine == "redis":
            members.append(self._default(name, args, child))
        group = aws.elasticache.UserGroup(
            f"{name}-group",
            region=args.key.region,
            user_group_id=f"{args.identifier}-users",
            engine=args.engine,
            user_ids=[member.user_id for member in members],
            tags=tags(f"{args.identifier}-users"),
            opts=child,
        )
        self.group_id = group.user_group_id
        self.register_outputs({"groupId": self.group_id})

    def _default(
        self, name: str, args: CacheUsersArgs, child: pulumi.ResourceOptions
    ) -> aws.elasticache.User:
        password = random.RandomPassword(
            f"{name}-default-password", length=32, override_special=SPECIALS, opts=child
        )
        return aws.elasticache.User(
            f"{name}-default-user",
            region=args.key.region,
            # The id "default" is that of the account's own user, which lets everybody in.
            user_id=user_id(args.identifier, "default"),
            user_name="default",
            engine=args.engine,
            access_string="off -@all",
            passwords=[password.result],
            tags=tags(user_id(args.identifier, "default")),
            opts=child,
        )

    @property
    def facts(self) -> list[dict[str, Any]]:
        """The users as the output contract has them."""
        return [
            {
                "name": user.name,
                "secret_arn": self._credentials[user.name].secret_arn,
                "may": user.may,
                "keys": list(user.keys),
            }
            for user in self._users
        ]
