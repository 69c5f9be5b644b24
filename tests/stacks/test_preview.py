"""A preview shows what an update does: nothing is made inside `apply`."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.recorder import SECRET, UNKNOWN
from tests.stacks.recorded import NAMES, recorded


def fits(shown: Any, done: Any) -> bool:
    """Whether what a preview shows may become what an update does."""
    if shown == UNKNOWN:
        return True
    if isinstance(shown, dict) and isinstance(done, dict):
        return shown.keys() == done.keys() and all(fits(shown[k], done[k]) for k in shown)
    if isinstance(shown, list) and isinstance(done, list):
        return len(shown) == len(done) and all(map(fits, shown, done))
    return bool(shown == done)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_resources(name: str) -> None:
    shown, done = recorded(name, preview=True), recorded(name)
    assert sorted(r.urn for r in shown.resources) == sorted(r.urn for r in done.resources)
    assert shown.registered.keys() == done.registered.keys()
    assert shown.outputs.keys() == done.outputs.keys()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_inputs_but_for_what_is_not_known_yet(name: str) -> None:
    shown, done = recorded(name, preview=True), recorded(name)
    by_urn = {r.urn: r for r in done.resources}
    for resource in shown.resources:
        assert fits(resource.inputs, by_urn[resource.urn].inputs), resource.name


@pytest.mark.parametrize("name", NAMES)
def test_shape_is_known_in_a_preview(name: str) -> None:
    # Counts, classes, zones and sizes are plain values of the config, never of a resource.
    reference = re.compile(
        r".*(Ids?|Arns?|Names?|Identifiers?)|role|iamInstanceProfile|policy|arn|resources|snsTopic|(alarm|ok)Actions|replicateSourceDb"
    )
    for resource in recorded(name, preview=True).resources:
        unknown = _unknown_keys("", resource.inputs)
        assert {key for key in unknown if not reference.fullmatch(key)} == set(), resource.name


def _unknown_keys(key: str, value: Any) -> set[str]:
    if isinstance(value, list):
        return {found for item in value for found in _unknown_keys(key, item)}
    if isinstance(value, dict):
        return {found for inner, item in value.items() for found in _unknown_keys(inner, item)}
    return {key} if value == UNKNOWN else set()


@pytest.mark.parametrize("name", NAMES)
def test_a_password_is_secret_before_it_is_known(name: str) -> None:
    shown, done = recorded(name, preview=True), recorded(name)
    assert shown.secret_inputs.keys() == done.secret_inputs.keys()
    for name_, key in shown.secret_inputs:
        assert shown.named(name_).inputs[key] == SECRET
