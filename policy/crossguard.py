"""The rules as Pulumi's engine asks for them. The one module that imports pulumi_policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy.findings import Rule
from policy.resources import UNKNOWN, Registered, Resource
from policy.rules import RULES, level

_STACK = "pulumi:pulumi:Stack"


def publish() -> None:
    """Serve the pack until the engine has enough. The levels are those of the engine's stack."""
    PolicyPack("aws-databases", policies=[_policy(rule) for rule in RULES])


def _policy(rule: Rule) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for resource, problem, change in rule.look(_registered(args)):
            report(f"{resource.name}: {problem}; {change} [{rule.course}]", resource.urn)

    held = level(rule, pulumi.get_stack()) == "mandatory"
    return StackValidationPolicy(
        name=rule.id,
        description=rule.title,
        enforcement_level=EnforcementLevel.MANDATORY if held else EnforcementLevel.ADVISORY,
        validate=validate,
    )


def _registered(args: StackValidationArgs) -> Registered:
    return Registered(
        [
            Resource(
                urn=each.urn,
                type=each.resource_type,
                name=each.name,
                props=_plain(each.props),
                parent=each.parent.urn if each.parent is not None else "",
                # The engine hands secrets over like anything else.
                secrets=None,
            )
            for each in args.resources
            if each.resource_type != _STACK
        ]
    )


def _plain(props: Mapping[str, Any]) -> dict[str, Any]:
    """Values without pulumi_policy's proxies, which raise where a value is not known."""
    return {key: _value(props, key) for key in props}


def _value(holder: Any, key: Any) -> Any:
    try:
        value = holder[key]
    except UnknownValueError:
        return UNKNOWN
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_value(value, index) for index in range(len(value))]
    return value
