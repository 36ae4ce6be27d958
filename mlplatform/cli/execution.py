"""Doing what the plan says: the code location's own jobs, in this process, recorded like any other run."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mlplatform.assets.batch_range import REFUSED_BATCHES
from mlplatform.assets.jobs import update_job_name
from mlplatform.cli.job_runs import Executed, run_job
from mlplatform.cli.neighbours import neighbours
from mlplatform.cli.world import Records, latest_records, world_of
from mlplatform.lineage.records import partitions_name
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.planning import Decision, plan
from mlplatform.ml.steps import LANDED_FILE

if TYPE_CHECKING:
    from dagster import ExecuteInProcessResult

    from mlplatform.cli.location import Location
    from mlplatform.ml.declaration import Declaration

# Tags by which Dagster runs a span of partitions at once.
ASSET_PARTITION_RANGE_START = "dagster/asset_partition_range_start"
ASSET_PARTITION_RANGE_END = "dagster/asset_partition_range_end"


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
