"""Plans for new databases: what they are to be, with addresses of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from localcloud.databases.cache_nodes import node_name
from localcloud.databases.caches import CachePlan, cache_endpoint_names
from localcloud.databases.cluster_endpoints import endpoint_names
from localcloud.databases.cluster_plan import ClusterPlan
from localcloud.databases.instances import InstancePlan, address_holder
from localcloud.databases.memcached import MemcachedPlan, endpoint_name
from localcloud.databases.memcached import node_name as memcached_node_name
from localcloud.databases.serverless_caches import ServerlessPlan, host_names
from localcloud.servers.facts import Credentials, Ref
from localcloud.servers.machine import Machine
from localcloud.servers.redis_users import AclUser


def plan_instance(
    machine: Machine, ref: Ref, engine: str, user: str, parameters: Mapping[str, str]
) -> InstancePlan:
    """An instance with the master user ``user``."""
    return InstancePlan(
        region=ref.region,
        identifier=ref.identifier,
        engine=engine,
        host=machine.addresses.claim(address_holder(ref)),
        user=user,
        parameters=dict(parameters),
    )


def plan_replica(
    machine: Machine, ref: Ref, source: InstancePlan, parameters: Mapping[str, str]
) -> InstancePlan:
    """An instance that copies ``source``, its users included."""
    plan = plan_instance(machine, ref, source.engine, source.user, parameters)
    replica: InstancePlan = plan.having(
        source=source.identifier, source_region=source.region, source_host=source.host
    )
    return replica


def plan_cluster(
    machine: Machine,
    ref: Ref,
    engine: str,
    credentials: Credentials,
    database: str | None,
    parameters: Mapping[str, str],
) -> ClusterPlan:
    """A cluster without members."""
    writer, reader, *custom = map(machine.addresses.claim, endpoint_names(ref))
    return ClusterPlan(
        region=ref.region,
        identifier=ref.identifier,
        engine=engine,
        user=credentials.user,
        password=credentials.password,
        database=database,
        parameters=dict(parameters),
        writer_host=writer,
        reader_host=reader,
        custom_hosts=tuple(custom),
    )


def plan_cache(
    machine: Machine,
    ref: Ref,
    nodes: Sequence[str],
    users: Sequence[AclUser],
    parameters: Mapping[str, str],
    tls: bool,
    failover: bool,
    engine: str,
) -> CachePlan:
    """A replication group whose first node is the primary."""
    primary, reader = map(machine.addresses.claim, cache_endpoint_names(ref))
    return CachePlan(
        region=ref.region,
        identifier=ref.identifier,
        engine=engine,
        users=tuple(users),
        tls=tls,
        failover=failover,
        parameters=dict(parameters),
        primary_host=primary,
        reader_host=reader,
        nodes={node: machine.addresses.claim(node_name(ref, node)) for node in nodes},
        primary=nodes[0],
    )


def plan_memcached(
    machine: Machine, ref: Ref, nodes: Sequence[str], tls: bool, parameters: Mapping[str, str]
) -> MemcachedPlan:
    """A memcached cluster with a node for each id."""
    return MemcachedPlan(
        region=ref.region,
        identifier=ref.identifier,
        tls=tls,
        parameters=dict(parameters),
        configuration_host=machine.addresses.claim(endpoint_name(ref)),
        version=1,
        nodes={node: machine.addresses.claim(memcached_node_name(ref, node)) for node in nodes},
    )


def plan_serverless_cache(machine: Machine, ref: Ref) -> ServerlessPlan:
    """A serverless cache at an address of its own."""
    host, node_host = map(machine.addresses.claim, host_names(ref))
    return ServerlessPlan(
        region=ref.region, identifier=ref.identifier, host=host, node_host=node_host
    )
