"""CreateTrainingJob and its kin."""

from __future__ import annotations

import json
from typing import Any

from mlplatform_tests.sagemaker_emulator.buckets import download, upload_packed
from mlplatform_tests.sagemaker_emulator.checkpoints import Checkpoints
from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.jobs import OVER, Job, create, delete, named
from mlplatform_tests.sagemaker_emulator.listing import listed
from mlplatform_tests.sagemaker_emulator.metrics import Metrics
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation

_SPOT_SHARE = 0.3  # of the time, that a job on spot instances is billed
_MERGED = ("ResourceConfig", "ProfilerConfig", "RemoteDebugConfig")


class TrainingJob(Job):
    """A job whose container finds and leaves things as a training container does."""

    kind, log_group = "training", "/aws/sagemaker/TrainingJobs"

    def __init__(self, name: str, request: Request) -> None:
        self.metrics = Metrics(request["AlgorithmSpecification"].get("MetricDefinitions", ()))
        super().__init__(name, request)
        self._checkpoints = Checkpoints(request.get("CheckpointConfig", {}), self.folder)

    def hear(self, line: str) -> None:
        """Find metrics in it."""
        self.metrics.hear(line)

    def while_it_runs(self) -> None:
        """Checkpoints are copied while the container writes them."""
        self._checkpoints.upload()

    def lay_out(self) -> None:
        """The channels, and the configuration beside them."""
        config, channels = self.folder / "input" / "config", self.request.get("InputDataConfig", ())
        config.mkdir(parents=True)
        for folder in ("model", "output/data", "checkpoints"):
            (self.folder / folder).mkdir(parents=True)
        documents = {
            "hyperparameters": self.request.get("HyperParameters", {}),
            "inputdataconfig": {
                channel["ChannelName"]: {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}
                for channel in channels
            },
            "resourceconfig": {
                "current_host": "algo-1",
                "hosts": ["algo-1"],
                "network_interface_name": "eth0",
                "current_instance_type": self.request["ResourceConfig"]["InstanceType"],
            },
        }
        for name, document in documents.items():
            (config / f"{name}.json").write_text(json.dumps(document))
        self._checkpoints.download()
        for channel in channels:
            source = channel["DataSource"]["S3DataSource"]
            folder = self.folder / "input" / "data" / channel["ChannelName"]
            download(source["S3DataType"], source["S3Uri"], folder)

    def store(self) -> None:
        """The model, and other output where there is any."""
        self._checkpoints.upload()
        upload_packed(self.folder / "model", self.result)
        if any((self.folder / "output" / "data").iterdir()):
            upload_packed(
                self.folder / "output" / "data", self.result.replace("model.tar.gz", "output.tar.gz")
            )

    @property
    def result(self) -> str:
        """Where the model is put."""
        folder = self.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        return f"{folder}/{self.name}/output/model.tar.gz"

    def program(self) -> tuple[list[str], list[str], dict[str, str]]:
        """`docker run IMAGE train`, unless the request says otherwise."""
        image = self.request["AlgorithmSpecification"]
        environment = {
            **self.request.get("Environment", {}),
            "TRAINING_JOB_NAME": self.name,
            "TRAINING_JOB_ARN": self.arn,
        }
        entrypoint = image.get("ContainerEntrypoint", [])
        return entrypoint, image.get("ContainerArguments", [] if entrypoint else ["train"]), environment

    def words(self) -> str:
        """The failure file's first 1024 characters."""
        failure = self.folder / "output" / "failure"
        return failure.read_text(errors="replace")[:1024] if failure.exists() else ""

    def summary(self) -> dict[str, Any]:
        """The members of a listing."""
        return {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": self.changed,
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.phase,
            **({"TrainingEndTime": self.ended} if self.ended else {}),
        }

    def described(self) -> dict[str, Any]:
        """The members of DescribeTrainingJob."""
        seconds = int((self.ended - self.started).total_seconds()) if self.started and self.ended else None
        ends = [*(since for _, since in self.phases[1:]), self.ended if self.phase == self.status else None]
        return {
            **{name: value for name, value in self.request.items() if name != "Tags"},
            "TrainingJobArn": self.arn,
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.phase,
            "CreationTime": self.created,
            "LastModifiedTime": self.changed,
            "SecondaryStatusTransitions": [
                {"Status": phase, "StartTime": since, **({"EndTime": until} if until else {})}
                for (phase, since), until in zip(self.phases, ends, strict=True)
            ],
            **({"FailureReason": self.reason} if self.reason else {}),
            **({"TrainingStartTime": self.started} if self.started else {}),
            **({"TrainingEndTime": self.ended} if self.ended else {}),
            **({"ModelArtifacts": {"S3ModelArtifacts": self.result}} if self.started else {}),
            **({"FinalMetricDataList": self.metrics.last()} if self.metrics.last() else {}),
            **(
                {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": self._billable(seconds)}
                if seconds is not None
                else {}
            ),
        }

    def _billable(self, seconds: int) -> int:
        return round(seconds * _SPOT_SHARE) if self.request.get("EnableManagedSpotTraining") else seconds


@operation("CreateTrainingJob")
def create_training_job(request: Request) -> Answer:
    limits = request.get("StoppingCondition", {})
    waits, runs = limits.get("MaxWaitTimeInSeconds"), limits.get("MaxRuntimeInSeconds", 86400)
    if request.get("EnableManagedSpotTraining") and (waits is None or waits < runs):
        raise invalid("MaxWaitTimeInSeconds must be specified and not be less than MaxRuntimeInSeconds")
    if waits is not None and not request.get("EnableManagedSpotTraining"):
        raise invalid("MaxWaitTimeInSeconds can only be specified with EnableManagedSpotTraining")
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", ())]
    if len(set(names)) < len(names):
        raise invalid("Channel names must be unique")
    return {"TrainingJobArn": create(TrainingJob, request["TrainingJobName"], request).arn}


@operation("DescribeTrainingJob")
def describe_training_job(request: Request) -> Answer:
    return named(TrainingJob, request["TrainingJobName"]).described()


@operation("StopTrainingJob")
def stop_training_job(request: Request) -> Answer:
    named(TrainingJob, request["TrainingJobName"]).stop()
    return {}


@operation("DeleteTrainingJob")
def delete_training_job(request: Request) -> Answer:
    delete(TrainingJob, request["TrainingJobName"])
    return {}


@operation("UpdateTrainingJob")
def update_training_job(request: Request) -> Answer:
    job = named(TrainingJob, request["TrainingJobName"])
    if job.status in OVER:
        raise invalid(f"The training job is in status {job.status}.")
    changed = {name: value for name, value in request.items() if name not in {"TrainingJobName", *_MERGED}}
    merged = {name: {**job.request.get(name, {}), **request[name]} for name in _MERGED if name in request}
    job.request = {**job.request, **changed, **merged}
    return {"TrainingJobArn": job.arn}


@operation("ListTrainingJobs")
def list_training_jobs(request: Request) -> Answer:
    return listed(TrainingJob, request, "TrainingJobSummaries")
