"""YAML in which a key that is written twice is an error, as it is to Pulumi."""

from __future__ import annotations

from typing import Any

import yaml


def load(content: bytes) -> Any:
    """The value of a YAML document; `yaml.YAMLError` for anything else."""
    return yaml.load(content, _Strict)


class _Strict(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        # PyYAML keeps the last of two: one of two databases of a name would silently be gone.
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key.value!r} is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)
