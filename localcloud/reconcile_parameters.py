"""Gives every server the parameters that the API's records say; the records decide."""

from __future__ import annotations

import logging

from localcloud.errors import LocalCloudError
from localcloud.fleet import Ref
from localcloud.services.context import Cloud
from localcloud.services.rds_parameters import values_for

log = logging.getLogger(__name__)


def reconcile_parameters(cloud: Cloud) -> None:
    """Finish a change of a group that a kill cut short, or that an older version did not know.

    Without this a server would keep for ever what it was given when its group was another:
    the next `up` finds the group as it should be, and changes nothing.
    """
    for region, name in cloud.records.keys("instance"):
        record = cloud.records.get("instance", region, name)
        if record is None or record["DBInstanceStatus"] not in ("available", "stopped"):
            continue
        ref = Ref(region, name)
        wanted = values_for(cloud, region, record)
        if cloud.fleet.parameters(ref) == wanted:
            continue
        log.warning("%s in %s had other parameters than its groups: set", name, region)
        try:
            cloud.fleet.set_parameters(ref, wanted)
        except LocalCloudError as error:
            # Its start takes them; one server's failure is no reason to have no endpoint.
            log.warning("%s in %s takes them when it starts: %s", name, region, error)
