"""What CreateProcessingJob is sent, without name, instance type and tags. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplatform.resources.aws.settings import AwsSettings
from mlplatform.resources.training.sagemaker_request import ENVIRONMENT, network

_INPUTS, _OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"


def processing_members(settings: AwsSettings, inputs: Mapping[str, str], output: str) -> dict[str, Any]:
    """The request's members. `inputs`: URI by name (a folder ends with a slash), `output`: URI of a folder.

    The container finds each input in `processing/input/<name>/`.
    """
    vpc = network(settings)
    key = settings["MLPLATFORM_KMS_KEY"]
    return {
        "AppSpecification": {
            "ImageUri": settings["MLPLATFORM_IMAGE"],
            "ContainerEntrypoint": ["python", "-m", "mlplatform.container"],
            "ContainerArguments": ["process"],
        },
        "RoleArn": settings["MLPLATFORM_EXECUTION_ROLE"],
        "Environment": ENVIRONMENT,
        "ProcessingInputs": [_input(name, uri) for name, uri in inputs.items()],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "made",
                    "S3Output": {"S3Uri": output, "LocalPath": _OUTPUT, "S3UploadMode": "EndOfJob"},
                }
            ],
            **({"KmsKeyId": key} if key else {}),
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "VolumeSizeInGB": int(settings.number("MLPLATFORM_VOLUME_GB")),
                **({"VolumeKmsKeyId": key} if key else {}),
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": int(settings.number("MLPLATFORM_MAX_RUNTIME"))},
        **({"NetworkConfig": vpc} if vpc else {}),
    }


def _input(name: str, uri: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{_INPUTS}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        },
    }
