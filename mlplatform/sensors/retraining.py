"""`<use_case>_retraining`: traffic is judged, and drift is answered once: trained again, or not and why.

Each tick asks for a run of the monitor job for every window that is new or grew (`unjudged.py`), and for a
run of the update job for every decision to retrain that has none yet (`decisions.py`). Nothing is remembered
between ticks: what was judged and decided stands in the records, and a run that was asked for twice is
started once, because it is asked for under the same key.

A retraining makes everything again that has no batches. Batches that landed and have not been run are left
out of it, and the decision says so: to run them is the business of the landing sensor.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from mlplatform.assets.jobs import monitor_job_name, update_job_name
from mlplatform.lineage.records import windows_name
from mlplatform.lineage.signals import attempts_of
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.response import Decision, next_attempt
from mlplatform.resources.captured import CapturedTraffic
from mlplatform.resources.single_flight import SingleFlight
from mlplatform.sensors.decisions import SENSOR, Due, answer_signals, retrained_assets
from mlplatform.sensors.unjudged import Unjudged, unjudged_windows

INTERVAL_SECONDS = 30
LINES_TAG = "mlplatform/captured_lines"
_WINDOWS_PER_TICK = 100
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def retraining_sensor(declaration: Declaration, jobs: Sequence[Any]) -> dg.SensorDefinition:
    """The sensor of one use case; `jobs` are the use case's."""
    name = declaration.name
    targets = {monitor_job_name(name), update_job_name(name)}

    @dg.sensor(
        name=f"{name}_retraining",
        jobs=[job for job in jobs if job.name in targets],
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            "Judges captured traffic window by window. When a window has drifted, a retraining starts, or "
            "the decision not to is recorded with its reason (asset `decision`)."
        ),
    )
    def retraining(
        context: dg.SensorEvaluationContext, captured_traffic: CapturedTraffic, single_flight: SingleFlight
    ) -> dg.SensorResult:
        now = datetime.now(UTC)
        judging = judge_requests(context.instance, declaration, captured_traffic, now)
        training, decisions = retrain_requests(context.instance, declaration, single_flight, now)
        if judging or training:
            return dg.SensorResult(run_requests=[*judging, *training])
        return dg.SensorResult(skip_reason=_why_nothing(decisions))

    return retraining


def judge_requests(
    instance: dg.DagsterInstance, declaration: Declaration, traffic: CapturedTraffic, now: datetime
) -> list[dg.RunRequest]:
    """A run for each window to judge; their partitions are added here."""
    name = declaration.name
    busy = _being_judged(instance, name)
    found = unjudged_windows(instance, declaration, traffic, now, limit=_WINDOWS_PER_TICK)
    waiting = [one for one in found if one.window not in busy]
    if not waiting:
        return []
    instance.add_dynamic_partitions(windows_name(name), [one.window for one in waiting])
    attempts = attempts_of(instance, LINES_TAG, {_lines(one) for one in waiting})
    requests = []
    for one in waiting:
        attempt = next_attempt(attempts[_lines(one)], now)
        if attempt:
            requests.append(_judge_request(name, one, attempt))
    return requests


def retrain_requests(
    instance: dg.DagsterInstance, declaration: Declaration, locks: SingleFlight, now: datetime
) -> tuple[list[dg.RunRequest], list[Decision] | None]:
    """A run for each decision to retrain that waits for one, and the decisions taken now.

    None for the decisions where somebody else is deciding: `mlplatform monitor`, until its retraining ends.
    """
    with locks.deciding(declaration.name, wait=False) as alone:
        if not alone:
            return [], None
        answered = answer_signals(instance, declaration, now, SENSOR)
    return [_retrain_request(declaration, due) for due in answered.due], list(answered.decisions)


def _being_judged(instance: dg.DagsterInstance, use_case: str) -> set[str]:
    which = dg.RunsFilter(job_name=monitor_job_name(use_case), statuses=_UNFINISHED)
    return {run.tags.get("dagster/partition", "") for run in instance.get_runs(which)}


def _lines(one: Unjudged) -> str:
    """Names what is judged: this window with these lines."""
    return f"{one.window}:{one.sha256[:16]}"


def _judge_request(use_case: str, one: Unjudged, attempt: int) -> dg.RunRequest:
    again = f":{attempt}" if attempt > 1 else ""
    return dg.RunRequest(
        run_key=_lines(one) + again,
        job_name=monitor_job_name(use_case),
        partition_key=one.window,
        tags={LINES_TAG: _lines(one)},
    )


def _retrain_request(declaration: Declaration, due: Due) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=due.run_key,
        job_name=update_job_name(declaration.name),
        asset_selection=retrained_assets(declaration),
        tags=due.tags,
    )


def _why_nothing(decisions: list[Decision] | None) -> str:
    if decisions is None:
        return "no window to judge; `mlplatform monitor` is deciding about signals right now"
    if decisions:
        return "; ".join(f"{one.signal}: {one.decision}, {one.why}" for one in decisions)
    return "no window to judge and no signal without a decision"
