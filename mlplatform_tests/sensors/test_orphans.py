"""Which jobs nobody waits for any more."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from mlplatform.definitions import defs
from mlplatform.resources.aws.jobs.dagster_runs import RunState, run_states
from mlplatform.sensors.orphans import WorkingJob, orphaned_jobs_sensor, orphans


def job(*runs: str) -> WorkingJob:
    return WorkingJob("mlplatform-a-1", "training", frozenset(runs))


@pytest.mark.parametrize(
    ("runs", "is_orphan"),
    [
        ((), True),
        (("over",), True),
        (("over", "over too"), True),
        (("over", "working"), False),
        (("working",), False),
        (("of another installation",), False),
        (("over", "of another installation"), False),
    ],
)
def test_a_job_is_an_orphan_when_all_who_waited_are_over(runs: tuple[str, ...], is_orphan: bool) -> None:
    states: dict[str, RunState] = {"over": "over", "over too": "over", "working": "working"}
    assert orphans([job(*runs)], states) == ([job(*runs)] if is_orphan else [])


def add(instance: dg.DagsterInstance, status: DagsterRunStatus, **tags: str) -> str:
    named = {name.replace("__", "/"): value for name, value in tags.items()}
    return instance.add_run(dg.DagsterRun(job_name="some_job", status=status, tags=named)).run_id


def test_runs_that_go_on_or_will_be_started_again_are_not_over(instance: dg.DagsterInstance) -> None:
    status = DagsterRunStatus
    working = [add(instance, one) for one in (status.STARTED, status.STARTING, status.CANCELING)]
    over = [add(instance, one) for one in (status.SUCCESS, status.FAILURE, status.CANCELED)]
    waiting = add(instance, status.FAILURE, dagster__will_retry="true")
    again = add(instance, status.FAILURE, dagster__auto_retry_run_id=working[0])
    in_vain = add(instance, status.FAILURE, dagster__auto_retry_run_id=over[1], dagster__will_retry="true")
    found = run_states(instance, [*working, *over, waiting, again, in_vain, "somebody else's"])
    assert {one for one, state in found.items() if state == "working"} == {*working, waiting, again}
    assert {one for one, state in found.items() if state == "over"} == {*over, in_vain}
    assert found["somebody else's"] == "unknown"
    assert run_states(instance, []) == {}


def test_the_sensor_ships_stopped_and_not_at_all_locally(home: Path) -> None:
    assert orphaned_jobs_sensor().default_status == dg.DefaultSensorStatus.STOPPED
    assert "orphaned_jobs" not in {sensor.name for sensor in defs().sensors or ()}
