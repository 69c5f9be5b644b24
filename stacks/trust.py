"""Whose certificates the databases have: the CA bundle that DMS is given to verify them by."""

from __future__ import annotations

import os
from pathlib import Path

from specs.problems import ConfigError, Problem

CA_VARIABLE = "DATABASES_CA_FILE"
"""The same as for `verify`: the bundle belongs to the cloud, not to the stack."""
_RDS_BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"


def authorities() -> str:
    """The PEM bundle in the file of DATABASES_CA_FILE; `ConfigError` says how to get one."""
    file = os.environ.get(CA_VARIABLE)
    if not file:
        raise _problem(f"`curl -o rds.pem {_RDS_BUNDLE}`, then set {CA_VARIABLE}=rds.pem")
    try:
        text = Path(file).read_text()
    except (OSError, ValueError) as error:
        raise _problem(f"{CA_VARIABLE}={file} cannot be read: {error}") from error
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise _problem(f"{CA_VARIABLE}={file} has no PEM certificate in it")
    return text


def _problem(remedy: str) -> ConfigError:
    text = f"a migration verifies its databases' certificates and needs their CAs: {remedy}"
    return ConfigError([Problem("topologies", text)])
