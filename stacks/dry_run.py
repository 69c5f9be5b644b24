"""What the program would register for a stack, without Pulumi's CLI and without any cloud.

It runs as in a preview: nothing is made, and what only AWS could tell stays unknown. Look-ups are
answered as by an account with a default VPC of six zones.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from specs.reservation import AnyReservation, ReservedInstances
from specs.topologies import Stack
from stacks.build import build
from stacks.config import PROJECT, from_file
from stacks.outputs import export

ACCOUNT = "123456789012"
"""The one of AWS's own examples."""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's own text for a value that only AWS can tell."""
_NO_AUTHORITIES = "-----BEGIN CERTIFICATE-----"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_STACK = "pulumi:pulumi:Stack"
# us-east-1e, whose id is az3, is left to be unsuitable, as it is.
_ZONES = {"a": "az6", "b": "az1", "c": "az2", "d": "az4", "e": "az3", "f": "az5"}


@dataclass(frozen=True)
class Registration:
    """One resource or component. ``needs`` are the URNs that its own creation waits for.

    ``needs_of`` has, by input, those that this input comes from. ``secrets`` names the inputs with
    a secret in them; their values are plain.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    secrets: frozenset[str]
    needs: frozenset[str]
    needs_of: Mapping[str, frozenset[str]]


def dry_run(folder: Path, stack: str) -> list[Registration]:
    """The registrations of the stack in ``folder``'s config file; `ConfigError` as its program."""
    return registrations(from_file(folder, stack), stack)


def registrations(config: Stack, name: str) -> list[Registration]:
    """What `build` registers for a stack, in the order it does."""

    def program() -> None:
        export(build(config, authorities=lambda: _NO_AUTHORITIES))

    monitor = _Monitor(name, config.reservations.values())
    settings = mocks.MockSettings(
        monitor=monitor,
        monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
        engine=mocks.MockEngine(None),
        project=PROJECT,
        stack=name,
        organization="organization",
        dry_run=True,
        callbacks=None,
    )
    with _loop() as loop:
        pulumi.runtime.set_all_config({"aws:region": config.region})
        pulumi.runtime.configure(settings)
        pulumi.runtime.settings.ROOT.set(None)
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    return monitor.registered


@contextlib.contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(4)
    loop.set_default_executor(executor)
    try:
        yield loop
    finally:
        executor.shutdown()
        asyncio.set_event_loop(None)
        loop.close()


class _Nothing(mocks.Mocks):
    """The base class wants mocks; every request is answered before they are asked."""

    def call(self, args: Any) -> Any:
        raise NotImplementedError

    def new_resource(self, args: Any) -> Any:
        raise NotImplementedError


class _Monitor(mocks.MockMonitor):
    def __init__(self, stack: str, reservations: Iterable[AnyReservation]) -> None:
        super().__init__(_Nothing())
        self._stack = stack
        # An account would ask what the person has confirmed, or the program would stop.
        self._asked = {_offer(each): each.upfront_usd / each.count for each in reservations}
        self.registered: list[Registration] = []

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        qualified = parent.split("::")[2] if parent else ""
        whole = type_ if qualified in ("", _STACK) else f"{qualified}${type_}"
        return "::".join([f"urn:pulumi:{self._stack}", PROJECT, whole, name])

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type != _STACK:
            raw = json_format.MessageToDict(request.object)
            self.registered.append(
                Registration(
                    urn=urn,
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    custom=request.custom,
                    inputs={key: _plain(value) for key, value in raw.items()},
                    secrets=frozenset(key for key, value in raw.items() if _has_secret(value)),
                    needs=frozenset(request.dependencies),
                    needs_of={
                        key: frozenset(found.urns)
                        for key, found in request.propertyDependencies.items()
                    },
                )
            )
        return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        arguments = json_format.MessageToDict(request.args)
        if request.tok in _OFFERS:
            key = tuple(arguments.get(name) for name in _OFFERS[request.tok])
            answer = {"offeringId": "offer", "fixedPrice": self._asked[key]}
        else:
            answer = _LOOK_UPS[request.tok](arguments)
        struct = json_format.ParseDict(answer, struct_pb2.Struct())
        return resource_pb2.ResourceInvokeResponse(**{"return": struct})


_OFFERS = {
    "aws:rds/getReservedInstanceOffering:getReservedInstanceOffering": (
        "dbInstanceClass", "multiAz", "duration", "offeringType", "productDescription",
    ),
    "aws:elasticache/getReservedCacheNodeOffering:getReservedCacheNodeOffering": (
        "cacheNodeType", "multiAz", "duration", "offeringType", "productDescription",
    ),
}  # fmt: skip


def _offer(each: AnyReservation) -> tuple[Any, ...]:
    if isinstance(each, ReservedInstances):
        two_zones = each.availability == "multi-az"
        seconds = each.years * 31_536_000
        return each.instance_class, two_zones, seconds, each.offering_type, each.product
    return each.node_type, None, f"P{each.years}Y", each.offering_type, each.engine


def _subnet(asked: Mapping[str, Any]) -> dict[str, Any]:
    region, letter = asked["id"].removeprefix("subnet-").rsplit("-", 1)
    short = "use1" if region == "us-east-1" else region
    return {
        "id": asked["id"],
        "vpcId": f"vpc-{region}",
        "availabilityZone": f"{region}{letter}",
        "availabilityZoneId": f"{short}-{_ZONES[letter]}",
    }


_LOOK_UPS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "aws:ec2/getSubnets:getSubnets": lambda asked: {
        "ids": [f"subnet-{asked['region']}-{letter}" for letter in _ZONES]
    },
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getVpc:getVpc": lambda asked: {
        "id": f"vpc-{asked['region']}",
        "cidrBlock": "172.31.0.0/16",
    },
    "aws:iam/getRole:getRole": lambda asked: {
        "arn": f"arn:aws:iam::{ACCOUNT}:role/{asked['name']}"
    },
    "aws:index/getPartition:getPartition": lambda asked: {
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
    },
    "aws:index/getCallerIdentity:getCallerIdentity": lambda asked: {
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/somebody",
    },
    "aws:ssm/getParameter:getParameter": lambda asked: {
        "name": asked["name"],
        "insecureValue": f"ami-{asked['region']}",
    },
}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return _plain(value.get("value"))
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get(_SIGNATURE) == _SECRET or any(map(_has_secret, value.values()))
    return isinstance(value, list) and any(map(_has_secret, value))
