"""Which resources an environment uses. `MLPLATFORM_ENV` chooses; `local` needs no network and no account."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.captured import CapturedTraffic
from mlplatform.resources.endpoints.local import LocalEndpoints
from mlplatform.resources.home import chosen, home_folder
from mlplatform.resources.landed_files import LandedFiles
from mlplatform.resources.landing_folder import LandingFolder
from mlplatform.resources.processing.local import LocalProcessing
from mlplatform.resources.registry.local import LocalRegistry
from mlplatform.resources.single_flight.local import LocalSingleFlight
from mlplatform.resources.snapshots import Snapshots
from mlplatform.resources.training.local import LocalTraining


def local(home: Path) -> dict[str, Any]:
    """Everything in one folder and in the run's own process."""
    return {
        "snapshots": Snapshots(root=str(home / "snapshots")),
        "landed_files": LandedFiles(root=str(home / "landed")),
        "landing_folder": LandingFolder(root=os.environ.get("MLPLATFORM_LANDING") or str(home / "landing")),
        "captured_traffic": CapturedTraffic(root=str(home / "captured")),
        "single_flight": LocalSingleFlight(folder=str(home / "locks")),
        "training": LocalTraining(),
        "processing": LocalProcessing(),
        "registry": LocalRegistry(),
        "endpoints": LocalEndpoints(root=str(home / "endpoints"), snapshots=str(home / "snapshots")),
    }


def aws(home: Path) -> dict[str, Any]:
    """Everything in S3, on SageMaker and in PostgreSQL; WrongUsage for what is not set."""
    from mlplatform.resources.aws.environment import aws_resources  # only there, boto3 is ever imported

    return aws_resources(home)


ENVIRONMENTS: Mapping[str, Callable[[Path], dict[str, Any]]] = {"local": local, "aws": aws}


def resources() -> dict[str, Any]:
    """The resources of the chosen environment, by the names that assets ask for."""
    name = chosen()
    if name not in ENVIRONMENTS:
        raise WrongUsage(f"MLPLATFORM_ENV={name!r} is no environment. Choose: {', '.join(ENVIRONMENTS)}.")
    return ENVIRONMENTS[name](home_folder())
