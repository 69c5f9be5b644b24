"""A project's files, and what is said when they are missing or make no sense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.engine.project import load
from localcloud.errors import BadSetting


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    return tmp_path


def test_a_project_is_its_name_and_the_config_of_a_stack(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text(
        "config:\n  aws:region: eu-west-1\n  size: 3\n  shop:open: true\n  text: '1'\n"
    )
    project = load(folder, "dev")
    assert (project.name, project.stack, project.region) == ("shop", "dev", "eu-west-1")
    assert project.config == {
        "aws:region": "eu-west-1", "shop:size": "3", "shop:open": "true", "shop:text": "1",
    }  # fmt: skip


def test_an_empty_stack_has_the_default_region(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text("{}\n")
    assert load(folder, "dev").region == "us-east-1"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)
    | st.dictionaries(st.text().filter(lambda key: key != "secure"), inner), max_leaves=8,
)  # fmt: skip


@settings(deadline=None, max_examples=50)
@given(value=_JSON.filter(lambda value: not isinstance(value, str)))
def test_values_travel_as_json(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    folder = tmp_path_factory.mktemp("json")
    (folder / "Pulumi.yaml").write_text("name: shop\n")
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": {"k": value}}))
    assert json.loads(load(folder, "dev").config["shop:k"]) == value


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("Pulumi.yaml", None, "is not a Pulumi project; use --program DIR"),
        ("Pulumi.yaml", "runtime: python", "has no name"),
        ("Pulumi.yaml", "- a list", "Pulumi.yaml is no map"),
        ("Pulumi.yaml", "", "Pulumi.yaml is no map"),
        ("Pulumi.yaml", "a: [", "Pulumi.yaml is not YAML"),
        ("Pulumi.dev.yaml", None, r"no Pulumi\.dev\.yaml in .*; its stacks are: none"),
        ("Pulumi.dev.yaml", "config: [1]", r"Pulumi\.dev\.yaml: config is no map"),
        ("Pulumi.dev.yaml", "config:\n  key:\n    secure: AAAB\n", "key is encrypted"),
        ("Pulumi.dev.yaml", "\x00", r"Pulumi\.dev\.yaml is not YAML"),
    ],
)
def test_a_wrong_file_is_named(folder: Path, file: str, content: str | None, says: str) -> None:
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content)
    with pytest.raises(BadSetting, match=says):
        load(folder, "dev")


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(BadSetting, match=r"Pulumi\.dev\.yaml"):
        load(folder, "dev")
    (folder / "Pulumi.dev.yaml").unlink()
    (folder / "Pulumi.dev.yaml").mkdir()
    with pytest.raises(BadSetting, match=r"Pulumi\.dev\.yaml"):
        load(folder, "dev")


def test_a_missing_stack_is_answered_with_those_there_are(folder: Path) -> None:
    (folder / "Pulumi.prod.yaml").write_text("config: {}\n")
    with pytest.raises(BadSetting, match="its stacks are: dev, prod"):
        load(folder, "staging")


def test_a_missing_folder_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="is not a Pulumi project"):
        load(tmp_path / "nowhere", "dev")
