"""The `sagemaker` package, as it is, against the emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mlplatform_tests.sagemaker_emulator.asked import packed
from mlplatform_tests.sagemaker_emulator.hosted import IMAGE, Hosted
from mlplatform_tests.sagemaker_emulator.processes import REPOSITORY
from mlplatform_tests.sagemaker_emulator.server import BUCKET, ROLE

# the package tells its makers about each call unless a file says otherwise
_QUIET = """
SchemaVersion: '1.0'
SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}
"""


def run(emulator: Any, folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A program that uses the package, once it has ended well."""
    (folder / "quiet.yaml").write_text(_QUIET)
    done = subprocess.run(
        [sys.executable, "-m", f"{__package__}.{program}", *arguments],
        env={
            **os.environ,
            **emulator.environment(),
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(folder / "quiet.yaml"),
            "COLUMNS": "200",
        },
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def test_model_trainer_trains_waits_and_shows_the_log(emulator: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    done = run(emulator, tmp_path, "other_peoples_training", BUCKET, ROLE, str(source))
    became = json.loads(done.stdout.rpartition("became ")[2])
    assert (became["status"], became["phase"], became["loss"]) == ("Completed", "Completed", 0.25)
    assert packed(emulator.client("s3"), became["model"]) == {"model.txt": "A,B"}
    assert "lr=0.5 loss=0.25;" in done.stdout + done.stderr


def test_its_resources_host_a_model_and_its_lineage_finds_it(emulator: Any, tmp_path: Path) -> None:
    Hosted(emulator).model("one")
    url = f"s3://{BUCKET}/models/one/model.tar.gz"
    done = run(emulator, tmp_path, "other_peoples_hosting", ROLE, IMAGE, url, BUCKET)
    became = json.loads(done.stdout.rpartition("became ")[2])
    assert (became["said"], became["left"], became["deployments"]) == ("one", [], ["ModelDeployment"])
    assert {"Endpoint", "ModelDeployment", "Image"} <= set(became["reached"])
