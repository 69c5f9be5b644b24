"""What can go wrong in a session.

SessionFailed       it cannot go on: the client is told why, and the session ends
├── BadMessage      what came over the WebSocket is not a message of the agent's protocol
└── BadFrame        what came in messages is not a frame of smux
"""

from __future__ import annotations


class SessionFailed(Exception):
    """The session cannot go on."""


class BadMessage(SessionFailed):
    """Not a message of the agent's protocol."""


class BadFrame(SessionFailed):
    """Not a frame of smux, or not one that a client sends."""
