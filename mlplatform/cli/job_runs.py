"""A job of the code location, run in this process and recorded like any other run."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplatform.assets.production import EXIT_CODE, STOPPED
from mlplatform.ml.steps import BY_NAME

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult

    from mlplatform.cli.location import Location

# The tag by which the UI knows which code location a run belongs to.
_LOCATION_TAG = {".dagster/repository": "__repository__@mlplatform"}
_LAUNCHED_BY = {"mlplatform/launched_by": "command line"}
_PROCESS = "mlplatform/process"


@dataclass(frozen=True)
class Failure:
    """A step that failed: what it said, and what the command line should end with."""

    step: str
    batch: str | None
    message: str
    exit_code: int
    run_id: str


@dataclass
class Executed:
    """What a `run` did."""

    run_ids: list[str] = field(default_factory=list)
    ran: list[tuple[str, str | None]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    verdict: str | None = None  # of an evaluation that ran

    @property
    def failed_batches(self) -> set[str]:
        """Batches that could not be brought up to date."""
        return {failure.batch for failure in self.failures if failure.batch}


def end_orphans(instance: DagsterInstance) -> None:
    """Report runs of this machine's command lines as failed whose process is gone.

    A process that is killed cannot say so itself, and its run would take up a place in the UI's queue.
    """
    from dagster import DagsterRunStatus, RunsFilter

    begun = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]
    for run in instance.get_runs(RunsFilter(statuses=begun, tags=_LAUNCHED_BY)):
        host, _, process = run.tags.get(_PROCESS, "").rpartition(":")
        if host == socket.gethostname() and not Path(f"/proc/{process}").exists():
            instance.report_run_failed(run, "The process of this run ended without a word.")


def run_job(
    location: Location,
    job_name: str,
    assets: Sequence[AssetKey],
    partition: str | None,
    tags: Mapping[str, str],
    done: Executed,
    run_config: Mapping[str, Any] | None = None,
) -> ExecuteInProcessResult:
    """Execute these assets of a job of the code location in this process, and add what happened to `done`.

    A run that fails is reported in `done.failures`, not raised; one that is stopped raises KeyboardInterrupt.
    """
    from dagster._core.errors import DagsterExecutionInterruptedError

    job = location.definitions.resolve_job_def(job_name)
    process = {_PROCESS: f"{socket.gethostname()}:{os.getpid()}"}
    try:
        with redirect_stdout(sys.stderr):  # what a use case prints is no part of the report
            result = job.execute_in_process(
                instance=location.instance,
                partition_key=partition,
                asset_selection=list(assets),
                raise_on_error=False,
                tags={**_LOCATION_TAG, **_LAUNCHED_BY, **process, **tags},
                run_config={
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                    **(run_config or {}),
                },
            )
    except DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    _note(result, partition, done)
    return result


def _note(result: ExecuteInProcessResult, partition: str | None, done: Executed) -> None:
    """Add what a run did to `done`."""
    done.run_ids.append(result.run_id)
    for event in result.get_asset_materialization_events():
        asset = event.materialization.asset_key.path[-1]
        if "reused" in event.materialization.metadata:
            continue
        done.ran.append((asset, event.materialization.partition))
        if asset == "evaluation":
            done.verdict = str(event.materialization.metadata["verdict"].value)
    failures = _failures(result, partition)
    if any(failure.exit_code == STOPPED for failure in failures):
        raise KeyboardInterrupt
    done.failures += failures


def _failures(result: ExecuteInProcessResult, batch: str | None) -> list[Failure]:
    failures = []
    for event in result.get_step_failure_events():
        data: Any = event.step_failure_data
        stated = data.user_failure_data
        message = stated.description if stated and stated.description else _first_cause(data.error)
        code = stated.metadata.get(EXIT_CODE) if stated else None
        step = str(event.step_key).rpartition("__")[2]
        of_batch = batch if BY_NAME[step].per_batch or BY_NAME[step].per_window else None
        failures.append(Failure(step, of_batch, message, int(code.value) if code else 1, result.run_id))
    if not failures and not result.success:
        failures.append(Failure("run", batch, _run_error(result), 1, result.run_id))
    return failures


def _first_cause(error: Any) -> str:
    """The words of the error that began it all, for one that comes with its causes."""
    while error.cause is not None:
        error = error.cause
    return str(error.message).strip()


def _run_error(result: ExecuteInProcessResult) -> str:
    """Why a run failed that no step of which failed: a resource could not start, say."""
    for event in reversed(result.all_events):
        error = getattr(event.event_specific_data, "error", None)
        if error is not None:
            return _first_cause(error)
    return f"run {result.run_id} failed before its first step; see its page in the UI"
