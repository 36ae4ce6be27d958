"""Jobs that are stopped or take too long, and names that are taken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlplatform_tests.sagemaker_emulator.asked import finished, is_gone, lines, packed, training, until
from mlplatform_tests.sagemaker_emulator.training_jobs import TrainingJob

GROUP = "/aws/sagemaker/TrainingJobs"
SAVING = "trap 'echo kept > /opt/ml/model/state; exit 0' TERM; echo ready; while :; do sleep 0.1; done"
DEAF = "trap '' TERM; sleep 1000 & echo \"child $!\"; while :; do sleep 1; done"


def running(emulator: Any, name: str) -> list[str]:
    """Its first lines, which are there while it runs."""
    return until(lambda: lines(emulator.client("logs"), GROUP, name))  # type: ignore[no-any-return]


def test_a_stopped_container_may_still_save_what_it_has(emulator: Any) -> None:
    service = emulator.client("sagemaker")
    service.create_training_job(**training("stopped", SAVING))
    assert running(emulator, "stopped") == ["ready"]
    assert service.describe_training_job(TrainingJobName="stopped")["TrainingJobStatus"] == "InProgress"
    service.stop_training_job(TrainingJobName="stopped")
    job = finished(service, "stopped")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    model = packed(emulator.client("s3"), job["ModelArtifacts"]["S3ModelArtifacts"])
    assert model == {"state": "kept\n"}
    with pytest.raises(ClientError, match="in status Stopped"):
        service.stop_training_job(TrainingJobName="stopped")


def test_a_container_that_does_not_listen_is_killed_with_all_it_started(
    emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingJob, "seconds_to_finish", 0.5)
    service = emulator.client("sagemaker")
    service.create_training_job(**training("deaf", DEAF))
    child = int(running(emulator, "deaf")[0].split()[1])
    assert Path(f"/proc/{child}").exists()
    service.stop_training_job(TrainingJobName="deaf")
    assert finished(service, "deaf")["TrainingJobStatus"] == "Stopped"
    until(lambda: is_gone(child))


def test_what_a_container_has_left_running_ends_with_it(emulator: Any) -> None:
    service = emulator.client("sagemaker")
    service.create_training_job(**training("leaves", "sleep 1000 & echo $!"))
    assert finished(service, "leaves")["TrainingJobStatus"] == "Completed"
    until(lambda: is_gone(int(running(emulator, "leaves")[0])))


def test_a_job_over_its_time_is_stopped(emulator: Any) -> None:
    service = emulator.client("sagemaker")
    service.create_training_job(
        **training("long", SAVING, StoppingCondition={"MaxRuntimeInSeconds": 1}),
    )
    job = finished(service, "long")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_of_eight_that_race_for_a_name_one_gets_it(emulator: Any) -> None:
    service = emulator.client("sagemaker")

    def create(number: int) -> str:
        request = training("raced", "true", Environment={"NUMBER": str(number)})
        try:
            return str(service.create_training_job(**request)["TrainingJobArn"])
        except service.exceptions.ResourceInUse as error:
            return str(error.response["Error"]["Message"])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    refused = [one for one in answers if "already exists (arn:aws:sagemaker" in one]
    assert (len(refused), len(set(answers))) == (7, 2)
    assert finished(service, "raced")["TrainingJobStatus"] == "Completed"


def test_a_reset_ends_what_runs(emulator: Any) -> None:
    service = emulator.client("sagemaker")
    service.create_training_job(**training("forgotten", DEAF))
    child = int(running(emulator, "forgotten")[0].split()[1])
    emulator.reset()
    until(lambda: is_gone(child))
    assert service.list_training_jobs()["TrainingJobSummaries"] == []
