"""One decision per signal, and what is to be started because of it.

Exactly one, because deciding and recording happen under a lock that is freed when its holder
dies. The decision is recorded before anything is started. So after a crash in between there is a
decision to retrain without a run: whoever looks next starts it. A run carries its signal as a tag, by which
it is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import dagster as dg

from mlplatform.lineage.deployments import live
from mlplatform.lineage.records import by_storage_id, landed_batches, latest, latest_by_batch
from mlplatform.lineage.signals import (
    REASON_TAG,
    SIGNAL_TAG,
    attempts_of,
    latest_decisions,
    open_signals,
    record,
)
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.response import (
    RETRAINED,
    Attempt,
    Circumstances,
    Decision,
    Signal,
    decide,
    is_waiting,
    next_attempt,
)
from mlplatform.ml.steps import LANDED_FILE, RELEASE_STEPS, STEPS

SENSOR, COMMAND_LINE = "sensor", "command line"
# How long the daemon may take to start what the sensor has asked for, before the command line does it.
_PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True)
class Due:
    """A retraining to start. Its `run_key` is the same however often it is asked for."""

    decision: Decision
    attempt: int

    @property
    def run_key(self) -> str:
        """One per attempt: Dagster never starts a second run of one key, failed or not."""
        again = f":{self.attempt}" if self.attempt > 1 else ""
        return f"{self.decision.signal}{again}"

    @property
    def tags(self) -> dict[str, str]:
        """What the run says of why it is there."""
        return {SIGNAL_TAG: self.decision.signal, REASON_TAG: self.decision.why}


@dataclass(frozen=True)
class Answered:
    """Signals that were open, the decisions taken about them now, and retrainings to start."""

    signals: tuple[Signal, ...] = ()
    decisions: tuple[Decision, ...] = ()
    due: tuple[Due, ...] = ()


def answer_signals(
    instance: dg.DagsterInstance, declaration: Declaration, now: datetime, by: str
) -> Answered:
    """Decide and record whatever is open, oldest signal first. The caller is alone with it."""
    name = declaration.name
    past = latest_decisions(instance, name)
    attempts = attempts_of(instance, SIGNAL_TAG, [one.signal for one in past if one.decision == RETRAINED])
    busy = next((signal for signal, runs in attempts.items() if _is_busy(runs)), None)
    signals, taken = open_signals(instance, name), list[Decision]()
    for signal in signals:
        here = circumstances(instance, declaration, now, busy)
        if by == COMMAND_LINE:  # it runs them before it trains
            here = replace(here, not_run=0)
        decision = decide(signal, past, declaration.retraining, here, by)
        record(instance, name, decision)
        past = [decision, *past]
        taken.append(decision)
        if decision.decision == RETRAINED:
            busy, attempts[decision.signal] = decision.signal, []
    return Answered(tuple(signals), tuple(taken), tuple(_due(past, attempts, now, by)))


def _is_busy(runs: list[Attempt]) -> bool:
    return is_waiting(runs) or any(one.status == "unfinished" for one in runs)


def _due(
    decisions: list[Decision], attempts: dict[str, list[Attempt]], now: datetime, by: str
) -> Iterator[Due]:
    for decision in decisions:
        if decision.signal not in attempts:
            continue
        left_to_the_daemon = by == COMMAND_LINE and decision.by == SENSOR
        then = now - _PATIENCE if left_to_the_daemon else now
        attempt = next_attempt(attempts[decision.signal], then)
        if attempt and (decision.time <= then or not left_to_the_daemon):
            yield Due(decision, attempt)


def circumstances(
    instance: dg.DagsterInstance, declaration: Declaration, now: datetime, busy: str | None = None
) -> Circumstances:
    """What a decision depends on, read from the records."""
    name = declaration.name
    answering = live(instance, name)
    landed, not_run = _landed_since(instance, name)
    return Circumstances(
        now=now,
        live_version=str(answering.details["model_version"]) if answering else None,
        in_progress=busy,
        landed_since=landed,
        not_run=not_run,
    )


def _landed_since(instance: dg.DagsterInstance, use_case: str) -> tuple[int, int]:
    """How many batches the latest model has not seen as they are now, and how many of them have not run."""
    batches = landed_batches(instance, use_case)
    files = latest_by_batch(instance, use_case, LANDED_FILE, batches)
    features = latest_by_batch(instance, use_case, "features", batches)
    model = latest(instance, use_case, "model")
    read = [one["storage_id"] for one in model.inputs] if model else []
    trained_on = {
        one for training_set in by_storage_id(instance, use_case, "training_set", read)
        for one in training_set.read_inputs()
    }  # fmt: skip
    not_run = {
        batch
        for batch in files
        if batch not in features or features[batch].storage_id < files[batch].storage_id
    }
    new = {batch for batch, one in features.items() if one.as_input() not in trained_on}
    return len(new | not_run), len(not_run)


def retrained_assets(declaration: Declaration) -> list[dg.AssetKey]:
    """What a retraining makes again: all that has no batches; where nobody is asked, up to the endpoint."""
    steps = [step for step in STEPS if not step.per_batch]
    if declaration.approval.automatic:
        steps += RELEASE_STEPS
    return [dg.AssetKey([declaration.name, asset]) for step in steps for asset in step.outputs]
