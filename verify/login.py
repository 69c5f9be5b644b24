"""Credentials, and a login that outlives a rotation of its password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from verify.errors import Refused

T = TypeVar("T")


@dataclass(frozen=True)
class Credentials:
    """A database user and its password, or a cache's auth token (user ``None``)."""

    user: str | None
    password: str = field(repr=False)
    renewal: Renewal | None = field(default=None, repr=False, compare=False)
    """Where to read them anew, if they come from a secret."""


class Renewal:
    """What a secret said when it was last read anew."""

    def __init__(self, read: Callable[[], Credentials]) -> None:
        self._read = read
        self._newest: Credentials | None = None

    def newest(self, credentials: Credentials) -> Credentials:
        """``credentials``, or what has been read since."""
        return credentials if self._newest is None else self._for(credentials.user, self._newest)

    def again(self, credentials: Credentials) -> Credentials:
        """What the secret of ``credentials`` says now."""
        self._newest = self._read()
        return self.newest(credentials)

    @staticmethod
    def _for(user: str | None, found: Credentials) -> Credentials:
        # A rotation between two users changes the user, too.
        return replace(found, user=found.user or user)


def log_in(
    credentials: Credentials, denied: frozenset[int | str], attempt: Callable[[Credentials], T]
) -> T:
    """What ``attempt`` gives; refused with one of the codes ``denied``, it gets a second chance.

    One: with the password that the secret holds now, if that is another one. A server that
    refuses the password of the secret is not asked again. Later logins begin with what was read,
    so that only one connection is wasted.
    """
    renewal = credentials.renewal
    if renewal is None:
        return attempt(credentials)
    known = renewal.newest(credentials)
    try:
        return attempt(known)
    except Refused as error:
        if error.errno not in denied:
            raise
        fresh = renewal.again(credentials)
        if (fresh.user, fresh.password) == (known.user, known.password):
            raise
    return attempt(fresh)
