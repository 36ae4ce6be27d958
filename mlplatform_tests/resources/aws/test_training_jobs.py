"""Training in jobs that really run: launched once for the same work, followed, and stopped."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlplatform.container.scoring import Model
from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.aws.clients import clients
from mlplatform.resources.aws.jobs.files import UnusableResult
from mlplatform.resources.aws.jobs.following import JobFailed
from mlplatform.resources.aws.jobs.launching import OtherRequest
from mlplatform.resources.aws.jobs.services import tags_of
from mlplatform.resources.aws.jobs.waiting_runs import runs_in
from mlplatform.resources.aws.settings import aws_settings
from mlplatform.resources.training.local import LocalTraining
from mlplatform_tests.container.served import until
from mlplatform_tests.container.test_train import people
from mlplatform_tests.resources.aws.asked import LINEAR, SLOW, asking, request, stored, train
from mlplatform_tests.sagemaker_emulator.jobs import named
from mlplatform_tests.sagemaker_emulator.training_jobs import TrainingJob

pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.fixture
def folder(aws_environment: Any, tmp_path: Path) -> Path:
    return stored(tmp_path / "people")


def service() -> Any:
    return clients(aws_settings().region).sagemaker


def jobs() -> list[dict[str, Any]]:
    """Every training job there is, the oldest first."""
    found = service().list_training_jobs(SortBy="CreationTime", SortOrder="Ascending", MaxResults=100)
    return [
        service().describe_training_job(TrainingJobName=one["TrainingJobName"])
        for one in found["TrainingJobSummaries"]
    ]


def test_a_job_makes_the_model_that_is_made_here(folder: Path, tmp_path: Path) -> None:
    by_job = train(request(folder), tmp_path / "job")
    (tmp_path / "here").mkdir()
    here = LocalTraining().train(request(folder), tmp_path / "here")
    assert by_job.manifest == here.manifest
    assert (by_job.folder / "model.skops").read_bytes() == (here.folder / "model.skops").read_bytes()
    [described] = jobs()
    job = by_job.job
    assert (job["kind"], job["name"], job["attempt"], job["attached"]) == (
        "training",
        described["TrainingJobName"],
        1,
        False,
    )
    assert (job["arn"], job["instance_type"]) == (described["TrainingJobArn"], "ml.m5.large")
    assert job["seconds"] >= job["billable_seconds"] >= 0
    assert described["StoppingCondition"]["MaxRuntimeInSeconds"] == 3600


@pytest.mark.parametrize(("estimator", "tolerance"), [(None, 1e-12), (LINEAR, 1e-6)])
def test_another_thread_count_gives_the_same_predictions(
    folder: Path, tmp_path: Path, estimator: bytes | None, tolerance: float
) -> None:
    code = {"estimator.py": estimator} if estimator else None
    (tmp_path / "here").mkdir()
    here = LocalTraining().train(request(folder, code=code), tmp_path / "here")
    by_job = train(request(folder, code=code, threads=2), tmp_path / "job")
    assert by_job.manifest["environment"]["threads"] == 2
    rows = people("june", 9)
    one, other = (Model(made.folder) for made in (here, by_job))
    expected = one.predict(one.features_of(rows))
    assert expected.std() > 0.01
    np.testing.assert_allclose(other.predict(other.features_of(rows)), expected, rtol=0, atol=tolerance)


def test_what_the_container_prints_is_in_the_log(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    telling = b"\ndef print_it(): print('a line of my own')\nprint_it()\n"
    code = {"estimator.py": request(folder).code["estimator.py"] + telling}
    with caplog.at_level("INFO", logger="mlplatform"):
        train(request(folder, code=code))
    said = [one.message for one in caplog.records if one.name.startswith("mlplatform.")]
    assert "a line of my own" in said
    name = jobs()[0]["TrainingJobName"]
    assert f"created the training job {name}" in said and f"{name}: Completed" in said


def test_a_result_that_is_gone_is_told_with_the_way_out(folder: Path) -> None:
    train(request(folder))
    uri = jobs()[0]["ModelArtifacts"]["S3ModelArtifacts"]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    clients(aws_settings().region).s3.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(UnusableResult, match=f"{uri} is gone.*aws sagemaker delete-training-job"):
        train(request(folder))


def test_eight_who_ask_at_once_share_one_job(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(train, request(folder, f"run-{number}")) for number in range(8)]
        made = [one.result() for one in asked]
    assert len(jobs()) == 1
    assert sorted(one.job["attached"] for one in made) == [False] + [True] * 7
    assert len({one.manifest["sha256"] for one in made}) == 1


def in_training() -> bool:
    found = jobs()
    return bool(found) and found[-1]["SecondaryStatus"] == "Training"


@pytest.fixture
def ask(folder: Path) -> Iterator[Callable[[str, int | str], Any]]:
    """Ask in a process of its own; whatever still asks at the end is killed."""
    processes = []

    def start(run_id: str, max_iter: int | str = "slow") -> Any:
        processes.append(asking(folder, run_id, max_iter))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_whoever_comes_after_a_kill_finds_the_job(ask: Callable[..., Any]) -> None:
    first = ask("first", 40)
    until(jobs, "the job")
    first.kill()
    first.wait()
    second = ask("second", 40)
    printed, _ = second.communicate(timeout=100)
    assert second.returncode == 0
    [only] = jobs()
    job = json.loads(printed)
    assert (job["name"], job["attempt"], job["attached"]) == (only["TrainingJobName"], 1, True)


def test_a_cancelled_run_stops_its_job_and_the_next_begins_another(ask: Callable[..., Any]) -> None:
    run = ask("cancelled")
    until(in_training, "the fit")
    run.send_signal(signal.SIGINT)
    run.wait(timeout=100)
    [stopped] = jobs()
    assert stopped["TrainingJobStatus"] == "Stopped"
    assert runs_in(tags_of(clients(aws_settings().region), stopped["TrainingJobArn"])) == frozenset()
    again = ask("again")
    until(lambda: len(jobs()) == 2, "the second attempt")
    assert jobs()[1]["TrainingJobName"] == stopped["TrainingJobName"][:-1] + "2"
    again.send_signal(signal.SIGINT)
    again.wait(timeout=100)


def test_a_cancelled_run_leaves_a_job_that_others_wait_for(ask: Callable[..., Any]) -> None:
    runs = [ask("one"), ask("two")]
    connected = clients(aws_settings().region)
    until(
        lambda: in_training() and len(runs_in(tags_of(connected, jobs()[0]["TrainingJobArn"]))) == 2,
        "two runs that wait",
    )
    for run, status in zip(runs, ("InProgress", "Stopped"), strict=True):
        run.send_signal(signal.SIGINT)
        run.wait(timeout=100)
        assert [job["TrainingJobStatus"] for job in jobs()] == [status]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("MLPLATFORM_VOLUME_GB", "40", "ResourceConfig.VolumeSizeInGB is 30 there and 40 here"),
        (
            "MLPLATFORM_IMAGE",
            "other:1",
            "AlgorithmSpecification.TrainingImage is .* there and 'other:1' here",
        ),
    ],
)
def test_another_request_for_the_same_work_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    train(request(folder))
    monkeypatch.setenv(variable, value)
    with pytest.raises(OtherRequest, match=f"{said}.*delete-training-job --training-job-name"):
        train(request(folder))


def test_other_work_is_another_job(folder: Path) -> None:
    names = {
        train(request(folder)).job["name"],
        train(request(folder, max_iter=6)).job["name"],
        train(request(folder, code={"features.py": request(folder).code["features.py"] + b"\n"})).job["name"],
    }
    assert len(names) == 3


def test_what_the_service_would_refuse_is_never_sent(folder: Path) -> None:
    with pytest.raises(WrongUsage, match="HyperParameters: 101 entries"):
        train(request(folder, **{f"p{number}": 1 for number in range(101)}))
    assert jobs() == []


def test_a_failure_is_told_in_the_users_own_words_and_tried_again_when_asked(folder: Path) -> None:
    for attempt in (1, 2):
        with pytest.raises(JobFailed, match=r"^InvalidParameterError: The 'max_iter' parameter") as caught:
            train(request(folder, max_iter=-1))
        name = jobs()[-1]["TrainingJobName"]
        assert name.endswith(f"-{attempt}")
        assert f"training job {name}, log /aws/sagemaker/TrainingJobs/{name}" in str(caught.value)
        assert "exit code" not in str(caught.value)


def test_options_of_the_account_are_in_the_request(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1234"
    for name, value in {
        "MLPLATFORM_SPOT": "yes",
        "MLPLATFORM_SUBNETS": "subnet-1,subnet-2",
        "MLPLATFORM_SECURITY_GROUPS": "sg-1",
        "MLPLATFORM_KMS_KEY": key,
        "MLPLATFORM_TAGS": "team=people",
    }.items():
        monkeypatch.setenv(name, value)
    made = train(request(folder, "some-run"))
    [job] = jobs()
    assert job["EnableManagedSpotTraining"] is True
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}
    assert job["CheckpointConfig"]["S3Uri"].startswith(aws_settings().uri("checkpoints"))
    assert job["VpcConfig"] == {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    assert (job["OutputDataConfig"]["KmsKeyId"], job["ResourceConfig"]["VolumeKmsKeyId"]) == (key, key)
    channel = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert channel["S3DataType"] == "ManifestFile"
    tags = tags_of(clients(aws_settings().region), job["TrainingJobArn"])
    assert (tags["team"], tags["mlplatform:use_case"]) == ("people", "job_change")
    assert tags["mlplatform:training_set"] == made.manifest["training_set"]
    assert runs_in(tags) == {"some-run"}


@pytest.mark.parametrize(
    ("ended_by", "said"),
    [
        ("Stopped", "was stopped from outside; run again"),
        ("MaxRuntimeExceeded", "ran longer than MLPLATFORM_MAX_RUNTIME allows; raise it"),
        ("MaxWaitTimeExceeded", "waited longer for spot instances than MLPLATFORM_MAX_WAIT allows"),
    ],
)
def test_a_job_that_was_stopped_is_no_success(folder: Path, ended_by: str, said: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(train, request(folder, code={"estimator.py": SLOW}))
        until(in_training, "the fit")
        named(TrainingJob, jobs()[0]["TrainingJobName"]).stop(ended_by)
        with pytest.raises(JobFailed, match=said):
            asked.result()
