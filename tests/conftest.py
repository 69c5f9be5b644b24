"""What every test's environment has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A bundle of CAs for stacks with a migration: nobody reads in it, so it holds none."""
    bundle = tmp_path_factory.mktemp("authorities") / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASES_CA_FILE", str(bundle))
        yield
