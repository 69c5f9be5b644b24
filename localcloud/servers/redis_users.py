"""Who may enter a Redis server: users as ACL rules, their passwords as hashes only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

ADMINISTRATOR = "localcloud:administrator"
"""Our own user on every server, also the one that replicas replicate by. ElastiCache's API takes
no such name, so that nobody else can have it."""
DEFAULT = "default"
_EVERYTHING = "on ~* &* +@all"


@dataclass(frozen=True)
class AclUser:
    """A user: ``rules`` as Redis's ACL has them, ``hashes`` the SHA-256 of its passwords.

    A user without a hash needs no password.
    """

    name: str
    rules: str
    hashes: tuple[str, ...] = field(default=(), repr=False)


def hash_of(password: str) -> str:
    """A password as Redis keeps it."""
    return hashlib.sha256(password.encode()).hexdigest()


def everybody(*hashes: str) -> tuple[AclUser, ...]:
    """One user with every right, whose password is one of ``hashes`` if there are any."""
    return (AclUser(DEFAULT, _EVERYTHING, hashes),)


def complete(users: Iterable[AclUser], password: str) -> dict[str, list[str]]:
    """The rules of ``users``, our administrator's and the default user's, by name.

    Redis has a default user always; one that nobody asked for is switched off.
    """
    administrator = AclUser(ADMINISTRATOR, _EVERYTHING, (hash_of(password),))
    wanted = [AclUser(DEFAULT, "off -@all", (hash_of(password),)), *users, administrator]
    return {user.name: _rules(user) for user in wanted}


def acl_file(rules: dict[str, list[str]]) -> str:
    """The content of a server's ACL file."""
    return "".join(f"user {name} {' '.join(words)}\n" for name, words in rules.items())


def _rules(user: AclUser) -> list[str]:
    passwords = [f"#{each}" for each in user.hashes] or ["nopass"]
    return ["reset", *user.rules.split(), *passwords]
