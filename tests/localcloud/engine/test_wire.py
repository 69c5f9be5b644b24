"""Pulumi's values on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.engine.wire import UNKNOWN, decode, encode, unknown
from localcloud.errors import DeployFailed

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"

_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda f: not f.is_integer()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip
_NAMES = st.text(min_size=1).filter(lambda name: not name.startswith("_"))


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


@settings(deadline=None, max_examples=50)
@given(values=st.dictionaries(_NAMES, _PLAIN))
def test_what_is_encoded_is_decoded(values: dict[str, Any]) -> None:
    plain, secret = decode(encode(values))
    assert plain == values
    assert not secret


@settings(deadline=None, max_examples=50)
@given(values=st.dictionaries(_NAMES, _PLAIN, min_size=1), chosen=st.data())
def test_secrets_are_known_by_name(values: dict[str, Any], chosen: st.DataObject) -> None:
    hidden = chosen.draw(st.sets(st.sampled_from(sorted(values))))
    assert decode(encode(values, hidden)) == (values, frozenset(hidden))


def test_a_secret_deep_inside_makes_the_whole_value_one() -> None:
    deep = {"login": [{"password": {_SIGNATURE: _SECRET, "value": "p"}}], "port": 3306}
    plain, secret = decode(struct(deep))
    assert plain == {"login": [{"password": "p"}], "port": 3306}
    assert secret == {"login"}


def test_our_own_values_do_not_leave() -> None:
    assert decode(encode({"_id": "sg-1", "arn": "a"})) == ({"arn": "a"}, frozenset())


def test_a_resource_is_its_id() -> None:
    values = {
        "made": {_SIGNATURE: _RESOURCE, "urn": "urn:1", "id": "i-1"},
        "component": {_SIGNATURE: _RESOURCE, "urn": "urn:2"},
    }
    assert decode(struct(values))[0] == {"made": "i-1", "component": "urn:2"}


def test_a_file_is_refused() -> None:
    with pytest.raises(DeployFailed, match="assets and archives"):
        decode(struct({"code": {_SIGNATURE: _ASSET, "text": "x"}}))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (UNKNOWN, True),
        ([1, UNKNOWN], True),
        ({"a": {"b": [UNKNOWN]}}, True),
        ({"a": ["known"]}, False),
        (None, False),
        ({}, False),
    ],
)
def test_what_a_preview_cannot_know_is_found(value: object, found: bool) -> None:
    assert unknown(value) is found
