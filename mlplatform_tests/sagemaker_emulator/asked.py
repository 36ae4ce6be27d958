"""Jobs as other people ask for them: a shell in the container, seen through boto3 alone."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlplatform_tests.sagemaker_emulator.server import BUCKET, ROLE

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/somebody:else"


def training(name: str, script: str, **changes: Any) -> dict[str, Any]:
    """A request for a training job whose container runs a shell script."""
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["sh", "-c"],
            "ContainerArguments": [script],
        },
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **changes,
    }


def channel(name: str, uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
    """One input channel."""
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}}


def finished(service: Any, name: str) -> dict[str, Any]:
    """What is described of a training job when boto3's own waiter is content."""
    waiter = service.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
    return service.describe_training_job(TrainingJobName=name)  # type: ignore[no-any-return]


def packed(s3: Any, uri: str) -> dict[str, str]:
    """The files of a tar.gz in S3 and what is in them."""
    key = uri.removeprefix(f"s3://{BUCKET}/")
    content = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        files = {one.name: archive.extractfile(one) for one in archive.getmembers() if one.isfile()}
        return {name: file.read().decode() for name, file in files.items() if file is not None}


def lines(logs: Any, group: str, job: str) -> list[str]:
    """What a job's container has printed so far."""
    groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    if not groups:
        return []
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/algo-1-")
    return [
        event["message"]
        for stream in streams["logStreams"]
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    ]


def until(so: Callable[[], Any], seconds: float = 60) -> Any:
    """What it gives, as soon as that is something."""
    end = time.monotonic() + seconds
    while not (found := so()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def is_gone(pid: int) -> bool:
    """Whether a process has ended, also where nobody has asked for its exit code yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
