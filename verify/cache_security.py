"""Caches: nobody listens, nobody is impersonated, and each user may do its part and no more."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace

from contract import Endpoint
from verify.aws import Credentials
from verify.cache import Denied, connect
from verify.deadline import Deadline
from verify.discovery import Node, Trust
from verify.endpoints import main_endpoint, reachable
from verify.errors import NotApplicable, StepFailed, Unreachable
from verify.exercise import Check, Exercise, Scene
from verify.redis import Redis
from verify.trust import refused_by_stranger
from verify.wire import refused_elsewhere, tls_in_use

KINDS: tuple[str, ...] = ("redis", "valkey", "serverless-cache", "memcached")
CONNECT = "connect with a verified certificate"
CIPHER = "protocol and cipher are strong"
PLAIN = "a connection without TLS is refused"
STRANGER = "a wrong CA is refused"
ELSEWHERE = "its certificate is good for no other address"
ADMISSION = "who is not known does not get in"


class CacheSecurity(Exercise):
    """The checks of every cache: each of its addresses speaks TLS, and nothing else."""

    def checks(self) -> Iterable[Check]:
        scene, needs = self.scene, (CONNECT,)
        return (
            Check(CONNECT, self._connect, opens=True),
            Check(CIPHER, self._everywhere(self._cipher), needs),
            Check(PLAIN, self._everywhere(self._plain), needs),
            Check(
                STRANGER,
                self._everywhere(lambda at: refused_by_stranger(at, scene.deadline())),
                needs,
            ),
            Check(
                ELSEWHERE,
                self._everywhere(lambda at: refused_elsewhere(at, scene.ca, scene.deadline())),
                needs,
            ),
            *self.admission(needs),
        )

    def admission(self, needs: tuple[str, ...]) -> Iterable[Check]:
        """The checks of who gets in, where the engine asks at all."""
        return ()

    @abstractmethod
    def greet(self, endpoint: Endpoint, *, tls: bool) -> str:
        """What a server answers to who need not log in; `Unreachable` when it does not."""

    def clean_up(self, deadline: Deadline) -> str:
        return "made nothing"

    def _connect(self) -> str:
        endpoint = main_endpoint(self.scene.database)
        return f"{endpoint.host}:{endpoint.port}, {self.greet(endpoint, tls=self._tls)}"

    @property
    def _tls(self) -> bool:
        return self.scene.database.tls

    def _everywhere(self, proof: Callable[[Endpoint], str]) -> Callable[[], str]:
        def action() -> str:
            if not self._tls:
                raise NotApplicable("the cache is deployed without TLS")
            found = reachable(self.scene.database)
            said = [proof(endpoint) for endpoint in found]
            addresses = f", at {len(found)} addresses" if len(found) > 1 else ""
            return "; ".join(dict.fromkeys(said)) if len(set(said)) > 1 else said[0] + addresses

        return action

    def _cipher(self, endpoint: Endpoint) -> str:
        return tls_in_use(endpoint, self.scene.ca, self.scene.deadline())

    def _plain(self, endpoint: Endpoint) -> str:
        try:
            said = self.greet(endpoint, tls=False)
        except Unreachable as error:
            # Only in plain text: over TLS the same server answers.
            self.greet(endpoint, tls=True)
            return f"refused: {error}"
        raise StepFailed(f"{endpoint.host}:{endpoint.port} told a client without TLS: {said}")


class RedisSecurity(CacheSecurity):
    """Redis and Valkey, of nodes or without: a token, or users with rights of their own."""

    def admission(self, needs: tuple[str, ...]) -> Iterable[Check]:
        if self.scene.database.kind == "serverless-cache":
            return (Check(ADMISSION, self._nobody_is_asked, needs),)
        return Redis(self.scene).access.checks(needs)

    def greet(self, endpoint: Endpoint, *, tls: bool) -> str:
        # In plain text no password is said to anybody.
        login = self._login() if tls == self._tls else None
        ca = self.scene.ca if tls else None
        try:
            with connect(endpoint, login, self.scene.deadline(), tls=tls, ca=ca):
                return "PONG"
        except Denied as error:
            if tls == self._tls:
                raise
            return str(error)

    def _login(self) -> Credentials | None:
        scene, database = self.scene, self.scene.database
        if database.users:
            user = database.users[0]
            return replace(scene.cloud.credentials(user.secret_arn), user=user.name)
        return None if database.secret_arn is None else scene.credentials(database)

    def _nobody_is_asked(self) -> str:
        raise NotApplicable("it has no users: whom its security group lets through gets in")


class MemcachedSecurity(CacheSecurity):
    """Memcached, which asks nobody who they are: its wire is all there is."""

    def greet(self, endpoint: Endpoint, *, tls: bool) -> str:
        trust = Trust(tls, self.scene.ca if tls else None)
        with Node(endpoint, trust, self.scene.deadline()) as node:
            return f"memcached {node.version()}"


def cache_security(scene: Scene) -> Exercise:
    """The exercise of a cache's engine."""
    return (MemcachedSecurity if scene.database.engine == "memcached" else RedisSecurity)(scene)
