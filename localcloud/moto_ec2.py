"""moto's EC2 without the tables of AWS's catalogue that it reads when it is imported.

They are 98 files of what every region offers, a model of EC2 for each of three partitions, and
for each region 700 machine images, which `MotoState` would write again after every change: most
of a second, and 30 ms of every call.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import moto.core.utils
import moto.utilities.utils

_OFFERINGS = "ec2/resources/instance_type_offerings"


class _Offers(dict[str, list[dict[str, str]]]):
    """What regions offer, by region, read when a region is first asked for."""

    def __init__(self, location_type: str, read: Callable[[str], Any]) -> None:
        super().__init__()
        self._location_type = location_type
        self._read = read

    def __missing__(self, region: str) -> list[dict[str, str]]:
        found = self._read(f"{_OFFERINGS}/{self._location_type}/{region}.json")
        self[region] = [{**each, "LocationType": self._location_type} for each in found]
        return self[region]

    def get(self, region: str, default: Any = None) -> Any:
        # dict's own does not ask __missing__.
        try:
            return self[region]
        except FileNotFoundError:
            return default


@contextmanager
def _read_once() -> Iterator[Callable[[str], Any]]:
    """While moto imports EC2: one session for whoever makes one, and no offers yet."""
    session, make, read = boto3.Session(), boto3.Session, moto.utilities.utils.load_resource
    loader = session._loader
    boto3.Session = lambda: session
    moto.utilities.utils.load_resource = lambda path: (
        [] if path.startswith(_OFFERINGS) else read(path)
    )
    moto.core.utils.create_loader = lambda: loader
    try:
        yield read
    finally:
        boto3.Session = make
        moto.utilities.utils.load_resource = read


def _load() -> Any:
    # No machine boots here, so nobody looks for its image.
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with _read_once() as read:
        from moto.ec2 import ec2_backends
        from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
    for location_type in INSTANCE_TYPE_OFFERINGS:
        INSTANCE_TYPE_OFFERINGS[location_type] = _Offers(location_type, read)
    return ec2_backends


ec2_backends = _load()
