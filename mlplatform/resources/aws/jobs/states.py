"""How a job stands: what DescribeTrainingJob and DescribeProcessingJob say, in the same words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_OVER = {"Completed", "Failed", "Stopped"}
_SHELL = re.compile(r"^AlgorithmError: |, exit code: \d+$")


@dataclass(frozen=True)
class JobState:
    """One look at a job.

    `status` is InProgress, Stopping, Completed, Failed or Stopped, `phase` what it is at (or what ended it),
    `reason` the service's words, `seconds` how long the container ran and `billable_seconds` what is charged;
    `result` is the URI of a training's model.tar.gz, `request` what it was created with.
    """

    name: str
    arn: str
    status: str
    phase: str
    reason: str
    instance_type: str
    seconds: float
    billable_seconds: float
    request: Mapping[str, Any]
    result: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in _OVER

    @property
    def lacks_capacity(self) -> bool:
        """Whether it failed because there was no instance of its type."""
        return self.status == "Failed" and self.reason.startswith(("CapacityError", "InsufficientCapacity"))

    @property
    def failed_inside_the_service(self) -> bool:
        """Whether it failed for a reason that has nothing to do with it."""
        return self.status == "Failed" and self.reason.startswith("InternalServerError")

    @property
    def own_words(self) -> str:
        """The reason as the container wrote it down."""
        return _SHELL.sub("", self.reason.strip()) or "it failed without a reason"


def training_state(described: Mapping[str, Any]) -> JobState:
    """Of DescribeTrainingJob."""
    seconds = float(described.get("TrainingTimeInSeconds") or 0)
    billable = described.get("BillableTimeInSeconds")
    return JobState(
        name=described["TrainingJobName"],
        arn=described["TrainingJobArn"],
        status=described["TrainingJobStatus"],
        phase=described.get("SecondaryStatus", ""),
        reason=described.get("FailureReason", ""),
        instance_type=described.get("ResourceConfig", {}).get("InstanceType", ""),
        seconds=seconds,
        billable_seconds=float(seconds if billable is None else billable),
        request=described,
        result=described.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""),
    )


def processing_state(described: Mapping[str, Any]) -> JobState:
    """Of DescribeProcessingJob: its reason is the message that the container left."""
    started, ended = described.get("ProcessingStartTime"), described.get("ProcessingEndTime")
    seconds = (ended - started).total_seconds() if started and ended else 0.0
    cluster = described.get("ProcessingResources", {}).get("ClusterConfig", {})
    return JobState(
        name=described["ProcessingJobName"],
        arn=described["ProcessingJobArn"],
        status=described["ProcessingJobStatus"],
        phase=described["ProcessingJobStatus"],
        reason=described.get("ExitMessage") or described.get("FailureReason", ""),
        instance_type=cluster.get("InstanceType", ""),
        seconds=seconds,
        billable_seconds=seconds,
        request=described,
    )
