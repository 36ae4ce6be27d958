"""The `sagemaker` package, as it is, against the emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mlplatform_tests.sagemaker_emulator.asked import packed
from mlplatform_tests.sagemaker_emulator.processes import REPOSITORY
from mlplatform_tests.sagemaker_emulator.server import BUCKET, ROLE

# the package tells its makers about each call unless a file says otherwise
_QUIET = """
SchemaVersion: '1.0'
SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}
"""


def test_model_trainer_trains_waits_and_shows_the_log(emulator: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (tmp_path / "quiet.yaml").write_text(_QUIET)
    done = subprocess.run(
        [sys.executable, "-m", f"{__package__}.other_peoples_training", BUCKET, ROLE, str(source)],
        env={
            **os.environ,
            **emulator.environment(),
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(tmp_path / "quiet.yaml"),
            "COLUMNS": "200",
        },
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    became = json.loads(done.stdout.rpartition("became ")[2])
    assert (became["status"], became["phase"], became["loss"]) == ("Completed", "Completed", 0.25)
    assert packed(emulator.client("s3"), became["model"]) == {"model.txt": "A,B"}
    assert "lr=0.5 loss=0.25;" in done.stdout + done.stderr
