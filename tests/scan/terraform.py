"""A recorded stack in Terraform's words: scanners read Terraform's plans, and not Pulumi's.

pulumi-aws is made of Terraform's AWS provider: types and properties are the same, otherwise
spelt. What is not spelt by a rule stands in a table here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.recorder import SECRET, Recording, Resource

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
    """The plan that would create everything of a recording, as ``terraform show -json`` says it.

    ``planned_values`` has every value, ``resource_changes`` only what is known before anything
    is created, as Terraform has it: by what is unknown there, and ``configuration`` refers to,
    scanners find out what belongs together.
    """
    found = [resource for resource in recording.resources if resource.custom]
    addresses = {resource.urn: _address(resource) for resource in found}
    outputs = {
        addresses[urn]: {
            value: f"{addresses[urn]}.{_snake(key)}"
            for key, value in reversed(made.items())
            if isinstance(value, str) and value != SECRET
        }
        for urn, made in recording.made.items()
    }
    resources = [_resource(each) for each in found]
    configured = [_configured(each, addresses, outputs) for each in found]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": [
            {
                **{key: each[key] for key in ("address", "mode", "type", "name", "provider_name")},
                "change": _change(each["values"], its["expressions"]),
            }
            for each, its in zip(resources, configured, strict=True)
        ],
        "configuration": {
            "provider_config": {"aws": {"name": "aws"}},
            "root_module": {"resources": configured},
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


def _change(values: Plain, expressions: Plain) -> Plain:
    """A creation: an attribute that is another resource's whole output is not known before."""
    unknown = {
        key
        for key, value in values.items()
        if isinstance(value, str) and _is_output(expressions.get(key, {}))
    }
    return {
        "actions": ["create"],
        "before": None,
        "after": {key: value for key, value in values.items() if key not in unknown},
        "after_unknown": dict.fromkeys(sorted(unknown), True),
    }


def _is_output(expression: Plain) -> bool:
    return any(name.count(".") == 2 for name in expression.get("references", ()))


def _configured(
    resource: Resource, addresses: Mapping[str, str], outputs: Mapping[str, Mapping[str, str]]
) -> Plain:
    """What a resource refers to, and which of its arguments are blocks."""
    expressions = {}
    for key, value in resource.inputs.items():
        needed = [addresses[urn] for urn in resource.needs_of.get(key, ()) if urn in addresses]
        name, _ = _argument(key, value)
        expression = _expression(key, value, needed, outputs)
        if not expression and needed:
            expression = {"references": needed}
        if expression:
            expressions[name] = expression
    return {
        "address": _address(resource),
        "mode": "managed",
        "type": type_of(resource.type),
        "name": resource.name,
        "expressions": expressions,
    }


def _expression(
    key: str, value: Any, needed: Sequence[str], outputs: Mapping[str, Mapping[str, str]]
) -> Any:
    """An argument as the configuration has it, nothing where it says no more than the value.

    A block is there even with nothing in it: scanners tell blocks from lists of maps by it.
    """
    match value:
        case Mapping() if key not in MAPS:
            return _expression(key, [value], needed, outputs)
        case list() if value and all(isinstance(each, Mapping) for each in value):
            return [
                {
                    _argument(inner, each[inner])[0]: expression
                    for inner in each
                    if (expression := _expression(inner, each[inner], needed, outputs))
                }
                for each in value
            ]
        case str() | list():
            origins = [
                name
                for text in (value if isinstance(value, list) else [value])
                for address in needed
                if (name := outputs[address].get(text))
            ]
            with_resources = (n for each in origins for n in (each, each.rpartition(".")[0]))
            return {"references": list(dict.fromkeys(with_resources))} if origins else {}
        case _:
            return {}


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
