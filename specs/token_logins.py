"""Logins by a token of IAM in place of a password, and the roles that may have one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator

from specs.parts import Part
from specs.problems import Conflict, refuse

LONGEST_USER = 32
"""MySQL's limit."""
_LONGEST_ROLE = 64
_LONGEST_TOGETHER = 80
"""AWS allows 128 characters in a policy's name, which has both and the topology's in it."""
_ROLE = re.compile(r"[A-Za-z0-9_+=,.@-]+\Z")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")


def _role(text: str) -> str:
    if text.startswith("arn:"):
        raise refuse(f"{text!r} is an ARN; write the role's name, {text.rpartition('/')[2]}")
    if not _ROLE.match(text) or len(text) > _LONGEST_ROLE:
        raise refuse(f"{text!r} is no name of an IAM role; write one such as orders-app")
    return text


def _user(text: str) -> str:
    if "*" in text:
        raise refuse(f"{text!r} is more than one user; write the name of one, and an entry each")
    if not _USER.match(text) or len(text) > LONGEST_USER:
        raise refuse(
            f"{text!r} is no database user: 1 to {LONGEST_USER} letters, digits, dots, hyphens "
            "and underscores, a letter or an underscore first"
        )
    return text


class Connect(Part):
    """A role of IAM that may log in as one user of the database, by a token.

    The role is there already. The user is made in SQL, once: ``CREATE USER app IDENTIFIED WITH
    AWSAuthenticationPlugin AS 'RDS'``, or ``GRANT rds_iam TO app`` in PostgreSQL.
    """

    role: Annotated[str, AfterValidator(_role)]
    user: Annotated[str, AfterValidator(_user)]


class TokenLogins(Part):
    """What can take tokens of IAM: MySQL, MariaDB and PostgreSQL, in instances and clusters."""

    iam_auth: bool = False
    connect: tuple[Connect, ...] = ()


def connect_conflicts(connect: tuple[Connect, ...]) -> Iterator[Conflict]:
    """What does not fit together in the list by itself."""
    for n, each in enumerate(connect):
        if each in connect[:n]:
            yield f"connect.{n}", f"lets {each.role} in as {each.user} once more; leave it out"
        if len(each.role) + len(each.user) > _LONGEST_TOGETHER:
            yield (
                f"connect.{n}",
                f"has more than {_LONGEST_TOGETHER} characters in role and user together; "
                "shorten one",
            )


def login_conflicts(logins: TokenLogins, master: str) -> Iterator[Conflict]:
    """As `connect_conflicts`, for a database of its own, whose ``master`` user has a password."""
    if logins.connect and not logins.iam_auth:
        yield "connect", "needs tokens to be taken; add iam_auth: true"
    yield from connect_conflicts(logins.connect)
    for n, each in enumerate(logins.connect):
        if each.user == master:
            yield f"connect.{n}.user", masters_password(master)


def masters_password(user: str) -> str:
    """What is wrong with the master user in a list of who has tokens."""
    return f"{user!r} is the master user, who has a password; name a user that your SQL makes"
