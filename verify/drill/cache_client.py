"""A drill's client of Redis or Valkey: of a cache without shards, or of one of its shards."""

from __future__ import annotations

from contract import Database, Endpoint
from verify.aws import Credentials
from verify.cache import Cache, open_connection
from verify.deadline import Deadline
from verify.drill.clients import PATIENCE_S, Look
from verify.errors import StepFailed

KEY = "verify-drill:rows"
_WAIT_MS = 800


class RedisClient:
    """A client of a cache: its rows are a list, so that one that is there twice is seen."""

    def __init__(self, cache: Cache, key: str, *, confirmed: bool) -> None:
        self._cache = cache
        self._key = key
        self._confirmed = confirmed
        self._server = _info(cache, "server").get("run_id", "")[:8]

    @classmethod
    def open(
        cls,
        database: Database,
        endpoint: Endpoint,
        login: Credentials | None,
        ca: str | None,
        *,
        key: str = KEY,
        confirmed: bool,
    ) -> RedisClient:
        """``confirmed`` waits after each row until a replica has it."""
        cache = open_connection(endpoint, login, Deadline(PATIENCE_S), tls=database.tls, ca=ca)
        try:
            return cls(cache, key, confirmed=confirmed)
        except BaseException:
            cache.close()
            raise

    def look(self) -> Look:
        writable = is_primary(self._cache)
        rows = int(self._cache.ask("LLEN", self._key))
        return Look(f"run {self._server}", writable, rows)

    def add(self, element: int) -> None:
        self._cache.ask("RPUSH", self._key, str(element))
        if self._confirmed and int(self._cache.ask("WAIT", "1", str(_WAIT_MS))) < 1:
            raise StepFailed(f"no replica has the row after {_WAIT_MS} ms")

    def elements(self) -> tuple[int, ...]:
        return tuple(map(int, self._cache.ask("LRANGE", self._key, "0", "-1")))

    def forget(self) -> None:
        """Delete the rows."""
        self._cache.ask("DEL", self._key)

    def close(self) -> None:
        self._cache.close()


def is_primary(cache: Cache) -> bool:
    """Whether the server at the other end takes writes, by its own account."""
    return _info(cache, "replication").get("role") == "master"


def _info(cache: Cache, section: str) -> dict[str, str]:
    lines = str(cache.ask("INFO", section)).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
