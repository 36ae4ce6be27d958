"""Jobs seen from a Dagster run: recorded with what they made, and stopped with it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from mlplatform.resources.aws.clients import clients
from mlplatform.resources.aws.jobs.waiting_runs import join
from mlplatform.resources.aws.settings import aws_settings
from mlplatform_tests.container.served import until
from mlplatform_tests.resources.aws.in_a_run import DEAD, running
from mlplatform_tests.resources.aws.test_job_faults import upset
from mlplatform_tests.resources.aws.test_processing_jobs import processing_jobs
from mlplatform_tests.resources.aws.test_training_jobs import jobs

pytestmark = pytest.mark.usefixtures("aws_environment")


def test_a_run_records_the_jobs_that_it_waited_for(tmp_path: Path) -> None:
    run = running(tmp_path)
    printed, _ = run.communicate(timeout=200)
    told = json.loads(printed)
    assert told["success"], told["failed"]
    [features], [model] = told["details"]["features"], told["details"]["model"]
    assert [features["job"]["name"]] == processing_jobs()
    assert [model["job"]["name"]] == [job["TrainingJobName"] for job in jobs()]
    assert model["job"]["arn"] == jobs()[0]["TrainingJobArn"]


def test_a_run_that_is_stopped_stops_its_job(tmp_path: Path, emulator: Any) -> None:
    upset(emulator, "CreateTrainingJob", "slow start")
    run = running(tmp_path)
    try:
        until(jobs, "the job")
        # a run that waited for it, too, and was killed
        join(clients(aws_settings().region), jobs()[0]["TrainingJobArn"], DEAD)
        _stop(run)
        printed, _ = run.communicate(timeout=100)
    finally:
        run.kill()
    told = json.loads(printed)
    assert not told["success"]
    assert told["details"]["model"] == []
    assert [job["TrainingJobStatus"] for job in jobs()] == ["Stopped"]


def _stop(run: subprocess.Popen[str]) -> None:
    """SIGTERM, as Dagster's launchers send it, until the job is told to stop.

    Dagster raises an error from its signal handler; where that happens to run inside a callback of Python's
    garbage collection the error is dropped, and nobody has heard the signal.
    """
    for _ in range(10):
        run.send_signal(signal.SIGTERM)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            if run.poll() is not None or jobs()[0]["TrainingJobStatus"] != "InProgress":
                return
            time.sleep(0.1)
    raise AssertionError("the run did not hear that it is to stop")
