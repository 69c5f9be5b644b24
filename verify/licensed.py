"""Oracle and SQL Server: set up as they should be, encrypting as they should, and there.

Their SQL is not spoken here, because no driver of theirs is among the requirements.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

from verify.deadline import Deadline
from verify.endpoints import main_endpoint
from verify.errors import NotApplicable, StepFailed, Unreachable
from verify.exercise import Check, Exercise, Scene
from verify.expectations import LICENSED, equals, judge
from verify.reach import address

SETTINGS = "settings as RDS reports them"


class Licensed(Exercise):
    """The checks on one instance of an engine that is licensed by edition."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._endpoint = main_endpoint(scene.database)
        self._reported: dict[str, object] = {}

    def checks(self) -> Iterable[Check]:
        return (
            Check(SETTINGS, self._settings, opens=True),
            Check("its options are in force", self._options, (SETTINGS,)),
            Check("its endpoint takes a connection", self._connect, (SETTINGS,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        return "nothing was made"

    def _settings(self) -> str:
        database = self.scene.database
        self._reported = self.scene.cloud.instance(database.region, database.instances[0])
        own = (
            equals("Engine", database.engine),
            equals("EngineVersion", database.version),
            equals("DBName", database.database),
        )
        return judge(self._reported, (*own, *LICENSED))

    def _options(self) -> str:
        memberships = self._reported.get("OptionGroupMemberships")
        assert isinstance(memberships, list)
        own = [m for m in memberships if not m["OptionGroupName"].startswith("default:")]
        if not own:
            raise NotApplicable("it has no option group of its own")
        waiting = [m for m in own if m["Status"] != "in-sync"]
        if waiting:
            raise StepFailed(
                f"the option group {waiting[0]['OptionGroupName']} is {waiting[0]['Status']}"
            )
        region = self.scene.database.region
        group = self.scene.cloud.option_group(region, own[0]["OptionGroupName"])
        names = [option["OptionName"] for option in group["Options"]]
        if not names:
            raise StepFailed(f"the option group {group['OptionGroupName']} has no option")
        return ", ".join(names)

    def _connect(self) -> str:
        reason = self.scene.unserved.get(self.scene.database.engine)
        if reason is not None:
            raise NotApplicable(reason)
        host, port = self._endpoint.host, self._endpoint.port
        try:
            near = address(host, port)
            socket.create_connection(near, timeout=self.scene.deadline().wait()).close()
        except OSError as error:
            raise Unreachable(f"{host}:{port} does not answer: {error}") from error
        return f"{host}:{port}"
