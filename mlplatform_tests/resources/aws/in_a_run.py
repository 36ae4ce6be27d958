"""`python -m mlplatform_tests.resources.aws.in_a_run FOLDER`: a Dagster run that trains in a job.

The batch is landed and made ready in FOLDER; then the model is materialized, as a click in the UI would. What
became of the run is printed as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg

from mlplatform.definitions import defs, use_cases
from mlplatform.lineage.records import latest_of
from mlplatform.resources.aws.snapshots import S3Snapshots
from mlplatform.resources.environment import local
from mlplatform.resources.processing.sagemaker import SageMakerProcessing
from mlplatform.resources.training.sagemaker import SageMakerTraining
from mlplatform_tests.assets.conftest import land_rows, materialize_assets

DEAD = "00000000-0000-4000-8000-000000000000"
"""A run that the instance knows to have failed."""
READY = ("raw", "validated", "quarantine", "features", "training_set", "validation_set")


def running(folder: Path) -> subprocess.Popen[str]:
    """The run, as a process."""
    environment = {name: value for name, value in os.environ.items() if name != "MLPLATFORM_ENV"}
    command = [sys.executable, "-m", __name__, str(folder)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def main(folder: Path) -> None:
    job_change = use_cases(defs())["job_change"]
    resources = {
        **local(folder),
        "snapshots": S3Snapshots(root=str(folder / "snapshots")),
        "training": SageMakerTraining(),
        "processing": SageMakerProcessing(),
    }
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(dg.DagsterRun("some_job", run_id=DEAD, status=dg.DagsterRunStatus.FAILURE))
        land_rows(instance, resources, folder / "monday.csv", job_change)
        assert materialize_assets(instance, resources, job_change, *READY, batch="monday").success
        made = materialize_assets(instance, resources, job_change, "model")
        details = {
            asset: [dict(record.details) for record in latest_of(instance, "job_change", asset)]
            for asset in ("features", "model")
        }
        failed = [event.message for event in made.all_events if event.is_step_failure]
        sys.stdout.write(json.dumps({"success": made.success, "details": details, "failed": failed}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
