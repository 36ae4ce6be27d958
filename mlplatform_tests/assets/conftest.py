"""A landed batch of generated data to try the assets with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from mlplatform.definitions import defs, use_cases
from mlplatform.ml.declaration import Declaration

Land = Callable[..., pd.DataFrame]


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
) -> Callable[..., dg.ExecuteInProcessResult]:
    """Materialize some assets of job_change, as a click in the UI would."""
    from mlplatform.assets import graph

    def run(*assets: str, batch: str | None = None, **replaced: Any) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            graph.assets(job_change),
            selection=[dg.AssetKey([job_change.name, asset]) for asset in assets],
            partition_key=batch,
            instance=instance,
            resources={**local_resources, **replaced},
            raise_on_error=False,
        )

    return run
