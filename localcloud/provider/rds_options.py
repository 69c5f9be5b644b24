"""RDS option groups."""

from __future__ import annotations

from typing import Any

from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs
from localcloud.provider.rds_groups import RdsKind


class OptionGroup(RdsKind):
    """aws.rds.OptionGroup"""

    token = "aws:rds/optionGroup:OptionGroup"
    names = {"name": "OptionGroupName"}
    ours = frozenset({"options", "skipDestroy"})
    replaced_by = frozenset(
        {"name", "namePrefix", "engineName", "majorEngineVersion", "optionGroupDescription"}
    )
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"OptionGroupNotFoundFault"})
    taken = frozenset({"OptionGroupAlreadyExistsFault"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        answer = self.client(resource).create_option_group(
            **self.arguments(resource, "CreateOptionGroup")
        )
        self._modify(resource, {}, resource.inputs)
        return resource.inputs["name"], {"arn": answer["OptionGroup"]["OptionGroupArn"]}

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_option_groups(
            OptionGroupName=resource.inputs["name"]
        )
        return {"arn": answer["OptionGroupsList"][0]["OptionGroupArn"]}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        if "options" in changed:
            self._modify(resource, old, resource.inputs)
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_option_group(OptionGroupName=resource.inputs["name"])

    def _modify(self, resource: Resource, old: Inputs, new: Inputs) -> None:
        before = {option["optionName"]: option for option in old.get("options") or []}
        after = {option["optionName"]: option for option in new.get("options") or []}
        include = [_option(o) for name, o in after.items() if before.get(name) != o]
        remove = sorted(before.keys() - after.keys())
        if include or remove:
            self.client(resource).modify_option_group(
                OptionGroupName=resource.inputs["name"],
                OptionsToInclude=include,
                OptionsToRemove=remove,
                ApplyImmediately=True,
            )


def _option(option: Any) -> dict[str, Any]:
    return {
        "OptionName": option["optionName"],
        "OptionSettings": [
            {"Name": setting["name"], "Value": setting["value"]}
            for setting in option.get("optionSettings") or []
        ],
    }
