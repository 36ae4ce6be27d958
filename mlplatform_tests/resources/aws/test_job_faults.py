"""What goes wrong between the platform and the service, and what comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlplatform.resources.aws.jobs.following import JobFailed
from mlplatform.resources.aws.refusals import AwsRefused
from mlplatform_tests.resources.aws.asked import request, stored, train
from mlplatform_tests.resources.aws.test_training_jobs import jobs

pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.fixture
def folder(aws_environment: Any, tmp_path: Path) -> Path:
    return stored(tmp_path / "people")


def upset(emulator: Any, operation: str, fault: str, times: int = 1) -> None:
    emulator.faults.add(operation, fault, times)


def test_a_lost_answer_makes_no_second_job(folder: Path, emulator: Any) -> None:
    upset(emulator, "CreateTrainingJob", "lost answer")
    assert train(request(folder)).job["attached"] is True
    assert len(jobs()) == 1


@pytest.mark.parametrize("operation", ["CreateTrainingJob", "DescribeTrainingJob"])
def test_throttling_is_waited_out(folder: Path, emulator: Any, operation: str) -> None:
    upset(emulator, operation, "throttling", times=2)
    assert train(request(folder)).job["attempt"] == 1
    assert len(jobs()) == 1


def test_without_capacity_the_next_instance_type_is_tried(folder: Path, emulator: Any) -> None:
    upset(emulator, "CreateTrainingJob", "no capacity")
    job = train(request(folder)).job
    assert (job["instance_type"], job["attempt"]) == ("ml.m5.xlarge", 2)
    assert [one["TrainingJobStatus"] for one in jobs()] == ["Failed", "Completed"]


def test_without_any_capacity_it_is_said_and_can_be_tried_again(folder: Path, emulator: Any) -> None:
    upset(emulator, "CreateTrainingJob", "no capacity", times=2)
    with pytest.raises(JobFailed, match=r"no capacity for any of ml\.m5\.large, ml\.m5\.xlarge"):
        train(request(folder))
    job = train(request(folder)).job
    assert (job["instance_type"], job["attempt"]) == ("ml.m5.large", 3)


def test_without_a_quota_the_next_instance_type_is_tried(folder: Path, emulator: Any) -> None:
    upset(emulator, "CreateTrainingJob", "no quota")
    job = train(request(folder)).job
    assert (job["instance_type"], job["attempt"]) == ("ml.m5.xlarge", 1)
    upset(emulator, "CreateTrainingJob", "no quota", times=2)
    with pytest.raises(AwsRefused, match=r"no quota left for any of .* name other types in MLPLATFORM_TRAIN"):
        train(request(folder, max_iter=6))


def test_a_quota_that_the_wanted_job_itself_uses_up_is_no_obstacle(folder: Path, emulator: Any) -> None:
    first = train(request(folder)).job
    upset(emulator, "CreateTrainingJob", "no quota", times=2)
    again = train(request(folder)).job
    assert (again["name"], again["attached"]) == (first["name"], True)


def test_a_missing_permission_is_named(folder: Path, emulator: Any) -> None:
    upset(emulator, "CreateTrainingJob", "access denied")
    with pytest.raises(AwsRefused, match=r"creating the training job .*: access denied \(.*Create"):
        train(request(folder))
    assert jobs() == []
