"""Puts the endpoint together: state from disk, the services, the front."""

from __future__ import annotations

from localcloud.api import Operations
from localcloud.fleet import Fleet
from localcloud.front import Front, Page
from localcloud.logins.desk import Desk
from localcloud.logins.principals import Principals
from localcloud.reconcile import reconcile
from localcloud.reconcile_parameters import reconcile_parameters
from localcloud.records import Records
from localcloud.servers.facts import Address
from localcloud.services import cloudwatch, dms, elasticache, iam, rds, ssm
from localcloud.services.alarms import Alarms
from localcloud.services.backup import Backup
from localcloud.services.cloudtrail import LookupEvents
from localcloud.services.context import Cloud
from localcloud.services.db_logins import DbLogins
from localcloud.services.log_events import LogEvents
from localcloud.services.log_exports import LogExports
from localcloud.services.rds_log_files import RdsLogFiles
from localcloud.services.secrets import Secrets
from localcloud.sessions import Listener, Sessions
from localcloud.sessions.reach import Reach
from localcloud.site import Site
from localcloud.state import MotoState
from localcloud.trail import Trail


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
    reconcile_parameters(cloud)
    alarms = Alarms(state, fleet.metrics)
    rds.register(operations, cloud, alarms, Secrets(state))
    elasticache.register(operations, cloud)
    dms.register(operations, cloud, alarms)
    Backup(cloud).register(operations)
    iam.register(operations)
    sessions = Sessions(Reach(fleet.region_of))
    channels = Address(site.endpoint_host, site.sessions_port)
    ssm.register(operations, sessions, channels)
    cloudwatch.register(operations, fleet.metrics)
    exports = LogExports(cloud, state, site)
    exports.register(operations)
    LogEvents(exports).register(operations)
    RdsLogFiles(cloud, site).register(operations)
    trail = Trail(site.state_dir / "trail.jsonl")
    LookupEvents(trail).register(operations)
    logins = DbLogins(records, Principals(state))
    desk = Desk(Address(site.endpoint_host, site.logins_port), logins.decide)
    return Front(operations, state, pages, trail, (alarms, desk, Listener(channels, sessions)))


def warm() -> None:
    """Load what the first calls need. To be run in a thread."""
    # The first calls would cost half a second of imports and service models; nobody should wait.
    import moto.cloudwatch.responses
    import moto.ec2.responses
    import moto.iam.responses
    import moto.kms.responses
    import moto.logs.responses
    import moto.secretsmanager.responses
    import moto.sns.responses
    import moto.sts.responses  # noqa: F401
    from moto.core.utils import get_service_model

    for service in ("ec2", "rds", "elasticache", "secretsmanager", "kms", "iam", "logs", "sts"):
        get_service_model(service)
