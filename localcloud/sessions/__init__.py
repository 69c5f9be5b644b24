"""The far end of Systems Manager's sessions: what AWS's service and the agent on an instance do.

A client opens a WebSocket for a session, shows its token and forwards connections through it to
one address, as session-manager-plugin does. Only databases of this local cloud are reached.
"""

from localcloud.sessions.listener import PATH, Listener
from localcloud.sessions.registry import MOST, Sessions, Target

__all__ = ["MOST", "PATH", "Listener", "Sessions", "Target"]
