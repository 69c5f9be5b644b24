from __future__ import annotations

from typing import Any

import pytest

from specs.problems import ConfigError
from specs.topologies import Stack, read
from tests.stacks.run_program import dev_config, stack_config

PROXY: dict[str, Any] = {"kind": "rds-proxy", "identifier": "myapp-proxy", "target": "mysql"}


def stack(**changes: Any) -> Stack:
    config = dev_config()
    topologies = config["aws-databases:topologies"]
    given = {key: value for key, value in (PROXY | changes).items() if value is not None}
    return read(config["aws:region"], None, {**topologies, "proxy": given})


def problems(**changes: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        stack(**changes)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"target": None}, "target", "is missing; add it"),
        ({"target": "mysqll"}, "target", "did you mean 'mysql'?"),
        ({"target": "mysql-replica"}, "target", "cannot stand behind an RDS Proxy"),
        ({"target": "redis"}, "target", "name an rds-mysql, rds-mariadb, rds-postgres"),
        ({"target": "aurora-serverless"}, "target", "raise its capacity.min_acu to 0.5 or more"),
        ({"target": "proxy"}, "target", "cannot stand behind"),
        ({"reader_endpoint": True}, "target", "leave reader_endpoint out"),
        ({"region": "us-west-2"}, "region", "is its target's; leave it out"),
        ({"identifier": "My_Proxy"}, "identifier", "is no identifier"),
        ({"authentication": "kerberos"}, "authentication", "choose 'password' or 'iam'"),
        ({"require_tls": False}, "require_tls", "is not a key here"),
        ({"idle_client_timeout_seconds": 0}, "idle_client_timeout_seconds", "the least is 1"),
        ({"idle_client_timeout_seconds": 28_801}, "idle_client_timeout_seconds", "most is 28800"),
        ({"pool": {"most_percent": 101}}, "pool.most_percent", "write 1 to 100"),
        ({"pool": {"most_percent": 0}}, "pool.most_percent", "write 1 to 100"),
        ({"pool": {"most_percent": 10}}, "pool.idle_percent", "50 is over most_percent 10"),
        ({"pool": {"borrow_timeout_seconds": 301}}, "pool.borrow_timeout_seconds", "most is 300"),
        (
            {"identifier": "p" * 60, "target": "aurora", "reader_endpoint": True},
            "identifier",
            "over 63 characters",
        ),
    ],
)
def test_what_aws_would_refuse(changes: dict[str, Any], path: str, says: str) -> None:
    (problem,) = problems(**changes)
    assert problem.startswith(f"topologies.proxy.{path}: ")
    assert says in problem


def test_variables_of_postgresql_always_pin() -> None:
    config = stack_config("prod")
    topologies = config["aws-databases:topologies"]
    topologies["ledger-proxy"] |= {"pool": {"pinned_by_variables": False}}
    with pytest.raises(ConfigError, match="is PostgreSQL, where a client that sets a variable"):
        read(config["aws:region"], None, topologies)


@pytest.mark.parametrize("target", ["orders", "wiki", "ledger", "catalog"])
def test_what_can_stand_behind_one(target: str) -> None:
    config = stack_config("prod")
    topologies = config["aws-databases:topologies"]
    topologies["proxy"] = PROXY | {"target": target}
    assert read(config["aws:region"], None, topologies).region_of("proxy") == "us-east-1"


def test_a_serverless_cluster_that_does_not_pause_can_too() -> None:
    config = dev_config()
    topologies = config["aws-databases:topologies"]
    topologies["aurora-serverless"]["capacity"] = {"min_acu": 2, "max_acu": 16}
    topologies["proxy"] = PROXY | {"target": "aurora-serverless"}
    assert read(config["aws:region"], None, topologies).region_of("proxy") == "us-east-1"


def test_a_reader_endpoint_needs_a_reader() -> None:
    config = dev_config()
    topologies = config["aws-databases:topologies"]
    topologies["aurora"] |= {"readers": [], "custom_endpoints": {}}
    topologies["proxy"] = PROXY | {"target": "aurora", "reader_endpoint": True}
    with pytest.raises(ConfigError, match="has no readers; add one"):
        read(config["aws:region"], None, topologies)


def test_two_proxies_of_one_name_are_one_too_many() -> None:
    config = dev_config()
    topologies = config["aws-databases:topologies"] | {"proxy": PROXY, "other": PROXY}
    with pytest.raises(ConfigError, match=r"topologies\.other\.identifier: 'myapp-proxy' is"):
        read(config["aws:region"], None, topologies)


def test_it_stands_where_its_target_stands_and_comes_after_it() -> None:
    config = dev_config()
    topologies = config["aws-databases:topologies"]
    topologies = {"proxy": PROXY, **topologies}
    topologies["mysql"] = topologies["mysql"] | {"region": "us-west-2"}
    found = read(config["aws:region"], None, topologies)
    assert found.region_of("proxy") == "us-west-2"
    assert found.in_order.index("mysql") < found.in_order.index("proxy")
