"""Where a local cloud lives: from the environment, on loopback only."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import BadSetting
from localcloud.site import Site


def test_everything_is_below_its_folder_and_its_prefix() -> None:
    site = Site(Path("/var/lib/x"), "127.9")
    assert site.endpoint_url == "http://127.9.0.1:4566"
    for folder in (site.ca_dir, site.servers_dir, site.run_dir, site.stacks_dir):
        assert folder.parent == site.state_dir


@given(number=st.integers(1, 255))
def test_every_address_is_loopback(number: int) -> None:
    host = Site(Path("/x"), f"127.{number}").endpoint_host
    assert ipaddress.ip_address(host).is_loopback
    assert host != "127.0.0.1"


@pytest.mark.parametrize(
    "prefix",
    ["", "127", "127.", "127.0", "127.256", "127.-1", "127.1.2", "127.x", "127.077", "127. 7",
     "10.0", "0.0", "128.1", "0127.1", "127.²", "127.٧", "localhost"],
)  # fmt: skip
def test_any_other_prefix_is_refused_with_its_name_and_the_remedy(prefix: str) -> None:
    with pytest.raises(BadSetting, match=r"LOCALCLOUD_PREFIX=.*must be 127\.N with N from 1 to"):
        Site(Path("/x"), prefix)


def test_the_environment_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    site = Site.from_env({"LOCALCLOUD_STATE": "here", "LOCALCLOUD_PREFIX": "127.9"})
    # Absolute: the daemon runs in another folder.
    assert (site.state_dir, site.prefix) == (tmp_path / "here", "127.9")


@pytest.mark.parametrize(
    ("uid", "env", "folder"),
    [
        (0, {"HOME": "/root"}, "/var/lib/aws-databases"),
        (0, {"HOME": "/root", "LOCALCLOUD_STATE": ""}, "/var/lib/aws-databases"),
        (1000, {"HOME": "/home/u"}, "/home/u/.local/state/aws-databases"),
        (1000, {"HOME": "/home/u", "XDG_STATE_HOME": "/s"}, "/s/aws-databases"),
    ],
)
def test_without_it_each_user_has_a_folder(
    monkeypatch: pytest.MonkeyPatch, uid: int, env: dict[str, str], folder: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    site = Site.from_env(env)
    assert (str(site.state_dir), site.prefix) == (folder, "127.77")
