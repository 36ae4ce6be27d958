"""How the Dagster runs stand that wait for jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import dagster as dg
from dagster._check import CheckError
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG

RunState = Literal["working", "over", "unknown"]
_OVER = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}


def run_states(instance: dg.DagsterInstance, runs: Iterable[str]) -> dict[str, RunState]:
    """How each run stands; one that failed and is to be started again is working until that run is over."""
    ids = sorted(runs)
    if not ids:
        return {}
    found = {run.run_id: run for run in instance.get_runs(dg.RunsFilter(run_ids=ids))}
    return {one: _state(instance, found[one]) if one in found else "unknown" for one in ids}


def _state(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunState:
    if run.status not in _OVER:
        return "working"
    again = run.tags.get(AUTO_RETRY_RUN_ID_TAG)
    if again:
        next_run = instance.get_run_by_id(again)
        return _state(instance, next_run) if next_run else "over"
    return "working" if run.is_complete_and_waiting_to_retry else "over"


def instance_of(resource: dg.ConfigurableResource[Any]) -> dg.DagsterInstance | None:
    """The instance of the run that a resource works in; None for one that is called without a run."""
    try:
        return resource.get_resource_context().instance
    except CheckError:
        return None
