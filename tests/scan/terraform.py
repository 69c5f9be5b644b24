"""A recorded stack in Terraform's words: scanners read Terraform's plans, and not Pulumi's.

pulumi-aws is made of Terraform's AWS provider: types and properties are the same, otherwise
spelt. What is not spelt by a rule stands in a table here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.recorder import Recording, Resource

Plain = dict[str, Any]

TYPES: Mapping[str, str] = {
    "aws:cloudtrail/trail": "aws_cloudtrail",
    "aws:ec2/instance": "aws_instance",
    "aws:ec2/launchTemplate": "aws_launch_template",
    "aws:ec2/securityGroup": "aws_security_group",
    "aws:ec2/vpcEndpoint": "aws_vpc_endpoint",
    "aws:rds/eventSubscription": "aws_db_event_subscription",
    "aws:rds/instance": "aws_db_instance",
    "aws:rds/instanceAutomatedBackupsReplication": "aws_db_instance_automated_backups_replication",
    "aws:rds/optionGroup": "aws_db_option_group",
    "aws:rds/parameterGroup": "aws_db_parameter_group",
    "aws:rds/proxy": "aws_db_proxy",
    "aws:rds/proxyDefaultTargetGroup": "aws_db_proxy_default_target_group",
    "aws:rds/proxyEndpoint": "aws_db_proxy_endpoint",
    "aws:rds/proxyTarget": "aws_db_proxy_target",
    "aws:rds/snapshot": "aws_db_snapshot",
    "aws:rds/subnetGroup": "aws_db_subnet_group",
    "random:index/randomPassword": "random_password",
}
"""Those whose name is not their module's and their own."""
BLOCKS: Mapping[str, str] = {"optionSettings": "option_settings"}
"""Lists of blocks whose name is not the property's without its last letter."""
MAPS = frozenset({"tags", "dimensions", "variables", "keepers"})
"""Properties with keys of one's own, which are no blocks."""


def type_of(token: str) -> str:
    """Terraform's name of a Pulumi type, such as ``aws:rds/instance:Instance``."""
    path = token.rpartition(":")[0]
    if path in TYPES:
        return TYPES[path]
    package, module, name = re.split(r"[:/]", path)
    return "_".join((package, module, _snake(name)))


def values_of(inputs: Mapping[str, Any]) -> Plain:
    """A resource's properties as a plan has them: blocks are lists, names have underscores."""
    return dict(_argument(key, value) for key, value in inputs.items())


def plan_of(recording: Recording) -> Plain:
    """The plan that would create everything of a recording, as ``terraform show -json`` says it."""
    found = [resource for resource in recording.resources if resource.custom]
    addresses = {resource.urn: _address(resource) for resource in found}
    resources = [_resource(each) for each in found]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": [
            {
                **{key: each[key] for key in ("address", "mode", "type", "name", "provider_name")},
                "change": {
                    "actions": ["create"],
                    "before": None,
                    "after": each["values"],
                    "after_unknown": {},
                },
            }
            for each in resources
        ],
        "configuration": {
            "provider_config": {"aws": {"name": "aws"}},
            "root_module": {"resources": [_configured(each, addresses) for each in found]},
        },
    }


def _address(resource: Resource) -> str:
    return f"{type_of(resource.type)}.{resource.name}"


def _resource(resource: Resource) -> Plain:
    type_ = type_of(resource.type)
    return {
        "address": _address(resource),
        "mode": "managed",
        "type": type_,
        "name": resource.name,
        "provider_name": f"registry.terraform.io/hashicorp/{type_.partition('_')[0]}",
        "values": values_of(resource.inputs),
    }


def _configured(resource: Resource, addresses: Mapping[str, str]) -> Plain:
    """What a resource refers to, by which scanners know what belongs together."""
    named = {
        _argument(key, resource.inputs[key])[0]: [addresses[u] for u in urns if u in addresses]
        for key, urns in resource.needs_of.items()
        if key in resource.inputs
    }
    return {
        "address": _address(resource),
        "mode": "managed",
        "type": type_of(resource.type),
        "name": resource.name,
        "expressions": {key: {"references": found} for key, found in named.items() if found},
    }


def _argument(key: str, value: Any) -> tuple[str, Any]:
    match value:
        case Mapping() if key in MAPS:
            return _snake(key), dict(value)
        case Mapping():
            return _snake(key), [values_of(value)]
        case list() if value and all(isinstance(each, Mapping) for each in value):
            return BLOCKS.get(key, _snake(key.removesuffix("s"))), list(_blocks(value))
        case _:
            return _snake(key), value


def _blocks(found: Sequence[Mapping[str, Any]]) -> Iterator[Plain]:
    return (values_of(each) for each in found)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
