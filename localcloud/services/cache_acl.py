"""Access strings: what ElastiCache takes of Redis's ACL rules, and how it writes them down."""

from __future__ import annotations

import re

from localcloud.services import cache_rules as rules

CATEGORIES = frozenset(
    {
        "admin", "all", "bitmap", "blocking", "connection", "dangerous", "fast", "geo", "hash",
        "hyperloglog", "keyspace", "list", "pubsub", "read", "scripting", "set", "slow",
        "sortedset", "stream", "string", "transaction", "write",
    }
)  # fmt: skip
"""Of Redis 7; an unknown one would be refused by the servers."""
_TOKEN = re.compile(
    r"on|off|all(?:keys|channels|commands)|nocommands|reset(?:keys|channels)"
    r"|~\S+|%(?:R|W|RW)~\S+|&\S+|[+-]@(?P<category>[a-z]+)|[+-][a-z][a-z-]*(?:\|\S+)?"
)
_COMMANDS = re.compile(r"[+-]|allcommands|nocommands")
_BASES = frozenset({"+@all", "-@all", "allcommands", "nocommands"})


def canonical(text: str) -> str:
    """``text`` as ElastiCache stores it: one that does not say from which commands it goes out
    gets an ``-@all`` before its first command.

    Raises ``InvalidParameterValue``; passwords have no place in an access string.
    """
    tokens = text.split()
    for token in tokens:
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise rules.value(f"Invalid access string: {token!r} is not allowed.")
        category = match["category"]
        if category is not None and category not in CATEGORIES:
            raise rules.value(f"Invalid access string: there is no category {category!r}.")
    if not {"on", "off"} & set(tokens):
        raise rules.value("Invalid access string: say on or off.")
    if not _BASES & set(tokens):
        first = next((n for n, t in enumerate(tokens) if _COMMANDS.match(t)), len(tokens))
        tokens.insert(first, "-@all")
    return " ".join(tokens)
