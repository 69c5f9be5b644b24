"""Puts the endpoint together: state from disk, the services, the front."""

from __future__ import annotations

from localcloud.api import Operations
from localcloud.fleet import Fleet
from localcloud.front import Front, Page
from localcloud.reconcile import reconcile
from localcloud.records import Records
from localcloud.services import elasticache, rds
from localcloud.services.context import Cloud
from localcloud.site import Site
from localcloud.state import MotoState


def build(site: Site, fleet: Fleet, pages: dict[str, Page]) -> Front:
    """The WSGI application over ``fleet``, with what was saved, made consistent.

    Raises `StateUnreadable` when the saved state is another version's.
    """
    state = MotoState(site.state_dir / "moto.pickle")
    state.load()
    records = Records(site.state_dir / "records.json")
    reconcile(records, fleet)
    operations = Operations()
    cloud = Cloud(records, fleet)
    rds.register(operations, cloud)
    elasticache.register(operations, cloud)
    return Front(operations, state, pages)
