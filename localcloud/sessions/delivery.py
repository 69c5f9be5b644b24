"""Each message of a stream once and in order, though a client may drop one or come back.

Both ends count their messages, acknowledge those of the other, and send again what is not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.sessions.messages import HANDSHAKE_COMPLETE, HANDSHAKE_REQUEST, OUTPUT, Message

AGAIN_S = 0.5
"""A client that was not ready has dropped what came; AWS's agent waits 0.2 to 1 s."""
_MOST_ON_THE_WAY = 256
_MOST_EARLY = 1024


_HANDSHAKE = (HANDSHAKE_REQUEST, HANDSHAKE_COMPLETE)


@dataclass
class _Sent:
    raw: bytes
    at: float
    once: bool
    """A WebSocket loses nothing, and every client is ready for the handshake, but not for more of
    it than there is.
    """


class Outgoing:
    """What the client has not acknowledged. For several threads."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._on_the_way: dict[int, _Sent] = {}
        self._next = 0

    @property
    def full(self) -> bool:
        """Whether so much is on the way that nothing should be added."""
        return len(self._on_the_way) >= _MOST_ON_THE_WAY

    @property
    def idle(self) -> bool:
        """Whether everything has arrived."""
        return not self._on_the_way

    def put(self, payload_type: int, payload: bytes) -> None:
        """Send the next message of the stream."""
        with self._lock:
            raw = Message(OUTPUT, payload, payload_type, self._next).encode()
            once = payload_type in _HANDSHAKE
            self._on_the_way[self._next] = _Sent(raw, time.monotonic(), once)
            self._next += 1
        self._send(raw)

    def acknowledge(self, sequence: int) -> None:
        """The client has this one."""
        with self._lock:
            self._on_the_way.pop(sequence, None)

    def again(self, *, whatever: bool = False) -> None:
        """Send what has been on the way for too long, oldest first; or ``whatever`` is.

        The latter is for a new WebSocket.
        """
        now = time.monotonic()
        with self._lock:
            due = []
            for sent in self._on_the_way.values():
                if not whatever and now - sent.at < AGAIN_S:
                    break
                if not whatever and sent.once:
                    continue
                sent.at = now
                due.append(sent.raw)
        for raw in due:
            self._send(raw)


class Incoming:
    """What the client sends, put in order. For one thread at a time."""

    def __init__(self) -> None:
        self._next = 0
        self._early: dict[int, Message] = {}

    def take(self, message: Message) -> tuple[bool, list[Message]]:
        """Whether to acknowledge it, and the messages whose turn it is."""
        if message.sequence < self._next:
            return True, []
        if message.sequence > self._next:
            if len(self._early) >= _MOST_EARLY:
                return False, []
            self._early[message.sequence] = message
            return True, []
        ready = []
        following: Message | None = message
        while following is not None:
            ready.append(following)
            self._next += 1
            following = self._early.pop(self._next, None)
        return True, ready
