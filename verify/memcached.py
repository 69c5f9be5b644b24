"""The other cache: values come, change, expire and go, spread over nodes that clients find."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from contract import Endpoint
from verify.deadline import Deadline
from verify.discovery import Cluster, Node, Trust
from verify.errors import (
    DeadlineExceeded,
    NotApplicable,
    StepFailed,
    Unreachable,
    VerifyError,
)
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.trust import refused_by_stranger

CONNECT = "ask the configuration endpoint for the nodes"
NODES = "every node answers"
VALUE = "set and get"
KEYS_A_NODE = 32
"""With so many, the odds that a good hash leaves a node without any are below 1 in 10^12."""
TTL_S = 2
"""memcached's clock ticks once a second: a lifetime of 1 s may be over at once."""
_LATE_S = 2.0
_POLL_S = 0.02
_PREFIX = "aws-databases:verify"
_VALUE, _SESSION, _COUNTER = (f"{_PREFIX}:{name}" for name in ("user", "session", "visits"))


class Memcached(Exercise):
    """The checks on one cluster of memcached nodes."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        database = scene.database
        self._configuration = database.endpoint("configuration")
        self._known = database.endpoints_of("node")
        self._trust = Trust(database.tls, scene.ca)
        self._found: list[Endpoint] = []
        self._cluster: Cluster

    def checks(self) -> Iterable[Check]:
        return (
            Check(CONNECT, self._discover, opens=True),
            Check("settings as ElastiCache reports them", self._settings, (CONNECT,)),
            Check(NODES, self._nodes, (CONNECT,)),
            Check("a connection without TLS is refused", self._without_tls, (NODES,)),
            Check("a wrong CA is refused", self._wrong_ca, (NODES,)),
            Check(CLEAN, self._clean, (NODES,)),
            Check(VALUE, self._value, (CLEAN,)),
            Check("a cas with a stale token is refused", self._stale, (VALUE,)),
            Check("a value expires", self._expiry, (CLEAN,)),
            Check("incr and decr", self._counter, (CLEAN,)),
            Check("a deleted value is gone", self._deletion, (VALUE,)),
            Check("keys are spread over all nodes", self._spread, (CLEAN,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        return self._drop_own_keys(deadline)

    @property
    def _spread_keys(self) -> list[str]:
        return [f"{_PREFIX}:spread:{n}" for n in range(KEYS_A_NODE * len(self._known))]

    def _discover(self) -> str:
        try:
            with Node(self._configuration, self._trust, self.scene.deadline()) as node:
                self._found = node.nodes()
        except DeadlineExceeded as silence:
            raise self._unknown_command(silence) from silence
        found, known = (
            sorted(f"{n.host}:{n.port}" for n in nodes) for nodes in (self._found, self._known)
        )
        if found != known:
            raise StepFailed(f"it lists {', '.join(found)}, not {', '.join(known)}")
        return f"{len(found)} nodes: {', '.join(found)}"

    def _unknown_command(self, silence: DeadlineExceeded) -> VerifyError:
        # The driver waits for the end of an answer that a plain memcached's `ERROR` has not.
        with Node(self._configuration, self._trust, self.scene.deadline()) as node:
            try:
                version = node.version()
            except DeadlineExceeded:
                return Unreachable(str(silence))
        return StepFailed(f"memcached {version} is there, but knows no 'config get cluster'")

    def _settings(self) -> str:
        database = self.scene.database
        if database.cluster is None:
            raise StepFailed("its output names no cluster")
        reported = self.scene.cloud.cache_cluster(database.region, database.cluster)
        nodes = reported["CacheNodes"]
        ids = sorted(node["CacheNodeId"] for node in nodes)
        if ids != sorted(database.instances):
            raise StepFailed(f"nodes are {ids}, not {sorted(database.instances)}")
        tls = bool(reported.get("TransitEncryptionEnabled"))
        if tls != database.tls:
            raise StepFailed(f"TransitEncryptionEnabled is {tls}, not {database.tls}")
        zones = sorted({node["CustomerAvailabilityZone"] for node in nodes})
        return (
            f"memcached {reported['EngineVersion']}, {len(ids)} nodes of "
            f"{reported['CacheNodeType']} in {', '.join(zones)}, TransitEncryptionEnabled {tls}"
        )

    def _nodes(self) -> str:
        said = []
        for endpoint in self._found:
            with Node(endpoint, self._trust, self.scene.deadline()) as node:
                said.append(f"{endpoint.host}: {node.version()}")
        self._cluster = Cluster(self._found, self._trust, self.scene.deadline())
        self.opened.callback(self._cluster.close)
        return ", ".join(said)

    def _without_tls(self) -> str:
        self._needs_tls()
        said = []
        for endpoint in (self._configuration, *self._found):
            try:
                with Node(endpoint, Trust(False, None), self.scene.deadline()) as node:
                    version = node.version()
            except Unreachable as error:
                said.append(str(error))
            else:
                raise StepFailed(f"{endpoint.host} told a client without TLS: {version}")
            # Only in plain text: over TLS the same server answers.
            with Node(endpoint, self._trust, self.scene.deadline()) as node:
                node.version()
        return f"refused: {'; '.join(said)}"

    def _wrong_ca(self) -> str:
        self._needs_tls()
        for endpoint in (self._configuration, *self._found):
            said = refused_by_stranger(endpoint, self.scene.deadline())
        return said

    def _needs_tls(self) -> None:
        if not self.scene.database.tls:
            raise NotApplicable("the cluster is deployed without TLS")

    def _clean(self) -> str:
        return self._drop_own_keys(self.scene.deadline())

    def _drop_own_keys(self, deadline: Deadline) -> str:
        # Of every node, whatever the hash says: a cluster of another size had put them elsewhere.
        dropped = 0
        for endpoint in self._known:
            with Node(endpoint, self._trust, deadline) as node:
                held = node.held([_VALUE, _SESSION, _COUNTER, *self._spread_keys])
                node.drop(list(held))
                dropped += len(held)
        return f"deleted {dropped} keys" if dropped else "no keys of an exercise"

    def _value(self) -> str:
        self.began = True
        self._cluster.set(_VALUE, "John Doe")
        return self._expect(_VALUE, "John Doe")

    def _stale(self) -> str:
        _, token = self._cluster.gets(_VALUE)
        if not self._cluster.cas(_VALUE, "Jane Smith", token):
            raise StepFailed("a cas with the present token was refused")
        if self._cluster.cas(_VALUE, "Bob Wilson", token):
            raise StepFailed("a cas with a stale token was accepted")
        self._expect(_VALUE, "Jane Smith")
        return "refused; the first change stands"

    def _expiry(self) -> str:
        self.began = True
        # The lifetime is no wait on the network, so it comes on top of one.
        deadline = self.scene.limit.within(TTL_S + _LATE_S + self.scene.wait_s)
        started = time.monotonic()
        self._cluster.set(_SESSION, "user_session_data", seconds=TTL_S)
        self._expect(_SESSION, "user_session_data")
        while self._cluster.get(_SESSION) is not None:
            if time.monotonic() - started > TTL_S + _LATE_S or deadline.expired:
                raise DeadlineExceeded(f"it still has a value that should live for {TTL_S} s")
            time.sleep(_POLL_S)
        return f"gone after {time.monotonic() - started:.1f} s of {TTL_S} s"

    def _counter(self) -> str:
        self.began = True
        self._cluster.set(_COUNTER, "41")
        counts = [self._cluster.count(_COUNTER, by) for by in (1, 10, -2)]
        if counts != [42, 52, 50]:
            raise StepFailed(f"41 + 1, + 10, - 2 is {counts}, not [42, 52, 50]")
        return "41, then 42, 52, 50"

    def _deletion(self) -> str:
        if not self._cluster.delete(_VALUE):
            raise StepFailed("the value was not there to be deleted")
        if self._cluster.delete(_VALUE):
            raise StepFailed("the value could be deleted twice")
        found = self._cluster.get(_VALUE)
        if found is not None:
            raise StepFailed(f"it is still {found!r}")
        return "and a second delete finds nothing"

    def _spread(self) -> str:
        self.began = True
        keys = self._spread_keys
        for key in keys:
            self._cluster.set(key, key)
        held: dict[str, list[str]] = {}
        said = []
        for endpoint in self._found:
            with Node(endpoint, self._trust, self.scene.deadline()) as node:
                # No hash is in the way here: each node says itself what it has.
                held[endpoint.host] = [k for k, value in node.held(keys).items() if value == k]
                said.append(f"{endpoint.host} {len(held[endpoint.host])} of {node.items()} items")
        empty = [host for host, own in held.items() if not own]
        if empty:
            raise StepFailed(f"none of {len(keys)} keys is on {', '.join(empty)}")
        found = sorted(key for own in held.values() for key in own)
        if found != sorted(keys):
            raise StepFailed(
                f"{len(keys)} keys were set, and the nodes have {len(found)}, "
                f"{len(set(found))} of them different"
            )
        return f"{len(keys)} keys, each on one node: {', '.join(said)}"

    def _expect(self, key: str, wanted: str) -> str:
        found = self._cluster.get(key)
        if found != wanted:
            raise StepFailed(f"{key} is {found!r}, not {wanted!r}")
        return f"{key}: {found!r}"


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("memcached",)))
