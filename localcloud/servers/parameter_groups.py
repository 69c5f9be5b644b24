"""What of an RDS parameter group is passed on to a server."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Set

log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def passed_on(parameters: Mapping[str, str], ours: Set[str]) -> Iterator[tuple[str, str]]:
    """Names and values in order, but not ``ours``, which the local cloud sets itself."""
    for name, value in sorted(parameters.items()):
        if name in ours or not _NAME.match(name):
            log.debug("parameter %s is the local cloud's own", name)
        elif "{" in value:
            # A formula over the instance class, such as {DBInstanceClassMemory*3/4}.
            log.debug("parameter %s has a formula: left at the server's default", name)
        else:
            yield name, value
