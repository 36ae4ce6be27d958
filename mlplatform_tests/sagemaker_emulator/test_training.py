"""Training jobs: what the container finds, and what is known and left of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlplatform_tests.sagemaker_emulator.asked import channel, finished, lines, packed, training, until
from mlplatform_tests.sagemaker_emulator.server import BUCKET

GROUP = "/aws/sagemaker/TrainingJobs"


def put(emulator: Any, *keys: str) -> None:
    for key in keys:
        emulator.client("s3").put_object(Bucket=BUCKET, Key=key, Body=key.encode())


def test_a_container_finds_its_inputs_and_what_it_leaves_is_stored(emulator: Any) -> None:
    script = """
        cd /opt/ml && echo "loss=0.5" && echo "loss=0.25"
        cp input/config/*.json model/ && find input/data -type f | sort > model/files
        echo "$TRAINING_JOB_NAME $TRAINING_JOB_ARN $GIVEN $AWS_ENDPOINT_URL" > output/data/environment
    """
    put(emulator, "in/a", "in/b/c", "other/d", "other/e")
    emulator.client("s3").put_object(
        Bucket=BUCKET, Key="m", Body=json.dumps([{"prefix": f"s3://{BUCKET}/"}, "other/d", "in/a"]).encode()
    )
    request = training(
        "whole",
        script,
        HyperParameters={"depth": "3"},
        Environment={"GIVEN": "so"},
        InputDataConfig=[
            channel("train", f"s3://{BUCKET}/in/"),
            channel("more", f"s3://{BUCKET}/m", "ManifestFile"),
        ],
    )
    request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]
    service = emulator.client("sagemaker")
    arn = service.create_training_job(**request)["TrainingJobArn"]
    job = finished(service, "whole")

    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    phases = [one["Status"] for one in job["SecondaryStatusTransitions"]]
    assert phases == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert [(one["MetricName"], one["Value"]) for one in job["FinalMetricDataList"]] == [("loss", 0.25)]
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"]
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/out/whole/output/model.tar.gz"
    model = packed(emulator.client("s3"), job["ModelArtifacts"]["S3ModelArtifacts"])
    assert model["files"].split() == [
        f"input/data/{path}" for path in ("more/in/a", "more/other/d", "train/a", "train/b/c")
    ]
    assert json.loads(model["hyperparameters.json"]) == {"depth": "3"}
    assert set(json.loads(model["inputdataconfig.json"])) == {"train", "more"}
    assert json.loads(model["resourceconfig.json"])["current_instance_type"] == "ml.m5.large"
    output = packed(emulator.client("s3"), f"s3://{BUCKET}/out/whole/output/output.tar.gz")
    assert output["environment"].split() == ["whole", arn, "so", emulator.url]
    assert lines(emulator.client("logs"), GROUP, "whole") == ["loss=0.5", "loss=0.25"]


def test_a_prefix_is_the_beginning_of_keys_and_not_a_folder(emulator: Any) -> None:
    put(emulator, "code/a", "code2/b", "code")
    request = training(
        "prefix",
        "cd /opt/ml/input/data/code && find . -type f | sort > /opt/ml/model/files",
        InputDataConfig=[channel("code", f"s3://{BUCKET}/code")],
    )
    service = emulator.client("sagemaker")
    service.create_training_job(**request)
    model = packed(emulator.client("s3"), finished(service, "prefix")["ModelArtifacts"]["S3ModelArtifacts"])
    assert model["files"].split() == ["./a", "./code", "./code2/b"]


def test_a_failure_is_the_containers_own_words_and_no_more_than_1024(emulator: Any) -> None:
    script = "head -c 5000 /dev/zero | tr '\\0' x > /opt/ml/output/failure; exit 7"
    service = emulator.client("sagemaker")
    service.create_training_job(**training("fails", script))
    job = _over(service, "fails")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == f"AlgorithmError: {'x' * 1024}, exit code: 7"


@pytest.mark.parametrize(
    ("kind", "said"), [("ManifestFile", "NoSuchKey"), ("S3Prefix", "No S3 objects found under S3 URL")]
)
def test_an_input_that_is_not_there_is_told(emulator: Any, kind: str, said: str) -> None:
    gone = channel("train", f"s3://{BUCKET}/nothing", kind)
    service = emulator.client("sagemaker")
    service.create_training_job(**training("lacks", "true", InputDataConfig=[gone]))
    assert said in _over(service, "lacks")["FailureReason"]


def test_checkpoints_travel_both_ways(emulator: Any) -> None:
    script = (
        "cd /opt/ml/checkpoints && echo $(($(cat n || echo 0) + 1)) > n.new && mv n.new n; cp n /opt/ml/model"
    )
    service = emulator.client("sagemaker")
    models = []
    for name in ("first", "second"):
        request = training(
            name,
            script,
            EnableManagedSpotTraining=True,
            StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
            CheckpointConfig={"S3Uri": f"s3://{BUCKET}/kept"},
        )
        service.create_training_job(**request)
        job = finished(service, name)
        assert job["BillableTimeInSeconds"] <= job["TrainingTimeInSeconds"]
        models.append(packed(emulator.client("s3"), job["ModelArtifacts"]["S3ModelArtifacts"])["n"].strip())
    assert models == ["1", "2"]


def _over(service: Any, name: str) -> dict[str, Any]:
    def described() -> Any:
        job = service.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] in {"Completed", "Failed", "Stopped"} else None

    return until(described)  # type: ignore[no-any-return]
