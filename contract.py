"""The output contract: what a deployed database tells the world about itself.

The stack output ``databases`` is a map *name → Database*, written by `stacks`
and read by `verify`. One set of frozen models does both, so the two sides cannot
drift. Field names on the wire are exactly the Python names.

Nothing here is secret: passwords live in Secrets Manager, found by ``secret_arn``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

SCHEMA_VERSION: Literal[1] = 1

Role = Literal["writer", "reader", "custom", "instance", "primary", "node", "configuration"]
"""What an endpoint is for.

``writer``/``reader``/``custom``: RDS and Aurora endpoints; ``instance``: the address of
one RDS instance or Aurora member; ``primary``: the address that follows a cache's
primary; ``node``: one cache node; ``configuration``: the address that tells a cache's clients
which nodes there are. A cache's read endpoint is ``reader`` too.
"""


class ContractError(Exception):
    """A stack output that is not what this version of the project writes."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Endpoint(_Frozen):
    """One address of a database. ``members`` are the identifiers it may lead to."""

    role: Role
    host: str
    port: int
    name: str | None = None
    members: tuple[str, ...] = ()


class CacheUser(_Frozen):
    """A user of a cache with role-based access control: what it may do, and its own secret."""

    name: str
    secret_arn: str
    may: Literal["read-only", "read-write"]
    keys: tuple[str, ...]
    """Patterns of the keys it may use."""


class Migration(_Frozen):
    """What a migration is between: ``source`` and ``target`` are names of this output.

    ``arn`` is of a DMS task (``instance``) or of a replication config (``serverless``).
    """

    runs_on: Literal["instance", "serverless"]
    arn: str
    source: str
    target: str


class Secondary(_Frozen):
    """A cluster of a global database in another region than the primary's. None of it writes.

    User, password and database are the primary's. It is headless without ``instances``: its
    endpoints lead nowhere then.
    """

    region: str
    cluster: str
    writer: Endpoint
    """Leads nowhere until a switchover makes this cluster the primary."""
    reader: Endpoint
    nodes: tuple[Endpoint, ...] = ()
    """The instances' own addresses."""
    instances: tuple[str, ...] = ()
    write_forwarding: bool = False
    security_group: str | None = None


class Worldwide(_Frozen):
    """What a global database has beside its primary, which the `Database` itself describes."""

    identifier: str
    """The global cluster's."""
    secondaries: tuple[Secondary, ...] = ()


class Database(_Frozen):
    """The connection facts of one topology of the stack."""

    kind: str
    engine: str
    version: str
    region: str
    endpoints: tuple[Endpoint, ...]
    database: str | None = None
    user: str | None = None
    secret_arn: str | None = None
    tls: bool = True
    source: str | None = None
    """The name of the database this one replicates (a read replica) or leads to (a proxy)."""
    origin: str | None = None
    """The name of the database whose data it began with, and which it does not follow: it was
    promoted from a replica, or restored from backups."""
    proxy: str | None = None
    """RDS Proxy identifier."""
    instances: tuple[str, ...] = ()
    """Instance (RDS, Aurora) or cache node identifiers."""
    cluster: str | None = None
    """Aurora cluster or replication group identifier."""
    security_group: str | None = None
    iam_auth: bool = False
    """Whether it takes tokens of IAM in place of a password."""
    audit_log: str | None = None
    """The log group that has who logged in, or failed to, and which tables and rights changed."""
    users: tuple[CacheUser, ...] = ()
    """Who may enter a cache that has no token for everybody (``secret_arn`` is ``None`` then)."""

    migration: Migration | None = None
    """Only of a migration, which is no database and has no endpoint."""

    worldwide: Worldwide | None = None
    """Of a global database only."""
    schema_version: Literal[1] = SCHEMA_VERSION

    def endpoint(self, role: Role, name: str | None = None) -> Endpoint:
        """The first endpoint of ``role`` (and ``name``); `ContractError` when there is none."""
        for endpoint in self.endpoints:
            if endpoint.role == role and name in (None, endpoint.name):
                return endpoint
        wanted = role if name is None else f"{role} {name!r}"
        raise ContractError(f"no {wanted} endpoint; it has {[e.role for e in self.endpoints]}")

    def endpoints_of(self, role: Role) -> tuple[Endpoint, ...]:
        """Every endpoint of ``role``, in the order the topology lists them."""
        return tuple(e for e in self.endpoints if e.role == role)


class ClientHost(_Frozen):
    """An instance that takes sessions of Systems Manager, and that the databases let in."""

    instance: str
    region: str


class Alarm(_Frozen):
    """An alarm of CloudWatch as the stack made it, in the words of CloudWatch."""

    name: str
    region: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    period_s: int
    periods: int
    """How many in a row, all of them, are beyond the threshold when it goes off."""
    comparison: Literal["GreaterThanThreshold", "LessThanThreshold"]
    threshold: float
    missing: str
    """What it makes of no data."""
    topic: str | None = None
    """Who is told when it goes off and when that is over; ``None``: nobody."""


class Access(_Frozen):
    """How to reach the cloud that a stack was deployed to; AWS itself needs none of it."""

    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    ca_file: str | None = None
    """PEM bundle that signed the databases' certificates."""
    lacks: Mapping[str, str] = Field(default_factory=dict)
    """Why an endpoint's databases cannot do something, by its name: a reason to skip a step."""
    restore_s: float | None = None
    """Within how many seconds a backup is restored, where that costs nothing; AWS takes from a
    quarter of an hour to hours and charges for the new instance."""
    if_silent: str | None = None
    """What to do when the endpoint does not answer, as a sentence's end."""
    faults: str | None = None
    """A shell command that does a fault to a server, which are its next two words: one of kill,
    stop, cut and continue, and the server's identifier. AWS has no such command."""
    metrics_period_s: int = 60
    """How often its databases tell CloudWatch something; AWS's once a minute."""
    log_delivery_s: float = 300
    """Within how many seconds what its databases log is in CloudWatch Logs; AWS promises no time,
    and takes from seconds to some minutes."""
    unserved: Mapping[str, str] = Field(default_factory=dict)
    """Engines that this cloud answers for in its API and does not run, each with the reason."""


class Deployment(_Frozen):
    """A deployed stack, as recorded in ``.deployments/<stack>.json``."""

    stack: str
    outputs: Mapping[str, Any]
    access: Access = Field(default_factory=Access)


def read_databases(outputs: Mapping[str, Any]) -> dict[str, Database]:
    """The ``databases`` output as models.

    Raises `ContractError` when it is missing or of another schema version.
    """
    raw = outputs.get("databases")
    if not isinstance(raw, Mapping):
        raise ContractError(
            "the stack has no output 'databases'; run `pulumi up` with this version"
        )
    found: dict[str, Database] = {}
    # By name: a map has no order on Pulumi's wire.
    for name, facts in sorted(raw.items()):
        try:
            found[name] = Database.model_validate(facts)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in ("databases", name, *first["loc"]))
            raise ContractError(
                f"{where}: {first['msg']}; deploy again with this version of the project"
            ) from error
    return found


def read_client_hosts(outputs: Mapping[str, Any]) -> dict[str, ClientHost]:
    """The ``client_hosts`` output by region; none where the stack has none.

    Raises `ContractError` when it is not what this version writes.
    """
    raw = outputs.get("client_hosts") or {}
    try:
        return {where: ClientHost.model_validate(facts) for where, facts in sorted(raw.items())}
    except (ValidationError, AttributeError) as error:
        raise ContractError(
            "client_hosts: is not what this version writes; deploy again with this version of the "
            "project"
        ) from error


def read_alarms(outputs: Mapping[str, Any]) -> dict[str, tuple[Alarm, ...]]:
    """The ``alarms`` output by topology; none where the stack has none.

    Raises `ContractError` when it is not what this version writes.
    """
    raw = outputs.get("alarms") or {}
    try:
        return {
            name: tuple(Alarm.model_validate(facts) for facts in own)
            for name, own in sorted(raw.items())
        }
    except (ValidationError, AttributeError, TypeError) as error:
        raise ContractError(
            "alarms: is not what this version writes; deploy again with this version of the project"
        ) from error
