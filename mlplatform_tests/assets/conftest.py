"""A landed batch of generated data to try the assets with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from mlplatform.definitions import defs, use_cases
from mlplatform.lineage.records import latest
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.steps import ASSETS
from mlplatform.resources.environment import local

Land = Callable[..., pd.DataFrame]
Materialize = Callable[..., dg.ExecuteInProcessResult]
FirstModel = tuple[Path, dg.DagsterInstance, str]
UPDATE = ASSETS


def land_rows(
    instance: dg.DagsterInstance, resources: dict[str, Any], file: Path, declaration: Declaration,
    rows: int = 600, seed: int = 1, frame: pd.DataFrame | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Land generated rows, or a frame, as the batch that the file is named after."""
    landed = frame if frame is not None else declaration.sample(rows, seed, False)  # type: ignore[misc]
    landed.to_csv(file, index=False)
    resources["landed_files"].land(instance, declaration.name, file, file.stem)
    return landed


def materialize_assets(
    instance: dg.DagsterInstance, resources: dict[str, Any], declaration: Declaration, *assets: str,
    batch: str | None = None, config: dict[str, Any] | None = None,
) -> dg.ExecuteInProcessResult:  # fmt: skip
    """Materialize some assets, as a click in the UI would; `config` is for the first."""
    from mlplatform.assets import graph

    return dg.materialize(
        graph.assets(declaration),
        selection=[dg.AssetKey([declaration.name, asset]) for asset in assets],
        partition_key=batch,
        instance=instance,
        resources=resources,
        raise_on_error=False,
        run_config={"ops": {f"{declaration.name}__{assets[0]}": {"config": config}}} if config else None,
    )


@pytest.fixture(scope="session")
def job_change() -> Declaration:
    """The shipped declaration."""
    return use_cases(defs())["job_change"]


@pytest.fixture
def land(
    tmp_path: Path, instance: dg.DagsterInstance, local_resources: dict[str, Any], job_change: Declaration
) -> Land:
    """Land `rows` generated rows as a batch, or a frame of one's own, and return what was landed."""

    def landing(batch: str, **which: Any) -> pd.DataFrame:
        return land_rows(instance, local_resources, tmp_path / f"{batch}.csv", job_change, **which)

    return landing


@pytest.fixture
def materialize(
    instance: dg.DagsterInstance, local_resources: dict[str, Any], job_change: Declaration
) -> Materialize:
    """Materialize some assets of job_change; other keywords than those below replace resources."""

    def run(
        *assets: str,
        batch: str | None = None,
        config: dict[str, Any] | None = None,
        declaration: Declaration = job_change,
        **replaced: Any,
    ) -> dg.ExecuteInProcessResult:
        resources = {**local_resources, **replaced}
        return materialize_assets(instance, resources, declaration, *assets, batch=batch, config=config)

    return run


@pytest.fixture(scope="session")
def first_model(job_change: Declaration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstModel]:
    """A model that was promoted, in a folder and an instance of its own. Copy it, do not change it."""
    folder = tmp_path_factory.mktemp("first_model")
    with dg.DagsterInstance.ephemeral() as instance:
        resources = local(folder)
        land_rows(instance, resources, folder / "monday.csv", job_change, rows=1500)
        assert materialize_assets(instance, resources, job_change, *UPDATE, batch="monday").success
        evaluation = latest(instance, "job_change", "evaluation")
        assert evaluation and evaluation.details["verdict"] == "PROMOTE"
        yield folder, instance, str(evaluation.details["model_version"])


@pytest.fixture
def judged(first_model: FirstModel, instance: dg.DagsterInstance, tmp_path: Path) -> str:
    """The version of a model that was just promoted: in the test's own folder, on its own instance."""
    folder, made, version = first_model
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    copy_records(made, instance)
    return version


def copy_records(made: dg.DagsterInstance, empty: dg.DagsterInstance) -> None:
    """What an instance in memory has recorded, into one that was just opened."""
    for kind in ("run_storage", "event_log_storage"):
        of_made, of_empty = getattr(made, kind), getattr(empty, kind)
        with of_made._held_conn.begin(), of_empty._held_conn.begin():
            copied = of_empty._held_conn.connection.dbapi_connection
            of_made._held_conn.connection.dbapi_connection.backup(copied)
    assert {run.run_id for run in empty.get_runs()} == {run.run_id for run in made.get_runs()}


@pytest.fixture
def approve(materialize: Materialize) -> Materialize:
    """Say something about a version, as in the launchpad of the approve job."""

    def statement(version: str, by: str = "anna", decision: str = "approve", **more: Any) -> Any:
        said = {"approver": by, "reason": "seen", "model_version": version, "decision": decision}
        return materialize("approval", config=said, **more)

    return statement
