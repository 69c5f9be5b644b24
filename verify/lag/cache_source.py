"""Redis and Valkey with one primary as the source of a lag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from contract import Endpoint
from verify.aws import Credentials
from verify.cache import Cache, open_connection
from verify.cache_login import login_for
from verify.deadline import Deadline
from verify.errors import StepFailed
from verify.exercise import Scene
from verify.heartbeats import Beat, new_run
from verify.lag.copies import Copy, copies_of
from verify.lag.source import FILLER
from verify.lag.watch import Arrivals
from verify.load import Load

KEY = "verify-lag"


class CacheSource:
    """A `Source`; its heartbeats are entries of a stream, whose ids are the primary's clock."""

    resolution_s = 1e-3

    def __init__(self, scene: Scene, opened: ExitStack) -> None:
        self._scene = scene
        self._opened = opened
        self._endpoint = scene.database.endpoint("primary")
        self._login: Credentials | None = None
        self._beats = self._filler = ""
        self._run = new_run()
        self._cache: Cache

    def connect(self) -> str:
        scene = self._scene
        self._login, key = login_for(scene.name, scene.database, scene.cloud, KEY)
        self._beats, self._filler = f"{key}:heartbeats", f"{key}:filler"
        self._cache = self._enter(self._endpoint)
        return f"{self._endpoint.host}:{self._endpoint.port} in {scene.database.region}"

    def copies(self) -> Sequence[Copy]:
        return copies_of(self._scene.name, self._scene.databases, self._scene.cloud)

    def follow(self, copy: Copy) -> Arrivals:
        return StreamedHeartbeats(self._enter(copy.endpoint), self._beats, self._run)

    def _enter(self, endpoint: Endpoint) -> Cache:
        cache = self._open(endpoint, self._scene.deadline())
        self._opened.callback(cache.close)
        return cache

    def _open(self, endpoint: Endpoint, deadline: Deadline) -> Cache:
        scene = self._scene
        return open_connection(endpoint, self._login, deadline, tls=scene.database.tls, ca=scene.ca)

    def clean(self) -> str:
        return self._forget(self._cache)

    def _forget(self, cache: Cache) -> str:
        return f"deleted {forget(cache, self._beats, self._filler)} keys"

    def create(self) -> str:
        return f"{self._beats} and {self._filler} come with the first writes"

    def write(self, beat: int) -> None:
        self._cache.ask("XADD", self._beats, "*", self._run, str(beat))

    def load(self, rate: float) -> Load:
        return Load(self._client, [f"SET {self._filler} {FILLER}"], self._scene.wait_s, rate)

    @contextmanager
    def _client(self) -> Iterator[Cache]:
        cache = self._open(self._endpoint, self._scene.deadline())
        try:
            yield cache
        finally:
            cache.close()

    def clean_up(self, deadline: Deadline) -> str:
        cache = self._open(self._endpoint, deadline)
        try:
            return self._forget(cache)
        finally:
            cache.close()


def forget(cache: Cache, beats: str, filler: str) -> int:
    """Delete the two keys of a run, and say how many there were; `StepFailed` for others' keys."""
    for key, kind in ((beats, "stream"), (filler, "string")):
        found = cache.ask("TYPE", key)
        if found not in (kind, "none"):
            raise StepFailed(
                f"the key {key!r} is a {found}, which no exercise makes, so it is left alone; "
                "rename it first"
            )
    return int(cache.ask("DEL", beats, filler))


class StreamedHeartbeats:
    """The heartbeats of one run that a replica has."""

    def __init__(self, cache: Cache, key: str, run: str) -> None:
        self._cache = cache
        self._key = key
        self._run = run
        self._last = "-"

    def after(self, beat: int) -> list[Beat]:
        """Those after ``beat``, in order; a stream has only one."""
        found = []
        for entry, (run, number) in self._cache.ask("XRANGE", self._key, self._last, "+"):
            self._last = f"({entry}"
            if run == self._run and int(number) > beat:
                found.append((int(number), int(entry.split("-")[0]) / 1000))
        return found
