"""Every database server of a site, behind one door: what the API layer calls."""

from localcloud.databases.capacity import Scaling
from localcloud.fleet.fleet import Fleet
from localcloud.servers.facts import (
    Address,
    ClusterAddresses,
    ClusterState,
    Credentials,
    MemcachedAddresses,
    RedisAddresses,
    RedisState,
    Ref,
    ServerlessAddresses,
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
    "MemcachedAddresses",
    "RedisAddresses",
    "RedisState",
    "Ref",
    "Scaling",
    "ServerStatus",
    "ServerlessAddresses",
    "ShardState",
    "ShardedState",
    "everybody",
    "hash_of",
]
