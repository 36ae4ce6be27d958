"""A job from its request to its end: launched or attached to, its log shown, stopped with its run."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dagster._core.errors import DagsterExecutionInterruptedError  # not exported, but what it raises

from mlplatform.ml.errors import MLPlatformError
from mlplatform.resources.aws.jobs.dagster_runs import run_states
from mlplatform.resources.aws.jobs.launching import JobRequest, Launched, launch
from mlplatform.resources.aws.jobs.log_lines import LogLines
from mlplatform.resources.aws.jobs.pages import page_of
from mlplatform.resources.aws.jobs.pausing import pause
from mlplatform.resources.aws.jobs.services import JobService
from mlplatform.resources.aws.jobs.states import JobState
from mlplatform.resources.aws.jobs.waiting_runs import join, others_after_leaving
from mlplatform.resources.aws.pricing import CURRENCY, cost_estimate

log = logging.getLogger(__name__)

_INTERRUPTS = (KeyboardInterrupt, SystemExit, DagsterExecutionInterruptedError)
# The service gives a container 120 s between SIGTERM and SIGKILL, and then uploads what is there.
_SECONDS_TO_STOP = 240


class JobFailed(MLPlatformError):
    """A job ended without a result; the message begins with the container's own words."""


@dataclass(frozen=True)
class FinishedJob:
    """A job that did its work."""

    kind: str
    log_group: str
    region: str
    launched: Launched
    state: JobState

    def document(self) -> dict[str, Any]:
        """What is recorded of it; the cost estimate is None where the price is not known."""
        state = self.state
        return {
            "kind": self.kind,
            "name": state.name,
            "arn": state.arn,
            "instance_type": state.instance_type,
            "seconds": state.seconds,
            "billable_seconds": state.billable_seconds,
            "cost_estimate": cost_estimate(self.region, state.instance_type, state.billable_seconds),
            "currency": CURRENCY,
            "log_group": self.log_group,
            "attempt": self.launched.attempt,
            "attached": self.launched.attached,
        }


def run_job(service: JobService, asked: JobRequest, poll: float) -> FinishedJob:
    """Do the work in a job, `poll` seconds between two looks at it.

    Where there is no capacity for its instance type, the next one is tried. An interrupt stops the job unless
    another run waits for it too, and is raised again when the job has ended. Raises JobFailed, and what
    `launch` raises; OSError for failures of the service, after which a step tries again.
    """
    instance_type: str | None = asked.instance_types[0]
    first = 1
    while instance_type is not None:
        launched = launch(service, asked, instance_type, first=first, poll=poll)
        state = _waited_for(service, asked, launched, poll)
        if not state.lacks_capacity:
            _refuse_unfinished(service, state)
            return FinishedJob(service.kind, service.log_group, service.clients.region, launched, state)
        log.warning("%s: no capacity for %s", state.name, state.instance_type)
        instance_type, first = asked.following(state.instance_type), launched.attempt + 1
    types = ", ".join(asked.instance_types)
    raise JobFailed(
        f"no capacity for any of {types} right now; last {state.name}: {state.reason}. Run again later, or "
        "name other types in MLPLATFORM_TRAINING_INSTANCES."
    )


def _waited_for(service: JobService, asked: JobRequest, launched: Launched, poll: float) -> JobState:
    lines = LogLines(service.clients, service.log_group, launched.name)
    phase, waits_unseen = "", launched.attached
    try:
        while True:
            state = service.describe(launched.name)
            if waits_unseen and not state.is_over:  # here, where an interrupt takes it back
                join(service.clients, launched.arn, asked.run_id)
                waits_unseen = False
            if state.phase != phase:
                phase = state.phase
                log.info("%s: %s", launched.name, phase)
            lines.follow()
            if state.is_over:
                return state
            pause(poll * random.uniform(0.8, 1.2))  # noqa: S311 - so that many who wait do not ask at once
    except _INTERRUPTS:
        _leave(service, launched, asked)
        raise


def _leave(service: JobService, launched: Launched, asked: JobRequest) -> None:
    """Stop the job unless others wait for it, and see it end: nothing goes on behind whoever cancelled."""
    try:
        others = others_after_leaving(service.clients, launched.arn, asked.run_id)
        over = run_states(asked.instance, others) if asked.instance else {}
        if any(over.get(run) != "over" for run in others):  # one that was killed has left its tag behind
            log.info("%s goes on: other runs wait for it", launched.name)
            return
        log.info("stopping %s", launched.name)
        service.stop(launched.name)
        if not _until(lambda: service.describe(launched.name).is_over, _SECONDS_TO_STOP):
            log.warning("%s has been told to stop and has not ended yet", launched.name)
    except Exception as error:  # the interrupt is what ends this run, whatever else goes wrong
        log.warning("%s could not be stopped: %s. The reaper will find it.", launched.name, error)


def _until(is_so: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(1)
    return True


def _refuse_unfinished(service: JobService, state: JobState) -> None:
    """Only Completed is success: a job that was stopped may have left half a result."""
    if state.status == "Completed":
        return
    where = (
        f"{service.kind} job {state.name}, log {service.log_group}/{state.name}, {page_of(service, state)}"
    )
    if state.failed_inside_the_service:
        raise OSError(f"{state.reason} ({where})")
    if state.status == "Failed":
        raise JobFailed(f"{state.own_words} ({where})")
    reasons = {
        "MaxRuntimeExceeded": "ran longer than MLPLATFORM_MAX_RUNTIME allows; raise it",
        "MaxWaitTimeExceeded": "waited longer for spot instances than MLPLATFORM_MAX_WAIT allows; raise it, "
        "or set MLPLATFORM_SPOT=no",
    }
    by_whom = "from outside" if service.kind == "training" else "from outside or by MLPLATFORM_MAX_RUNTIME"
    why = reasons.get(state.phase, f"was stopped {by_whom}; run again to do its work")
    raise JobFailed(f"the {service.kind} job {state.name} {why} ({where})")
