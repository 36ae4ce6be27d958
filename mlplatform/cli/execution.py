"""Doing what the plan says: the code location's own jobs, in this process, recorded like any other run."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplatform.assets.batch_range import REFUSED_BATCHES
from mlplatform.assets.jobs import update_job_name
from mlplatform.assets.production import EXIT_CODE, STOPPED
from mlplatform.cli.neighbours import neighbours
from mlplatform.cli.world import Records, latest_records, world_of
from mlplatform.lineage.records import partitions_name
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.planning import Decision, plan
from mlplatform.ml.steps import BY_NAME, LANDED_FILE

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult

    from mlplatform.cli.location import Location
    from mlplatform.ml.declaration import Declaration

# The tag by which the UI knows which code location a run belongs to.
_LOCATION_TAG = {".dagster/repository": "__repository__@mlplatform"}
_LAUNCHED_BY = {"mlplatform/launched_by": "command line"}
_PROCESS = "mlplatform/process"
# Tags by which Dagster runs a span of partitions at once.
ASSET_PARTITION_RANGE_START = "dagster/asset_partition_range_start"
ASSET_PARTITION_RANGE_END = "dagster/asset_partition_range_end"


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


def execute(
    location: Location,
    declaration: Declaration,
    decisions: list[Decision],
    *,
    up_to: str | None = None,
    progress: Callable[[str], None],
) -> Executed:
    """The batches, several neighbours to a run, then one run for the sets, the model and the verdict.

    A single batch and what follows from it share a run. A batch that fails does so alone: the plan is made
    again, because what failed, or came out as it was before, changes nothing further down.
    """
    done = Executed()
    wanted = _up_to(decisions, up_to)
    by_batch: dict[str, list[Decision]] = {}
    for decision in wanted:
        if decision.batch is not None:
            by_batch.setdefault(decision.batch, []).append(decision)
    rest = [decision for decision in wanted if decision.batch is None]
    if len(by_batch) == 1:
        [(batch, steps)] = by_batch.items()
        progress(f"batch {batch}: {', '.join(step.step for step in steps + rest)}")
        _run(location, declaration, steps + rest, [batch], done)
    elif by_batch:
        _run_batches(location, declaration, by_batch, done, progress)
    if rest and (len(by_batch) != 1 or done.failed_batches):
        if by_batch:
            again = plan_now(location, declaration, unavailable=done.failed_batches)
            rest = [decision for decision in _up_to(again, up_to) if decision.batch is None]
        if rest:
            progress(f"{declaration.name}: {', '.join(step.step for step in rest)}")
            _run(location, declaration, rest, [], done)
    return done


def _run_batches(
    location: Location,
    declaration: Declaration,
    by_batch: Mapping[str, list[Decision]],
    done: Executed,
    progress: Callable[[str], None],
) -> None:
    """Neighbours share a run; where one of them is refused, it runs alone and the others without it."""
    order = location.instance.get_dynamic_partitions(partitions_name(declaration.name))
    steps = {batch: tuple(decision.step for decision in planned) for batch, planned in by_batch.items()}
    waiting = deque(neighbours(order, steps))
    ended = 0
    while waiting:
        batches = waiting.popleft()
        named = batches[0] if len(batches) == 1 else f"{batches[0]} to {batches[-1]}"
        count = f"{ended + 1} to {ended + len(batches)}" if len(batches) > 1 else f"{ended + 1}"
        progress(f"batch {named} ({count} of {len(by_batch)}): {', '.join(steps[batches[0]])}")
        refused = _run(location, declaration, by_batch[batches[0]], batches, done)
        if refused:
            progress(f"  without {', '.join(refused)}")
            again = {batch: (*steps[batch], batch if batch in refused else "") for batch in batches}
            waiting.extendleft(reversed(neighbours(order, again)))
        else:
            ended += len(batches)


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


def plan_now(location: Location, declaration: Declaration, unavailable: Iterable[str] = ()) -> list[Decision]:
    """The plan for the world as it is now."""
    records = latest_records(location.instance, declaration.name)
    refuse_no_batches(declaration, records)
    return plan(world_of(location, declaration, records), unavailable=set(unavailable))


def refuse_no_batches(declaration: Declaration, records: Records) -> None:
    """WrongUsage, with the way out, while nothing has landed."""
    if not any(asset == LANDED_FILE for asset, _ in records):
        name = declaration.name
        raise WrongUsage(f"{name} has no batches yet. Land a file first: mlplatform land {name} FILE.")


def _up_to(decisions: list[Decision], asset: str | None) -> list[Decision]:
    """The decisions that run, as far as the step that makes `asset`."""
    last = next((i for i, d in reversed(list(enumerate(decisions))) if asset in d.assets), len(decisions))
    return [decision for decision in decisions[: last + 1] if decision.runs]


def _run(
    location: Location,
    declaration: Declaration,
    steps: list[Decision],
    batches: Sequence[str],
    done: Executed,
) -> list[str]:
    """One run over these batches, which are neighbours. The answer: which of several are refused."""
    import dagster as dg

    keys = [dg.AssetKey([declaration.name, asset]) for step in steps for asset in step.assets]
    job = update_job_name(declaration.name)
    if len(batches) < 2:
        run_job(location, job, keys, batches[0] if batches else None, {}, done)
        return []
    several = Executed()
    span = {ASSET_PARTITION_RANGE_START: batches[0], ASSET_PARTITION_RANGE_END: batches[-1]}
    result = run_job(location, job, keys, None, span, several)
    refused = _refused(result)
    done.run_ids += several.run_ids
    done.ran += several.ran
    if not refused:  # what is refused is said by the batch's own run
        done.failures += several.failures
    return refused


def _refused(result: ExecuteInProcessResult) -> list[str]:
    """Batches that a run over several names as those it failed of."""
    for event in result.get_step_failure_events():
        stated = event.step_failure_data.user_failure_data
        if stated and REFUSED_BATCHES in stated.metadata:
            named: list[str] = json.loads(str(stated.metadata[REFUSED_BATCHES].value))
            return named
    return []


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
