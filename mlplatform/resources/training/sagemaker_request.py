"""What CreateTrainingJob is sent, without name, instance type and tags. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mlplatform.resources.aws.settings import AwsSettings

# a container's output waits in a buffer otherwise, and comes into the log when it is over
ENVIRONMENT = {"PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Channels:
    """URIs of what a training reads: folders end with a slash, `training` is a manifest of snapshots."""

    training: str
    set: str
    code: str


def training_members(
    settings: AwsSettings, channels: Channels, hyperparameters: Mapping[str, Any], checkpoints: str
) -> dict[str, Any]:
    """The request's members. `checkpoints`: URI of the folder that spot interruptions leave alone."""
    runtime = int(settings.number("MLPLATFORM_MAX_RUNTIME"))
    members: dict[str, Any] = {
        "AlgorithmSpecification": {
            "TrainingImage": settings["MLPLATFORM_IMAGE"],
            "TrainingInputMode": "File",
        },
        "RoleArn": settings["MLPLATFORM_EXECUTION_ROLE"],
        "HyperParameters": {name: json.dumps(value) for name, value in sorted(hyperparameters.items())},
        "Environment": ENVIRONMENT,
        "InputDataConfig": [
            _channel("training", "ManifestFile", channels.training),
            _channel("set", "S3Prefix", channels.set),
            _channel("code", "S3Prefix", channels.code),
        ],
        "OutputDataConfig": {"S3OutputPath": settings.uri("jobs"), **_key(settings, "KmsKeyId")},
        "ResourceConfig": {
            "InstanceCount": 1,
            "VolumeSizeInGB": int(settings.number("MLPLATFORM_VOLUME_GB")),
            **_key(settings, "VolumeKmsKeyId"),
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": runtime},
        **network(settings),
    }
    if settings.is_on("MLPLATFORM_SPOT"):
        wait = settings["MLPLATFORM_MAX_WAIT"]
        members["EnableManagedSpotTraining"] = True
        members["StoppingCondition"]["MaxWaitTimeInSeconds"] = int(wait) if wait else 2 * runtime
        members["CheckpointConfig"] = {"S3Uri": checkpoints}
    return members


def snapshot_manifest(prefix: str, paths: Iterable[str]) -> bytes:
    """A ManifestFile: the objects `prefix + path`, which a channel holds as `path`. Nothing is copied."""
    return json.dumps([{"prefix": prefix}, *dict.fromkeys(paths)]).encode()


def network(settings: AwsSettings) -> dict[str, Any]:
    """The members that put a job into the VPC, where there is one."""
    subnets = settings.several("MLPLATFORM_SUBNETS")
    if not subnets:
        return {}
    groups = settings.several("MLPLATFORM_SECURITY_GROUPS")
    return {"VpcConfig": {"Subnets": list(subnets), "SecurityGroupIds": list(groups)}}


def _channel(name: str, kind: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": kind, "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def _key(settings: AwsSettings, member: str) -> dict[str, str]:
    key = settings["MLPLATFORM_KMS_KEY"]
    return {member: key} if key else {}
