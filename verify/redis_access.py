"""Who may enter a cache, proven from outside: everybody with its token, or its users."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial

from contract import CacheUser
from verify import course
from verify.aws import Credentials
from verify.cache import Denied, NoPermission, Session
from verify.errors import CannotRun, NotApplicable, StepFailed
from verify.exercise import Check, Scene
from verify.expectations import CACHE_WITH_TOKEN, CACHE_WITH_USERS, Expectation

Enter = Callable[[Credentials | None], AbstractContextManager[Session]]
"""A session of a login of its own."""
_WRONG = "not-the-password-of-anybody"


class Access(ABC):
    """One way of admission: the login of the exercise itself, and the checks of the others."""

    expectations: Sequence[Expectation]

    def __init__(self, scene: Scene, enter: Enter) -> None:
        self.scene = scene
        self._enter = enter

    @abstractmethod
    def login(self) -> Credentials | None:
        """Who runs the course's commands; `CannotRun` when nobody may."""

    @abstractmethod
    def checks(self, needs: tuple[str, ...]) -> Iterable[Check]:
        """That the right ones get in, and nobody else."""

    def refused(self, login: Credentials | None, who: str) -> str:
        """The server's refusal of ``login``; `StepFailed` when it lets ``who`` in."""
        try:
            with self._enter(login):
                pass
        except Denied as error:
            return f"refused: {error}"
        raise StepFailed(f"a connection with {who} was accepted")


class TokenAccess(Access):
    """Everybody who has the token, if the cache has one."""

    def __init__(self, scene: Scene, enter: Enter) -> None:
        super().__init__(scene, enter)
        self.expectations = CACHE_WITH_TOKEN

    def login(self) -> Credentials | None:
        database = self.scene.database
        return self.scene.credentials(database) if database.secret_arn is not None else None

    def checks(self, needs: tuple[str, ...]) -> Iterable[Check]:
        return (
            Check("a connection without the auth token is refused", self.without, needs),
            Check("a wrong auth token is refused", self.wrong, needs),
        )

    def without(self) -> str:
        self._needs_token()
        return self.refused(None, "no token")

    def wrong(self) -> str:
        self._needs_token()
        return self.refused(Credentials(None, _WRONG), "a wrong token")

    def _needs_token(self) -> None:
        if self.scene.database.secret_arn is None:
            raise NotApplicable("the cache is deployed without an auth token")


class UserAccess(Access):
    """Users with rights of their own; the default user is kept out."""

    def __init__(self, scene: Scene, enter: Enter) -> None:
        super().__init__(scene, enter)
        self.expectations = CACHE_WITH_USERS

    def login(self) -> Credentials:
        for user in self.scene.database.users:
            if user.may == "read-write" and all(map(partial(_may_use, user), course.REDIS_KEYS)):
                return self._credentials(user)
        raise CannotRun(
            f"none of its users may write the course's keys {', '.join(course.REDIS_KEYS)}; give "
            "one of them the keys user:* and session:*"
        )

    def checks(self, needs: tuple[str, ...]) -> Iterable[Check]:
        yield Check("the default user cannot log in", self._default, needs)
        for user in self.scene.database.users:
            what = partial(self._rights, user)
            yield Check(f"user {user.name} may {user.may} its keys, no more", what, needs)
            yield Check(
                f"user {user.name} with a wrong password is refused",
                partial(self.refused, Credentials(user.name, _WRONG), "a wrong password"),
                needs,
            )

    def _credentials(self, user: CacheUser) -> Credentials:
        return replace(self.scene.cloud.credentials(user.secret_arn), user=user.name)

    def _default(self) -> str:
        said = self.refused(None, "no login")
        for user in self.scene.database.users:
            self.refused(
                Credentials("default", self._credentials(user).password), "the default user"
            )
        return said

    def _rights(self, user: CacheUser) -> str:
        key = _sample(user)
        with self._enter(self._credentials(user)) as session:
            session.ask("GET", key)
            said = [f"GET {key} works"]
            write = ("SET", key, "probe", "EX", "60")
            if user.may == "read-write":
                session.ask(*write)
                session.ask("DEL", key)
                said.append("SET works")
            else:
                said.append(f"SET {_denied(session, *write)}")
            # Of the category @dangerous, which no user of this stack has.
            said.append(f"KEYS {_denied(session, 'KEYS', key)}")
            stranger = f"outside:{secrets.token_hex(4)}"
            if not _may_use(user, stranger):
                said.append(f"GET {stranger} {_denied(session, 'GET', stranger)}")
        return ", ".join(said)


def _denied(session: Session, *words: str) -> str:
    try:
        session.ask(*words)
    except NoPermission:
        return "is denied (NOPERM)"
    raise StepFailed(f"{' '.join(words)} was accepted")


def _may_use(user: CacheUser, key: str) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in user.keys)


def _sample(user: CacheUser) -> str:
    """A key that nobody uses and that ``user`` may."""
    for pattern in user.keys:
        key = pattern.replace("*", f"verify-{secrets.token_hex(4)}", 1)
        key = key.replace("*", "").replace("?", "x")
        if key != pattern and _may_use(user, key):
            return key
    raise NotApplicable(f"its patterns {', '.join(user.keys)} leave no key to try")
