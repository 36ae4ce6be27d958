"""CreateProcessingJob and its kin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mlplatform_tests.sagemaker_emulator.buckets import download, upload
from mlplatform_tests.sagemaker_emulator.containers import OPT_ML
from mlplatform_tests.sagemaker_emulator.jobs import Job, create, delete, named
from mlplatform_tests.sagemaker_emulator.listing import listed
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation


class ProcessingJob(Job):
    """A job whose container finds and leaves things where its request says."""

    kind, log_group = "processing", "/aws/sagemaker/ProcessingJobs"

    def lay_out(self) -> None:
        """Inputs and outputs at their local paths, and the configuration."""
        config = self.folder / "config"
        config.mkdir()
        (config / "processingjobconfig.json").write_text(json.dumps(self.request))
        (config / "resourceconfig.json").write_text(
            json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]})
        )
        (self.folder / "output").mkdir()
        for given in self.request.get("ProcessingInputs", ()):
            source = given["S3Input"]
            download(source["S3DataType"], source["S3Uri"], self._here(source["LocalPath"]))
        for one in self._outputs:
            self._here(one["LocalPath"]).mkdir(parents=True, exist_ok=True)

    def store(self) -> None:
        """Every output that goes to S3."""
        for one in self._outputs:
            upload(self._here(one["LocalPath"]), one["S3Uri"])

    @property
    def _outputs(self) -> list[dict[str, str]]:
        return [one["S3Output"] for one in self.request.get("ProcessingOutputConfig", {}).get("Outputs", ())]

    def _here(self, path: str) -> Path:
        return self.folder / path.removeprefix(OPT_ML).lstrip("/")

    def program(self) -> tuple[list[str], list[str], dict[str, str]]:
        """What the request names: `docker run IMAGE`, with its entry point and arguments."""
        image = self.request["AppSpecification"]
        environment = {
            **self.request.get("Environment", {}),
            "PROCESSING_JOB_NAME": self.name,
            "PROCESSING_JOB_ARN": self.arn,
        }
        return image.get("ContainerEntrypoint", []), image.get("ContainerArguments", []), environment

    def words(self) -> str:
        """The message file's first 1024 characters."""
        message = self.folder / "output" / "message"
        return message.read_text(errors="replace")[:1024] if message.exists() else ""

    def summary(self) -> dict[str, Any]:
        """The members of a listing."""
        return {
            "ProcessingJobName": self.name,
            "ProcessingJobArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": self.changed,
            "ProcessingJobStatus": self.status,
            **({"ProcessingEndTime": self.ended} if self.ended else {}),
        }

    def described(self) -> dict[str, Any]:
        """The members of DescribeProcessingJob."""
        is_over = self.status not in {"InProgress", "Stopping"}
        message = self.words() if is_over and self.folder.exists() else ""
        return {
            **{name: value for name, value in self.request.items() if name != "Tags"},
            "ProcessingJobArn": self.arn,
            "ProcessingJobStatus": self.status,
            "CreationTime": self.created,
            "LastModifiedTime": self.changed,
            **({"FailureReason": self.reason} if self.reason else {}),
            **({"ExitMessage": message} if message else {}),
            **({"ProcessingStartTime": self.started} if self.started else {}),
            **({"ProcessingEndTime": self.ended} if self.ended else {}),
        }


@operation("CreateProcessingJob")
def create_processing_job(request: Request) -> Answer:
    return {"ProcessingJobArn": create(ProcessingJob, request["ProcessingJobName"], request).arn}


@operation("DescribeProcessingJob")
def describe_processing_job(request: Request) -> Answer:
    return named(ProcessingJob, request["ProcessingJobName"]).described()


@operation("StopProcessingJob")
def stop_processing_job(request: Request) -> Answer:
    named(ProcessingJob, request["ProcessingJobName"]).stop()
    return {}


@operation("DeleteProcessingJob")
def delete_processing_job(request: Request) -> Answer:
    delete(ProcessingJob, request["ProcessingJobName"])
    return {}


@operation("ListProcessingJobs")
def list_processing_jobs(request: Request) -> Answer:
    return listed(ProcessingJob, request, "ProcessingJobSummaries")
