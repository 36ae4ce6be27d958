"""A landed batch of generated data to try the assets with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from mlplatform.definitions import defs, use_cases
from mlplatform.lineage.records import latest
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.steps import ASSETS

Land = Callable[..., pd.DataFrame]
Materialize = Callable[..., dg.ExecuteInProcessResult]
UPDATE = ASSETS


@pytest.fixture
def job_change() -> Declaration:
    """The shipped declaration."""
    return use_cases(defs())["job_change"]


@pytest.fixture
def land(
    tmp_path: Path, instance: dg.DagsterInstance, local_resources: dict[str, Any], job_change: Declaration
) -> Land:
    """Land `rows` generated rows as a batch, or a frame of one's own, and return what was landed."""

    def landing(
        batch: str, rows: int = 600, seed: int = 1, frame: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        landed = frame if frame is not None else job_change.sample(rows, seed, False)  # type: ignore[misc]
        file = tmp_path / f"{batch}.csv"
        landed.to_csv(file, index=False)
        local_resources["landed_files"].land(instance, job_change.name, file, batch)
        return landed

    return landing


@pytest.fixture
def materialize(
    instance: dg.DagsterInstance, local_resources: dict[str, Any], job_change: Declaration
) -> Materialize:
    """Materialize some assets of job_change, as a click in the UI would; `config` is for the first."""
    from mlplatform.assets import graph

    def run(
        *assets: str,
        batch: str | None = None,
        config: dict[str, Any] | None = None,
        declaration: Declaration = job_change,
        **replaced: Any,
    ) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            graph.assets(declaration),
            selection=[dg.AssetKey([declaration.name, asset]) for asset in assets],
            partition_key=batch,
            instance=instance,
            resources={**local_resources, **replaced},
            raise_on_error=False,
            run_config={"ops": {f"{declaration.name}__{assets[0]}": {"config": config}}} if config else None,
        )

    return run


@pytest.fixture
def judged(materialize: Materialize, land: Land, instance: dg.DagsterInstance) -> str:
    """The version of a model that was just promoted."""
    land("monday", rows=1500)
    assert materialize(*UPDATE, batch="monday").success
    evaluation = latest(instance, "job_change", "evaluation")
    assert evaluation and evaluation.details["verdict"] == "PROMOTE"
    return str(evaluation.details["model_version"])


@pytest.fixture
def approve(materialize: Materialize) -> Materialize:
    """Say something about a version, as in the launchpad of the approve job."""

    def statement(version: str, by: str = "anna", decision: str = "approve", **more: Any) -> Any:
        said = {"approver": by, "reason": "seen", "model_version": version, "decision": decision}
        return materialize("approval", config=said, **more)

    return statement
