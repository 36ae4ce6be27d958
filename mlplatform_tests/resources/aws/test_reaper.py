"""The sensor that stops jobs whose runs were killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from mlplatform.resources.aws.clients import clients
from mlplatform.resources.aws.jobs.services import tag_list
from mlplatform.resources.aws.settings import aws_settings
from mlplatform.sensors.orphans import orphaned_jobs_sensor
from mlplatform_tests.container.served import until
from mlplatform_tests.resources.aws.asked import asking, stored
from mlplatform_tests.resources.aws.test_training_jobs import in_training, jobs

pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.fixture
def tick(instance: dg.DagsterInstance) -> Callable[[], str]:
    def once() -> str:
        with dg.build_sensor_context(instance=instance) as context:
            evaluated = orphaned_jobs_sensor().evaluate_tick(context)
        assert evaluated.skip_message is not None
        return evaluated.skip_message

    return once


def statuses() -> list[str]:
    return [job["TrainingJobStatus"] for job in jobs()]


def test_a_job_whose_run_was_killed_is_stopped(
    tick: Callable[[], str], instance: dg.DagsterInstance, tmp_path: Path, aws_environment: Any
) -> None:
    started = DagsterRunStatus.STARTED
    run = instance.add_run(dg.DagsterRun(job_name="job_change_update", status=started))
    launcher = asking(stored(tmp_path / "people"), run.run_id, "slow")
    try:
        until(in_training, "the fit")
    finally:
        launcher.kill()
        launcher.communicate()
    assert tick() == "1 job(s) in progress, each waited for"
    instance.report_run_failed(run, "its worker is gone")
    name = jobs()[0]["TrainingJobName"]
    assert tick() == f"stopped the training job {name}: run {run.run_id[:8]} is over"
    until(lambda: statuses() == ["Stopped"], "the end of the orphan")
    assert tick() == "0 job(s) in progress, each waited for"


def test_jobs_of_others_are_left_alone(
    tick: Callable[[], str], instance: dg.DagsterInstance, tmp_path: Path, aws_environment: Any
) -> None:
    launcher = asking(stored(tmp_path / "people"), "a run of another installation", "slow")
    try:
        until(in_training, "the fit")
        described = jobs()[0]
        service = clients(aws_settings().region).sagemaker
        assert tick() == "1 job(s) in progress, each waited for"
        kept = ("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig")
        service.create_training_job(
            TrainingJobName="mlplatform-but-not-ours",
            StoppingCondition={"MaxRuntimeInSeconds": 60},
            Tags=tag_list({"team": "other"}),
            **{member: described[member] for member in kept},
        )
        assert tick() == "1 job(s) in progress, each waited for"
        assert set(statuses()) == {"InProgress"}
        service.stop_training_job(TrainingJobName="mlplatform-but-not-ours")
        service.stop_training_job(TrainingJobName=described["TrainingJobName"])
    finally:
        launcher.kill()
        launcher.communicate()
