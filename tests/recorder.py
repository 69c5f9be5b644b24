"""Runs a Pulumi program under mocks and records what it registers, in preview or in update.

Types and calls that nobody declared are errors: a mock that answers everything proves nothing.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.output import Unknown
from pulumi.runtime import mocks, rpc
from pulumi.runtime.sync_await import _ensure_event_loop

ACCOUNT = "123456789012"
ZONES = {"us-east-1": "abcdef", "us-west-2": "abcd", "eu-west-1": "abc"}
_ZONE_IDS = dict(zip("abcdef", ("az6", "az1", "az2", "az4", "az3", "az5"), strict=True))
SECRETS = frozenset({"password", "masterPassword", "authToken", "secretString", "passwords"})
SECRET = "<secret>"
UNKNOWN = "<unknown>"
"""What only a deployed resource could tell, in a preview."""


@dataclass(frozen=True)
class Resource:
    """One registered resource; ``inputs`` are plain, with `SECRET` and `UNKNOWN` in them."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    custom: bool
    parent: str
    depends_on: tuple[str, ...]
    ignores: tuple[str, ...] = ()
    """Properties whose changes the program ignores."""
    needs_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By input, the URNs of what it comes from."""


@dataclass
class Recording:
    """Everything one run registered, and what it exported.

    ``registered`` are the outputs of components by name, ``secret_inputs`` the values behind
    `SECRET` by resource and input, ``made`` what a resource had once it was created, its id
    among it, by URN.
    """

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    registered: dict[str, dict[str, Any]] = field(default_factory=dict)
    secret_inputs: dict[tuple[str, str], Any] = field(default_factory=dict)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)

    def named(self, name: str) -> Resource:
        (found,) = (r for r in self.resources if r.name == name)
        return found

    def below(self, component: str) -> dict[str, str]:
        """Names and types of everything that has ``component`` among its ancestors."""
        by_name = {r.name: r for r in self.resources}

        def ancestors(resource: Resource) -> set[str]:
            found = set()
            while resource.parent in by_name:
                resource = by_name[resource.parent]
                found.add(resource.name)
            return found

        return {r.name: r.type for r in self.resources if component in ancestors(r)}


class Undeclared(Exception):
    """The program uses a type or a call for which this module has no answer."""


class _Declared(mocks.Mocks):
    """What AWS would answer, for exactly the types and calls of this project."""

    def __init__(self, *, preview: bool) -> None:
        self._preview = preview

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom:
            return "", args.inputs
        if args.typ not in _OUTPUTS:
            raise Undeclared(f"type {args.typ} of {args.name}; add it to tests/recorder.py")
        if self._preview:
            # Nothing is created: there is no id yet and nothing that AWS chooses.
            return None, args.inputs
        region = args.inputs.get("region", "global")
        outputs = _OUTPUTS[args.typ](args.name, region, args.inputs)
        return f"{args.name}-id", {**args.inputs, **outputs}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]
        if args.token not in _CALLS:
            raise Undeclared(f"call {args.token}; add it to tests/recorder.py")
        return _CALLS[args.token](args.args)


def _arn(service: str, region: str, rest: str) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


def _nothing(name: str, region: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _named(name: str, region: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": inputs.get("name", f"{name}-1a2b3c4")}


def _cache_ends(name: str, region: str, i: Mapping[str, Any]) -> dict[str, Any]:
    if "numNodeGroups" in i:
        shards, nodes = int(i["numNodeGroups"]), int(i["replicasPerNodeGroup"]) + 1
        return {
            "configurationEndpointAddress": f"clustercfg.{name}.{region}",
            "memberClusters": [
                f"{name}-{s + 1:04}-{n + 1:03}" for s in range(shards) for n in range(nodes)
            ],
        }
    return {
        "primaryEndpointAddress": f"primary.{name}.{region}",
        "readerEndpointAddress": f"reader.{name}.{region}",
        "memberClusters": [f"{name}-{n + 1:03}" for n in range(int(i["numCacheClusters"]))],
    }


_OUTPUTS: Mapping[str, Callable[[str, str, Mapping[str, Any]], dict[str, Any]]] = {
    "aws:backup/plan:Plan": _nothing,
    "aws:backup/selection:Selection": _nothing,
    "aws:backup/vault:Vault": lambda name, region, i: {
        "arn": _arn("backup", region, f"backup-vault:{i['name']}"),
    },
    "aws:cloudwatch/dashboard:Dashboard": _nothing,
    "aws:cloudwatch/logGroup:LogGroup": _nothing,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _nothing,
    "aws:cloudtrail/trail:Trail": lambda name, region, i: {
        "arn": _arn("cloudtrail", region, f"trail/{i['name']}"),
    },
    "aws:s3/bucket:Bucket": _nothing,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _nothing,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _nothing,
    "aws:s3/bucketPolicy:BucketPolicy": _nothing,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _nothing,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _nothing
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _nothing,
    "aws:rds/clusterActivityStream:ClusterActivityStream": _nothing,
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": _nothing,
    "aws:sns/topic:Topic": lambda name, region, i: {"arn": _arn("sns", region, i["name"])},
    "aws:sns/topicPolicy:TopicPolicy": _nothing,
    "aws:sns/topicSubscription:TopicSubscription": _nothing,
    "aws:rds/eventSubscription:EventSubscription": _nothing,
    "aws:dms/eventSubscription:EventSubscription": _nothing,
    "aws:ec2/securityGroup:SecurityGroup": _named,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _nothing,
    "aws:elasticache/subnetGroup:SubnetGroup": _named,
    "aws:elasticache/parameterGroup:ParameterGroup": _named,
    "aws:elasticache/cluster:Cluster": lambda name, region, i: {
        "arn": _arn("elasticache", region, f"cluster:{i['clusterId']}"),
        "clusterAddress": f"{i['clusterId']}.cfg.{region}",
        "configurationEndpoint": f"{i['clusterId']}.cfg.{region}:11211",
        "cacheNodes": [
            {
                "id": f"{n + 1:04}",
                "address": f"{i['clusterId']}.{n + 1:04}.{region}",
                "port": 11211,
                "availabilityZone": zone,
            }
            for n, zone in enumerate(i["preferredAvailabilityZones"])
        ],
        "engineVersionActual": i["engineVersion"],
    },
    "aws:elasticache/serverlessCache:ServerlessCache": lambda name, region, i: {
        "arn": _arn("elasticache", region, f"serverlesscache:{i['name']}"),
        "fullEngineVersion": "8.1",
        "endpoints": [{"address": f"{i['name']}.{region}", "port": 6379}],
        "readerEndpoints": [{"address": f"{i['name']}.{region}", "port": 6380}],
    },
    "aws:elasticache/replicationGroup:ReplicationGroup": lambda name, region, i: {
        "arn": _arn("elasticache", region, f"replicationgroup:{i['replicationGroupId']}"),
        **_cache_ends(i["replicationGroupId"], region, i),
        "engineVersionActual": f"{i['engineVersion']}.0",
    },
    "aws:elasticache/user:User": lambda name, region, i: {
        "arn": _arn("elasticache", region, f"user:{i['userId']}"),
    },
    "aws:elasticache/userGroup:UserGroup": lambda name, region, i: {
        "arn": _arn("elasticache", region, f"usergroup:{i['userGroupId']}"),
    },
    "aws:iam/role:Role": lambda name, region, i: {
        "name": i.get("name", f"{name}-1a2b3c4"),
        "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
    },
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _nothing,
    "aws:kms/alias:Alias": _nothing,
    "aws:kms/key:Key": lambda name, region, i: {
        "keyId": f"{name}-key-id",
        "arn": _arn("kms", region, f"key/{name}"),
    },
    "aws:rds/optionGroup:OptionGroup": _named,
    "aws:rds/subnetGroup:SubnetGroup": _named,
    "aws:rds/parameterGroup:ParameterGroup": _named,
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": _named,
    "aws:rds/instance:Instance": lambda name, region, i: {
        "arn": _arn("rds", region, f"db:{i['identifier']}"),
        "address": f"{i['identifier']}.{region}",
        "resourceId": f"db-{name}",
        "engineVersionActual": "8.4.8",
        **_managed(region, "db", i["identifier"], i),
    },
    "aws:rds/cluster:Cluster": lambda name, region, i: {
        "arn": _arn("rds", region, f"cluster:{i['clusterIdentifier']}"),
        "clusterResourceId": f"cluster-{name}",
        "endpoint": f"{i['clusterIdentifier']}.cluster.{region}",
        "readerEndpoint": f"{i['clusterIdentifier']}.cluster-ro.{region}",
        "engineVersionActual": i["engineVersion"],
        # Those of a Multi-AZ DB cluster are RDS's own; in no order.
        "clusterMembers": [
            f"{i['clusterIdentifier']}-instance-{n}"
            for n in ((2, 3, 1) if "dbClusterInstanceClass" in i else ())
        ],
        **_managed(region, "cluster", i["clusterIdentifier"], i),
    },
    "aws:rds/clusterInstance:ClusterInstance": lambda name, region, i: {
        "endpoint": f"{i['identifier']}.{region}",
    },
    "aws:rds/clusterEndpoint:ClusterEndpoint": lambda name, region, i: {
        "endpoint": f"{i['clusterEndpointIdentifier']}.cluster-custom.{region}",
    },
    "aws:rds/globalCluster:GlobalCluster": lambda name, region, i: {
        "arn": f"arn:aws:rds::{ACCOUNT}:global-cluster:{i['globalClusterIdentifier']}",
    },
    "aws:iam/rolePolicy:RolePolicy": _nothing,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _nothing,
    "aws:elasticache/reservedCacheNode:ReservedCacheNode": _nothing,
    "aws:rds/reservedInstance:ReservedInstance": _nothing,
    "aws:rds/proxy:Proxy": lambda name, region, i: {
        "arn": _arn("rds", region, f"db-proxy:{i['name']}"),
        "endpoint": f"{i['name']}.proxy.{region}",
    },
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": lambda name, region, i: {
        "name": "default"
    },
    "aws:rds/proxyTarget:ProxyTarget": _nothing,
    "aws:rds/proxyEndpoint:ProxyEndpoint": lambda name, region, i: {
        "endpoint": f"{i['dbProxyEndpointName']}.endpoint.proxy.{region}"
    },
    "aws:dms/certificate:Certificate": lambda name, region, i: {
        "certificateArn": _arn("dms", region, f"cert:{i['certificateId']}"),
    },
    "aws:dms/dataProvider:DataProvider": lambda name, region, i: {
        "arn": _arn("dms", region, f"data-provider:{i['name']}"),
    },
    "aws:dms/endpoint:Endpoint": lambda name, region, i: {
        "endpointArn": _arn("dms", region, f"endpoint:{i['endpointId']}"),
    },
    "aws:dms/instanceProfile:InstanceProfile": lambda name, region, i: {
        "arn": _arn("dms", region, f"instance-profile:{i['name']}"),
    },
    "aws:dms/migrationProject:MigrationProject": lambda name, region, i: {
        "arn": _arn("dms", region, f"migration-project:{i['name']}"),
    },
    "aws:dms/replicationConfig:ReplicationConfig": lambda name, region, i: {
        "arn": _arn("dms", region, f"replication-config:{i['replicationConfigIdentifier']}"),
    },
    "aws:dms/replicationInstance:ReplicationInstance": lambda name, region, i: {
        "replicationInstanceArn": _arn("dms", region, f"rep:{i['replicationInstanceId']}"),
        "engineVersion": "3.6.1",
    },
    "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup": _nothing,
    "aws:dms/replicationTask:ReplicationTask": lambda name, region, i: {
        "replicationTaskArn": _arn("dms", region, f"task:{i['replicationTaskId']}"),
    },
    "aws:ec2/instance:Instance": _nothing,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _nothing,
    "aws:iam/instanceProfile:InstanceProfile": _named,
    "aws:secretsmanager/secret:Secret": lambda name, region, i: {
        "arn": _arn("secretsmanager", region, f"secret:{name}-AbCdEf"),
    },
    "aws:secretsmanager/secretVersion:SecretVersion": lambda name, region, i: {
        "secretArn": i["secretId"],
    },
    "aws:secretsmanager/secretRotation:SecretRotation": _nothing,
    "random:index/randomPassword:RandomPassword": lambda name, region, i: {
        "result": f"password-of-{name}",
    },
}


def _managed(region: str, kind: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The secret that RDS makes, if it is to make the password."""
    if not inputs.get("manageMasterUserPassword"):
        return {}
    secret = _arn("secretsmanager", region, f"secret:rds!{kind}-{name}-AbCdEf")
    key = inputs.get("masterUserSecretKmsKeyId")
    return {"masterUserSecrets": [{"secretArn": secret, "secretStatus": "active", "kmsKeyId": key}]}


def _offer(call: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("region", "dbInstanceClass", "cacheNodeType", "duration", "multiAz", "offeringType",
            "productDescription")  # fmt: skip
    said = [str(_plain(call[key])) for key in keys if call.get(key) is not None]
    free = call["offeringType"] == "No Upfront"
    return {"offeringId": "/".join(said), "fixedPrice": 0.0 if free else 60.25}


def _subnet(call: Mapping[str, Any]) -> dict[str, Any]:
    region, letter = call["id"].removeprefix("subnet-").rsplit("-", 1)
    short = {"us-east-1": "use1", "us-west-2": "usw2", "eu-west-1": "euw1"}.get(region, "xx")
    return {
        "id": call["id"],
        "vpcId": f"vpc-{region}",
        "availabilityZone": f"{region}{letter}",
        "availabilityZoneId": f"{short}-{_ZONE_IDS[letter]}",
    }


_IMAGES = "/aws/service/ami-amazon-linux-latest/"
_CALLS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "aws:ec2/getSubnets:getSubnets": lambda call: {
        "ids": [f"subnet-{call['region']}-{letter}" for letter in ZONES[call["region"]]]
    },
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getVpc:getVpc": lambda call: {
        "id": f"vpc-{call['region']}",
        "cidrBlock": "172.31.0.0/16",
    },
    "aws:elasticache/getReservedCacheNodeOffering:getReservedCacheNodeOffering": _offer,
    "aws:rds/getReservedInstanceOffering:getReservedInstanceOffering": _offer,
    "aws:rds/getInstance:getInstance": lambda call: {
        "address": f"{call['dbInstanceIdentifier']}.{call['region']}"
    },
    "aws:iam/getRole:getRole": lambda call: {"arn": f"arn:aws:iam::{ACCOUNT}:role/{call['name']}"},
    "aws:index/getCallerIdentity:getCallerIdentity": lambda call: {"accountId": ACCOUNT},
    "aws:index/getPartition:getPartition": lambda call: {
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
    },
    "aws:ssm/getParameter:getParameter": lambda call: {
        "insecureValue": f"{call['name'].removeprefix(_IMAGES)}.{call['region']}"
    },
}


class _Monitor(mocks.MockMonitor):
    def __init__(self, recording: Recording, *, preview: bool) -> None:
        super().__init__(_Declared(preview=preview))
        self._recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        if request.type != "pulumi:pulumi:Stack":
            _ensure_event_loop()
            raw = rpc.deserialize_properties(request.object, keep_unknowns=True)
            for key, value in raw.items():
                if rpc.is_rpc_secret(value):
                    self._recording.secret_inputs[request.name, key] = rpc.unwrap_rpc_secret(value)
            self._recording.resources.append(
                Resource(
                    urn=self.make_urn(request.parent, request.type, request.name),
                    type=request.type,
                    name=request.name,
                    inputs={key: _plain(value) for key, value in raw.items()},
                    custom=request.custom,
                    parent=request.parent.rsplit("::", 1)[-1],
                    depends_on=tuple(urn.rsplit("::", 1)[-1] for urn in request.dependencies),
                    ignores=tuple(request.ignoreChanges),
                    needs_of={
                        key: tuple(found.urns)
                        for key, found in request.propertyDependencies.items()
                    },
                )
            )
        answer = super().RegisterResource(request)
        # The engine marks these; the mock monitor forgets them, and a leak would look the same.
        for key in request.additionalSecretOutputs:
            if key in answer.object and key not in request.object:
                answer.object[key] = rpc.wrap_rpc_secret(answer.object[key])
        if request.custom:
            outputs = _plain(rpc.deserialize_properties(answer.object, keep_unknowns=True))
            self._recording.made[answer.urn] = {"id": answer.id, **outputs}
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        _ensure_event_loop()
        found = _plain(rpc.deserialize_properties(request.outputs, keep_unknowns=True))
        _, _, type_, name = request.urn.rsplit("::", 3)
        if type_ == "pulumi:pulumi:Stack":
            self._recording.outputs.update(found)
        else:
            self._recording.registered[name] = found
        return super().RegisterResourceOutputs(request)


def _plain(value: Any) -> Any:
    if rpc.is_rpc_secret(value):
        return SECRET
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def record(
    program: Callable[[], None],
    config: Mapping[str, Any] | None = None,
    *,
    preview: bool = False,
    into: Recording | None = None,
    stack: str = "dev",
) -> Recording:
    """Run ``program`` as a stack's program. Its exception comes out as it is.

    ``config`` is as in a stack's file: full keys, any YAML value. ``into`` has what was
    registered before an exception.
    """
    # The program keeps what it made for good; here there is a next one.
    gc.unfreeze()
    recording = Recording() if into is None else into
    plain = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in (config or {}).items()
    }
    monitor = _Monitor(recording, preview=preview)
    settings = mocks.MockSettings(
        monitor=monitor,
        monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
        engine=mocks.MockEngine(None),
        project="aws-databases",
        stack=stack,
        organization="test",
        dry_run=preview,
        callbacks=None,
    )
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    threads = _Threads()
    loop.set_default_executor(threads.pool)
    try:
        pulumi.runtime.set_all_config(plain)
        pulumi.runtime.configure(settings)
        pulumi.runtime.settings.ROOT.set(None)
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(program)))
    finally:
        threads.close()
        asyncio.set_event_loop(None)
        loop.close()
    return recording


def _run(program: Callable[[], None]) -> None:
    program()


class _Threads:
    """Threads with an event loop each, which pulumi's mocks want and would leave open."""

    def __init__(self) -> None:
        self._loops: list[asyncio.AbstractEventLoop] = []
        self.pool = ThreadPoolExecutor(max_workers=8, initializer=self._open)

    def _open(self) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self._loops.append(loop)

    def close(self) -> None:
        self.pool.shutdown()
        for loop in self._loops:
            loop.close()
