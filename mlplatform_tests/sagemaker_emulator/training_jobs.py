"""CreateTrainingJob and its kin."""

from __future__ import annotations

import json
from typing import Any

from mlplatform_tests.sagemaker_emulator.buckets import download, upload_packed
from mlplatform_tests.sagemaker_emulator.jobs import Job, create, delete, listed, named
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation


class TrainingJob(Job):
    """A job whose container finds and leaves things as a training container does."""

    kind, log_group = "training", "/aws/sagemaker/TrainingJobs"

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
        for channel in channels:
            source = channel["DataSource"]["S3DataSource"]
            folder = self.folder / "input" / "data" / channel["ChannelName"]
            download(source["S3DataType"], source["S3Uri"], folder)

    def store(self) -> None:
        """The model, and other output where there is any."""
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
            **(
                {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
                if seconds is not None
                else {}
            ),
        }


@operation("CreateTrainingJob")
def create_training_job(request: Request) -> Answer:
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


@operation("ListTrainingJobs")
def list_training_jobs(request: Request) -> Answer:
    return {
        "TrainingJobSummaries": [
            {
                "TrainingJobName": job.name,
                "TrainingJobArn": job.arn,
                "CreationTime": job.created,
                "TrainingJobStatus": job.status,
                "SecondaryStatus": job.phase,
            }
            for job in listed(TrainingJob, request)
        ]
    }
