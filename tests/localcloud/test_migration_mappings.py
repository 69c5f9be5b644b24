from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.migration.errors import BadMappings
from localcloud.migration.mappings import Mappings

NAMES = st.text(st.characters(blacklist_characters="%"), min_size=1, max_size=12)


def rule(schema: str, table: str, action: str = "include", **more: Any) -> dict[str, Any]:
    return {
        "rule-type": "selection",
        "rule-id": "1",
        "object-locator": {"schema-name": schema, "table-name": table},
        "rule-action": action,
        **more,
    }


def mappings(*rules: dict[str, Any]) -> Mappings:
    return Mappings.read(json.dumps({"rules": list(rules)}))


@pytest.mark.parametrize(
    ("table", "selected"),
    [("orders", True), ("order.items", True), ("tmp_1", False), ("tmp", True), ("Orders", True)],
)
def test_an_exclusion_wins(table: str, selected: bool) -> None:
    found = mappings(rule("app", "tmp_%", "exclude"), rule("app", "%"))
    assert found.selects("app", table) is selected
    assert not found.selects("apps", table)


@given(schema=NAMES, table=NAMES, other=NAMES)
def test_a_name_selects_itself_and_nothing_else(schema: str, table: str, other: str) -> None:
    found = mappings(rule(schema, table))
    assert found.selects(schema, table)
    assert found.selects(schema, other) is (other == table)


@given(before=NAMES, between=st.text(max_size=12), after=NAMES)
def test_a_percent_sign_is_any_characters(before: str, between: str, after: str) -> None:
    found = mappings(rule("app", f"{before}%{after}"))
    assert found.selects("app", before + between + after)
    assert not found.selects("app", before[:-1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "are not DMS's JSON"),
        ("[]", "are not DMS's JSON"),
        ('{"rules": [1]}', "are not DMS's JSON"),
        ('{"rules": []}', "include no table"),
        (json.dumps({"rules": [rule("a", "b", "exclude")]}), "include no table"),
        (json.dumps({"rules": [rule("a", "b", "rename")]}), "no known action: 'rename'"),
        (
            json.dumps({"rules": [rule("a", "b") | {"rule-type": "transformation"}]}),
            "rules of type 'transformation' are not served here",
        ),
        (json.dumps({"rules": [rule("a", "b", filters=[{"x": 1}])]}), "has filters"),
    ],
)
def test_what_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(BadMappings, match=said):
        Mappings.read(text)
