"""The resources of the aws environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlplatform.resources.aws.captured import S3CapturedTraffic
from mlplatform.resources.aws.landed_files import S3LandedFiles
from mlplatform.resources.aws.landing_folder import S3LandingFolder
from mlplatform.resources.aws.settings import aws_settings
from mlplatform.resources.aws.snapshots import S3Snapshots
from mlplatform.resources.endpoints.sagemaker import SageMakerEndpoints
from mlplatform.resources.processing.local import LocalProcessing
from mlplatform.resources.processing.sagemaker import SageMakerProcessing
from mlplatform.resources.registry.sagemaker import SageMakerRegistry
from mlplatform.resources.single_flight.postgres import PostgresSingleFlight
from mlplatform.resources.training.sagemaker import SageMakerTraining


def aws_resources(home: Path) -> dict[str, Any]:
    """By the names that assets ask for; `home` holds exact copies of what is in S3, and may be lost.

    WrongUsage with a line for each setting that is missing or wrong. Nothing is asked of AWS.
    """
    settings = aws_settings()
    in_jobs = settings["MLPLATFORM_PROCESSING"] == "sagemaker"
    return {
        "snapshots": S3Snapshots(root=str(home / "snapshots")),
        "landed_files": S3LandedFiles(root=str(home / "landed")),
        "landing_folder": S3LandingFolder(root=str(home / "landing")),
        "captured_traffic": S3CapturedTraffic(root=str(home / "captured")),
        "single_flight": PostgresSingleFlight(),
        "training": SageMakerTraining(),
        "processing": SageMakerProcessing() if in_jobs else LocalProcessing(),
        "registry": SageMakerRegistry(snapshots=str(home / "snapshots")),
        "endpoints": SageMakerEndpoints(snapshots=str(home / "snapshots")),
    }
