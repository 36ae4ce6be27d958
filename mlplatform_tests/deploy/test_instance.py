"""The instances of the aws environment load, with a real PostgreSQL behind them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef

from mlplatform.resources.home import open_instance, prepare_home
from mlplatform_tests.conftest import REPOSITORY
from mlplatform_tests.sagemaker_emulator.server import BUCKET, Emulator


@dg.op
def says() -> None:
    print("this was printed by a step")  # noqa: T201


@dg.job(executor_def=dg.in_process_executor)
def saying() -> None:
    says()


def test_a_home_of_the_aws_environment_keeps_its_records_in_postgresql(
    home: Path, aws_environment: Emulator, postgres: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLPLATFORM_ENV", "aws")
    monkeypatch.delenv("DAGSTER_PG_PORT")
    prepare_home()
    monkeypatch.setenv("DAGSTER_PG_PORT", str(postgres))
    with open_instance() as instance:
        assert saying.execute_in_process(instance=instance).success
        assert "Postgres" in type(instance.event_log_storage).__name__
        assert len(instance.get_runs()) == 1
    assert not (home / "history" / "runs").exists()


def test_the_deployments_instance_loads_its_launcher_and_keeps_logs_in_s3(
    tmp_path: Path, aws_environment: Emulator, postgres: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_PG_PORT", str(postgres))
    monkeypatch.setenv("MLPLATFORM_RUN_TASK", "mlplatform-run")
    shutil.copy(REPOSITORY / "deploy" / "dagster.yaml", tmp_path)
    task: dict[str, Any] = json.loads((REPOSITORY / "deploy" / "ecs" / "run.json").read_text())
    aws_environment.client("ecs").register_task_definition(**task)
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path))) as instance:
        launcher: Any = instance.run_launcher
        assert type(launcher).__name__ == "EcsRunLauncher"
        assert launcher.task_definition.endswith("task-definition/mlplatform-run:1")
        assert launcher.supports_check_run_worker_health
        assert saying.execute_in_process(instance=instance).success
    found = aws_environment.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="mlplatform/compute-logs/")
    outs = [one["Key"] for one in found["Contents"] if one["Key"].endswith(".out")]
    bodies = [aws_environment.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in outs]
    assert any(b"this was printed by a step" in body for body in bodies)
