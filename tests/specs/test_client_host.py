"""The client host's config: what can be said, and every word that cannot."""

from __future__ import annotations

from typing import Any

import pytest

from specs.client_host import PrivateHost, PublicHost
from specs.problems import ConfigError
from specs.topologies import Stack, read
from stacks.config import from_file
from tests.specs.configs import REDIS
from tests.stacks.run_program import PROJECT

PUBLIC: dict[str, Any] = {"class": "t4g.nano", "address": "public"}
PRIVATE: dict[str, Any] = {"class": "t3.micro", "address": "private", "ssm_endpoints": "create"}


def stack(client_host: Any) -> Stack:
    return read("us-east-1", None, {"redis": REDIS}, client_host=client_host)


def test_there_is_none_unless_somebody_asks_for_it() -> None:
    assert stack(None).client_host is None


def test_what_it_can_be() -> None:
    public, private = stack(PUBLIC).client_host, stack(PRIVATE).client_host
    assert isinstance(public, PublicHost)
    assert (public.instance_class, public.architecture) == ("t4g.nano", "arm64")
    assert isinstance(private, PrivateHost)
    assert (private.instance_class, private.architecture) == ("t3.micro", "x86_64")
    assert private.ssm_endpoints == "create"
    adopting = stack(PRIVATE | {"ssm_endpoints": "adopt"}).client_host
    assert isinstance(adopting, PrivateHost)
    assert adopting.ssm_endpoints == "adopt"


def test_the_course_s_client_is_in_dev_and_nothing_can_be_reached_in_prod() -> None:
    assert isinstance(from_file(PROJECT, "dev").client_host, PublicHost)
    assert from_file(PROJECT, "prod").client_host is None


@pytest.mark.parametrize(
    ("config", "path", "says"),
    [
        ("t4g.nano", "client_host", "write keys and values here"),
        (True, "client_host", "write keys and values here"),
        ([], "client_host", "write keys and values here"),
        ({}, "client_host.address", "is missing; choose public, private"),
        ({"class": "t4g.nano"}, "client_host.address", "is missing; choose public, private"),
        ({"address": "public"}, "client_host.class", "is missing; add it"),
        (PUBLIC | {"address": "elastic"}, "client_host.address", "there are public, private"),
        (PUBLIC | {"address": "pubic"}, "client_host.address", "did you mean 'public'?"),
        (PUBLIC | {"class": "db.t3.micro"}, "client_host.class", "choose 't4g.nano'"),
        (PUBLIC | {"class": "m5.24xlarge"}, "client_host.class", "choose 't4g.nano'"),
        (PUBLIC | {"class": None}, "client_host.class", "is empty"),
        # What only the other kind has.
        (PUBLIC | {"ssm_endpoints": "create"}, "client_host.ssm_endpoints", "is not a key here"),
        (PRIVATE | {"ssm_endpoints": "both"}, "client_host.ssm_endpoints", "'create' or 'adopt'"),
        (
            {"class": "t3.micro", "address": "private"},
            "client_host.ssm_endpoints",
            "is missing; add it",
        ),
        # No SSH, no image of one's own, no door.
        (PUBLIC | {"key_name": "mine"}, "client_host.key_name", "is not a key here"),
        (PUBLIC | {"ami": "ami-1"}, "client_host.ami", "is not a key here"),
        (PUBLIC | {"allowed_cidrs": []}, "client_host.allowed_cidrs", "is not a key here"),
        (PUBLIC | {"region": "us-west-2"}, "client_host.region", "is not a key here"),
    ],
)
def test_what_cannot_be(config: Any, path: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        stack(config)
    (problem,) = error.value.problems
    assert problem.path == path
    assert says in problem.text


def test_it_is_told_together_with_all_other_problems() -> None:
    with pytest.raises(ConfigError) as error:
        read("nowhere", None, {"redis": REDIS}, client_host={"address": "public"}, auditing={})
    paths = [problem.path for problem in error.value.problems]
    assert {"aws:region", "client_host.class", "auditing.keep_days"} <= set(paths)
