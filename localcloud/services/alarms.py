"""Evaluates the alarms that moto keeps, tells topics of their changes and of events."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from moto.cloudwatch import cloudwatch_backends
from moto.sns import sns_backends

from localcloud.alarm_states import COMPARISONS, STATISTICS, Rule, State, points, state, window
from localcloud.api import now
from localcloud.metrics import PERIOD_S, Metrics
from localcloud.site import ACCOUNT_ID
from localcloud.state import MotoState

log = logging.getLogger(__name__)

_STOP_S = 5.0
_KEPT = 100
_AT_MOST_EVERY_S = 10
"""An alarm is looked at once a period, and at least so often."""


class Alarms:
    """A thread that looks at every alarm, once its period but not more often than metrics come.

    States are not saved: after a start of the daemon they follow from what the servers say then.
    """

    def __init__(self, state: MotoState, metrics: Metrics) -> None:
        self._state = state
        self._metrics = metrics
        self._due: dict[tuple[str, str], float] = {}
        self._letters: queue.SimpleQueue[tuple[str, str, str]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def tell(self, topic: str, subject: str, message: str) -> None:
        """Publish to a topic soon; whoever calls may hold any lock."""
        self._letters.put((topic, subject, message))

    def look(self, at: float | None = None) -> None:
        """Bring every alarm that is due up to date, then publish what there is to tell."""
        moment = time.time() if at is None else at
        for region, alarm in self._alarms():
            key = (region, alarm.name)
            if self._due.get(key, 0.0) <= moment:
                self._due[key] = moment + min(float(alarm.period), _AT_MOST_EVERY_S)
                self._evaluate(region, alarm, int(moment))
        self._publish()

    def _run(self) -> None:
        while not self._stopping.wait(PERIOD_S):
            try:
                self.look()
            except Exception:
                # The last place to say it: nobody waits for this thread.
                log.exception("a defect of the alarms")

    def _alarms(self) -> Iterator[tuple[str, Any]]:
        with self._state.lock:
            backends = list(cloudwatch_backends[ACCOUNT_ID].items())
            found = [(region, a) for region, b in backends for a in b.alarms.values()]
        return ((region, alarm) for region, alarm in found if _understood(alarm))

    def _evaluate(self, region: str, alarm: Any, moment: int) -> None:
        rule = Rule(
            alarm.comparison_operator,
            float(alarm.threshold),
            alarm.statistic,
            int(alarm.period),
            int(alarm.evaluation_periods),
            int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
            alarm.treat_missing_data or "missing",
        )
        dimensions = frozenset((d.name, d.value) for d in alarm.dimensions)
        start, end = window(rule, moment)
        key = (region, alarm.namespace, alarm.metric_name, dimensions)
        values = points(rule, self._metrics.between(key, start, end), start)
        before: State = alarm.state_value
        unchecked = alarm.state_reason.startswith("Unchecked")
        after = state(rule, values, "INSUFFICIENT_DATA" if unchecked else before)
        if after != before or unchecked:
            self._change(region, alarm, before, after, rule, values)

    def _change(
        self, region: str, alarm: Any, before: State, after: State, rule: Rule, values: Any
    ) -> None:
        said = ", ".join("none" if value is None else f"{value:g}" for value in values)
        reason = (
            f"{alarm.statistic} of the last {rule.periods} periods of {rule.period_s} s: {said}; "
            f"{rule.comparison} {rule.threshold:g}"
        )
        log.info("%s: alarm %s is %s: %s", region, alarm.name, after, reason)
        with self._state.lock:
            alarm.update_state(reason, json.dumps({"recentDatapoints": list(values)}), after)
            # moto keeps every change for ever; CloudWatch two weeks.
            del alarm.history[:-_KEPT]
        if after == before or not alarm.actions_enabled:
            return
        actions = {
            "ALARM": alarm.alarm_actions,
            "OK": alarm.ok_actions,
            "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
        }[after]
        message = {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": ACCOUNT_ID,
            "AlarmArn": alarm.alarm_arn,
            "NewStateValue": after,
            "NewStateReason": reason,
            "OldStateValue": before,
            "StateChangeTime": now(),
            "Region": region,
        }
        for action in actions or []:
            self.tell(action, f'{after}: "{alarm.name}" in {region}', json.dumps(message))

    def _publish(self) -> None:
        while not self._letters.empty():
            topic, subject, message = self._letters.get()
            parts = topic.split(":")
            if parts[2:3] != ["sns"]:
                continue
            try:
                with self._state.lock:
                    # AWS cuts subjects off at a hundred characters.
                    backend = sns_backends[ACCOUNT_ID][parts[3]]
                    backend.publish(message, arn=topic, subject=subject[:100])
                    # moto keeps every letter for ever, and in its state.
                    del backend.topics[topic].sent_notifications[:-_KEPT]
            except Exception as error:
                # A topic that has gone must not keep the others from being told.
                log.warning("%s cannot be told: %s", topic, error)


def _understood(alarm: Any) -> bool:
    # Composite alarms, metric math and percentiles are moto's: they stay as they were put.
    return (
        alarm.rule is None
        and not alarm.metric_data_queries
        and alarm.statistic in STATISTICS
        and alarm.comparison_operator in COMPARISONS
        and bool(alarm.period)
    )
