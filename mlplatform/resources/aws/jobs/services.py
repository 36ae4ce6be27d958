"""The two kinds of jobs behind one protocol, so that launching and following is written once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from mlplatform.resources.aws.clients import Clients, error_code
from mlplatform.resources.aws.jobs.states import JobState, processing_state, training_state
from mlplatform.resources.aws.limits import refuse_processing_over_limits, refuse_training_over_limits
from mlplatform.resources.aws.refusals import told

Tags = Mapping[str, str]


class JobService(Protocol):
    """Creates, describes, stops and lists jobs of one kind."""

    kind: str
    log_group: str
    clients: Clients

    def create(self, name: str, request: Mapping[str, Any], instance_type: str, tags: Tags) -> str:
        """The ARN of the new job; botocore's ClientError as it comes."""
        ...

    def describe(self, name: str) -> JobState:
        """How the job stands."""
        ...

    def stop(self, name: str) -> None:
        """Ask for its end; nothing happens to one that has ended."""
        ...

    def in_progress(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Name and ARN of each job that is working and whose name begins so."""
        ...


class TrainingJobs:
    """CreateTrainingJob and its kin."""

    kind = "training"
    log_group = "/aws/sagemaker/TrainingJobs"

    def __init__(self, clients: Clients) -> None:
        self.clients = clients

    def create(self, name: str, request: Mapping[str, Any], instance_type: str, tags: Tags) -> str:
        """WrongUsage for a request over the service's limits: nothing is sent then."""
        resources = {**request["ResourceConfig"], "InstanceType": instance_type}
        whole = {
            **request,
            "TrainingJobName": name,
            "ResourceConfig": resources,
            "Tags": tag_list(tags),
        }
        refuse_training_over_limits(whole)
        return str(self.clients.sagemaker.create_training_job(**whole)["TrainingJobArn"])

    def describe(self, name: str) -> JobState:
        """AwsRefused where there is no such job."""
        with told(f"looking at the training job {name}"):
            return training_state(self.clients.sagemaker.describe_training_job(TrainingJobName=name))

    def stop(self, name: str) -> None:
        """The service refuses to stop what has ended: that is as good."""
        try:
            with told(f"stopping the training job {name}"):
                self.clients.sagemaker.stop_training_job(TrainingJobName=name)
        except Exception as error:
            _raise_unless_over(error)

    def in_progress(self, prefix: str) -> Iterator[tuple[str, str]]:
        """All pages of them."""
        with told("listing training jobs"):
            pages = self.clients.sagemaker.get_paginator("list_training_jobs")
            for page in pages.paginate(StatusEquals="InProgress", NameContains=prefix):
                for job in page["TrainingJobSummaries"]:
                    if job["TrainingJobName"].startswith(prefix):
                        yield job["TrainingJobName"], job["TrainingJobArn"]


class ProcessingJobs:
    """CreateProcessingJob and its kin."""

    kind = "processing"
    log_group = "/aws/sagemaker/ProcessingJobs"

    def __init__(self, clients: Clients) -> None:
        self.clients = clients

    def create(self, name: str, request: Mapping[str, Any], instance_type: str, tags: Tags) -> str:
        """WrongUsage for a request over the service's limits: nothing is sent then."""
        cluster = {**request["ProcessingResources"]["ClusterConfig"], "InstanceType": instance_type}
        whole = {
            **request,
            "ProcessingJobName": name,
            "ProcessingResources": {"ClusterConfig": cluster},
            "Tags": tag_list(tags),
        }
        refuse_processing_over_limits(whole)
        return str(self.clients.sagemaker.create_processing_job(**whole)["ProcessingJobArn"])

    def describe(self, name: str) -> JobState:
        """AwsRefused where there is no such job."""
        with told(f"looking at the processing job {name}"):
            return processing_state(self.clients.sagemaker.describe_processing_job(ProcessingJobName=name))

    def stop(self, name: str) -> None:
        """The service refuses to stop what has ended: that is as good."""
        try:
            with told(f"stopping the processing job {name}"):
                self.clients.sagemaker.stop_processing_job(ProcessingJobName=name)
        except Exception as error:
            _raise_unless_over(error)

    def in_progress(self, prefix: str) -> Iterator[tuple[str, str]]:
        """All pages of them."""
        with told("listing processing jobs"):
            pages = self.clients.sagemaker.get_paginator("list_processing_jobs")
            for page in pages.paginate(StatusEquals="InProgress", NameContains=prefix):
                for job in page["ProcessingJobSummaries"]:
                    if job["ProcessingJobName"].startswith(prefix):
                        yield job["ProcessingJobName"], job["ProcessingJobArn"]


def tag_list(tags: Tags) -> list[dict[str, str]]:
    """Tags as the service takes them."""
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def tags_of(clients: Clients, arn: str) -> dict[str, str]:
    """All tags of a job."""
    with told(f"reading the tags of {arn}"):
        pages = clients.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def _raise_unless_over(error: Exception) -> None:
    cause = error.__cause__ or error
    if isinstance(cause, Exception) and error_code(cause) == "ValidationException":
        return
    raise error
