"""The stack's alarms beside CloudWatch's: whether anybody changed one by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contract import Alarm
from verify.aws import Cloud
from verify.errors import NotApplicable, StepFailed
from verify.watching import alarms

_SHOWN = 3
_UNTOLD = "nobody"


def as_promised(cloud: Cloud, promised: Sequence[Alarm]) -> str:
    """Prove that each alarm is in CloudWatch, watches what the stack says and tells whom it says.

    Raises `StepFailed` with the alarms, what CloudWatch has and what the stack made.
    """
    if not promised:
        raise NotApplicable("the stack's outputs have no alarm; its config's monitoring makes them")
    found = {
        (region, alarm["AlarmName"]): alarm
        for region in sorted({each.region for each in promised})
        for alarm in alarms(cloud, region)
    }
    wrong = [
        said
        for each in promised
        for said in _differences(each, found.get((each.region, each.name)))
    ]
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise StepFailed(
            f"{'; '.join(wrong[:_SHOWN])}{more}: deploy with a refresh to have them as they were"
        )
    topics = [each.topic for each in promised if each.topic is not None]
    if not topics:
        return f"{len(promised)} alarms, which page nobody"
    return f"{len(promised)} alarms, {len(topics)} of which page {len(set(topics))} topics"


def _differences(promised: Alarm, found: Mapping[str, Any] | None) -> Iterator[str]:
    if found is None:
        yield f"{promised.name} is not in CloudWatch of {promised.region}"
        return
    actual = _as_found(found)
    for what, wanted in _as_made(promised).items():
        if actual[what] != wanted:
            yield f"{promised.name}: {what} {actual[what]} in CloudWatch, {wanted} in the stack"


def _as_made(promised: Alarm) -> dict[str, str]:
    tells = promised.topic or _UNTOLD
    return {
        "metric": f"{promised.namespace} {promised.metric}",
        "dimensions": _listed(promised.dimensions),
        "statistic": promised.statistic,
        "period": f"{promised.period_s} s",
        "periods": f"{promised.periods} of {promised.periods}",
        "comparison": promised.comparison,
        "threshold": f"{promised.threshold:.10g}",
        "missing data": promised.missing,
        "actions": "enabled",
        "alarm tells": tells,
        "end of it tells": tells,
    }


def _as_found(found: Mapping[str, Any]) -> dict[str, str]:
    dimensions = {each["Name"]: each["Value"] for each in found.get("Dimensions", [])}
    periods = found.get("EvaluationPeriods")
    return {
        # One that was made a formula, or of percentiles, lacks what others have.
        "metric": f"{found.get('Namespace')} {found.get('MetricName')}",
        "dimensions": _listed(dimensions),
        "statistic": str(found.get("Statistic") or found.get("ExtendedStatistic")),
        "period": f"{found.get('Period')} s",
        "periods": f"{found.get('DatapointsToAlarm') or periods} of {periods}",
        "comparison": str(found.get("ComparisonOperator")),
        "threshold": f"{found['Threshold']:.10g}" if "Threshold" in found else "none",
        # CloudWatch's own way where nothing is said.
        "missing data": str(found.get("TreatMissingData") or "missing"),
        "actions": "enabled" if found.get("ActionsEnabled") else "disabled",
        "alarm tells": _topics(found.get("AlarmActions")),
        "end of it tells": _topics(found.get("OKActions")),
    }


def _listed(dimensions: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(dimensions.items()))


def _topics(actions: Sequence[str] | None) -> str:
    return ", ".join(sorted(actions or ())) or _UNTOLD
