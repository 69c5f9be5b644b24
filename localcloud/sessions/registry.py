"""The sessions that are open: started and ended by the API, used over the data channel."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.servers.facts import Address
from localcloud.sessions.channel import IDLE_S, Channel, Socket

MOST = 200
"""Sessions at once, each of which may have a channel."""
_REMEMBERED = 1000
_CLOSE_S = 5.0
_TOKEN_BYTES = 48


@dataclass(frozen=True)
class Target:
    """What a session's connections are led to; ``host`` is empty for the instance itself."""

    region: str
    host: str
    port: int


@dataclass
class _Session:
    target: Target | None
    properties: Mapping[str, str]
    facts: Mapping[str, Any]
    token: str
    used: float = field(default_factory=time.monotonic)
    channel: Channel | None = None


class Sessions:
    """Those that nobody has ended. They end with the endpoint."""

    def __init__(self, serves: Callable[[Target], bool]) -> None:
        """``serves`` says whether a database of this local cloud listens there."""
        self._serves = serves
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], _Session] = {}
        self._ended: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED)

    def start(
        self,
        region: str,
        session: str,
        facts: Mapping[str, Any],
        target: Target | None,
        properties: Mapping[str, str],
    ) -> str | None:
        """The token of a new session; ``None`` when there are too many. Without a target nobody
        is at its other end.
        """
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        with self._lock:
            self._forget_unused()
            if len(self._open) >= MOST:
                return None
            self._open[region, session] = _Session(target, properties, facts, token)
        return token

    def resume(self, region: str, session: str) -> str | None:
        """A new token for one that is open; the old one is no good any more."""
        with self._lock:
            found = self._open.get((region, session))
            if found is None:
                return None
            found.token, found.used = secrets.token_urlsafe(_TOKEN_BYTES), time.monotonic()
            return found.token

    def has_ended(self, region: str, session: str) -> bool:
        """Whether it was open once; for as long as that is remembered."""
        with self._lock:
            return (region, session) in self._ended

    def end(self, region: str, session: str) -> None:
        """End it, its connections and its channel."""
        found = self._remove(region, session)
        if found is not None and found.channel is not None:
            found.channel.end("")

    def facts_in(self, region: str) -> list[Mapping[str, Any]]:
        """What is known of those that are open."""
        with self._lock:
            self._forget_unused()
            return [each.facts for (where, _), each in self._open.items() if where == region]

    def known(self, session: str) -> bool:
        """Whether one of this id has a data channel."""
        with self._lock:
            return self._find(session) is not None

    def serve(self, session: str, token: str, socket: Socket) -> bool:
        """Serve a client until it goes; at once false when its token is not the session's."""
        with self._lock:
            found = self._find(session)
            if found is None:
                return False
            region, opened = found
            if not hmac.compare_digest(opened.token.encode(), token.encode()):
                return False
            if opened.channel is None:
                opened.channel = self._channel(region, session, opened)
            channel = opened.channel
        channel.serve(socket)
        return True

    def close(self) -> None:
        """End all."""
        with self._lock:
            found = list(self._open)
            channels = [each.channel for each in self._open.values() if each.channel is not None]
        for region, session in found:
            self.end(region, session)
        end = time.monotonic() + _CLOSE_S
        for channel in channels:
            channel.join(max(0.0, end - time.monotonic()))

    def _channel(self, region: str, session: str, opened: _Session) -> Channel:
        target = opened.target
        assert target is not None
        served = False

        def where() -> Address | None:
            nonlocal served
            served = served or self._serves(target)
            return Address(target.host, target.port) if served else None

        return Channel(session, opened.properties, where, lambda: self._note_end(region, session))

    def _note_end(self, region: str, session: str) -> None:
        self._remove(region, session)

    def _find(self, session: str) -> tuple[str, _Session] | None:
        for (region, name), each in self._open.items():
            if name == session and each.target is not None:
                return region, each
        return None

    def _remove(self, region: str, session: str) -> _Session | None:
        with self._lock:
            found = self._open.pop((region, session), None)
            if found is not None:
                self._ended.append((region, session))
            return found

    def _forget_unused(self) -> None:
        # Who never opened the channel: AWS ends an idle session, too.
        late = time.monotonic() - IDLE_S
        for key in [k for k, s in self._open.items() if s.channel is None and s.used < late]:
            del self._open[key]
            self._ended.append(key)
