"""Who may enter a cache: everybody with its one token, or users with rights of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator

from specs.parts import Part
from specs.passwords import Rotated
from specs.problems import Conflict, refuse

LONGEST_USER_ID = 40
MOST_USERS = 99
"""Of a group, beside the default user that one of Redis must have."""
_CATEGORIES = {
    "read-only": "+@read +@connection",
    "read-write": "+@read +@write +@transaction +@connection",
}
_TOPOLOGY = "+info +cluster|info +cluster|nodes +cluster|shards +cluster|slots"
"""What a client asks to find its way; all in the category of dangerous commands, but harmless."""


def _user_name(text: str) -> str:
    # No hyphen: the user's id is <identifier>-<name>, and must not be that of another cache's.
    if not re.match(r"[a-z][a-z0-9]*\Z", text):
        raise refuse(f"{text!r} is no user name: lower-case letters and digits, a letter first")
    if text == "default":
        raise refuse("'default' is the user that this stack keeps out; choose another name")
    return text


def _key_pattern(text: str) -> str:
    if not re.match(r"[^\s~%&]\S*\Z", text):
        raise refuse(f"{text!r} is no key pattern; write one such as user:* (no ~, no space)")
    return text


class AuthToken(Part):
    """One token for everybody, generated and kept in Secrets Manager."""

    auth: Literal["token"]
    rotated: Rotated | None = None
    """Another day is another token; the one before is let in until the change after."""


class CacheUser(Part):
    """A user with a generated password, who may read or write the keys of some patterns."""

    name: Annotated[str, AfterValidator(_user_name)]
    rotated: Rotated | None = None
    """Another day is another password, at once."""
    may: Literal["read-only", "read-write"]
    keys: tuple[Annotated[str, AfterValidator(_key_pattern)], ...]

    @property
    def access_string(self) -> str:
        """As ElastiCache stores it: with the ``-@all`` that it would put there itself.

        Without that, each update would find a difference.
        """
        patterns = " ".join(f"~{pattern}" for pattern in self.keys)
        return f"on {patterns} -@all {_CATEGORIES[self.may]} -@dangerous {_TOPOLOGY}"

    def conflicts(self) -> Iterator[Conflict]:
        if not self.keys:
            yield "keys", "is empty; write the patterns of the keys it may use, such as user:*"


class Users(Part):
    """Role-based access control; who is not named has no access."""

    auth: Literal["users"]
    users: tuple[CacheUser, ...]

    def conflicts(self) -> Iterator[Conflict]:
        if not self.users:
            yield "users", "is empty; nobody could enter, so name a user"
        if len(self.users) > MOST_USERS:
            yield "users", f"are {len(self.users)}; ElastiCache allows {MOST_USERS}"
        names = [user.name for user in self.users]
        for number, name in enumerate(names):
            if name in names[:number]:
                yield f"users.{number}.name", f"{name!r} is named twice; rename one of them"

    def conflicts_of(self, identifier: str) -> Iterator[Conflict]:
        """What does not fit the cache's identifier, seen from the cache."""
        for number, user in enumerate(self.users):
            if len(user_id(identifier, user.name)) > LONGEST_USER_ID:
                yield (
                    f"access.users.{number}.name",
                    f"{user_id(identifier, user.name)!r} would be its id and has more than "
                    f"{LONGEST_USER_ID} characters; shorten it or the identifier",
                )


AnyAccess = AuthToken | Users


def user_id(identifier: str, name: str) -> str:
    """The id of a cache's user, unique in its region."""
    return f"{identifier}-{name}"
