"""Every database server of a site, behind one door: what the API layer calls."""

from localcloud.fleet.fleet import Fleet
from localcloud.servers.facts import (
    Address,
    ClusterAddresses,
    ClusterState,
    Credentials,
    RedisAddresses,
    RedisState,
    Ref,
    ServerStatus,
    ShardedState,
    ShardState,
)
from localcloud.servers.redis_users import ADMINISTRATOR, AclUser, everybody, hash_of

__all__ = [
    "ADMINISTRATOR",
    "AclUser",
    "Address",
    "ClusterAddresses",
    "ClusterState",
    "Credentials",
    "Fleet",
    "RedisAddresses",
    "RedisState",
    "Ref",
    "ServerStatus",
    "ShardState",
    "ShardedState",
    "everybody",
    "hash_of",
]
