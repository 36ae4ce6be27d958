"""A home with a trained model whose traffic is monitored: captured rows, ticks, and runs as the daemon's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from mlplatform.definitions import defs, use_cases
from mlplatform.lineage.records import Record, latest
from mlplatform.lineage.signals import SIGNAL_TAG
from mlplatform.ml.declaration import Declaration
from mlplatform.resources.captured import CapturedTraffic
from mlplatform.resources.single_flight.local import LocalSingleFlight
from mlplatform_tests import traffic

USE_CASE, ENDPOINT = "job_change", "job-change"
SENSOR = "job_change_retraining"


def drifted(rows: pd.DataFrame) -> pd.DataFrame:
    """Three times the hours, and everybody from a poor city."""
    hours = rows["training_hours"].astype(int) * 3
    return rows.assign(training_hours=hours.clip(upper=1008), city_development_index=0.45)


@dataclass
class Monitored:
    """What tests do with such a home; `MLPLATFORM_HOME` names it."""

    home: Path
    instance: dg.DagsterInstance
    definitions: dg.Definitions = field(default_factory=defs)

    @property
    def declaration(self) -> Declaration:
        return use_cases(self.definitions)[USE_CASE]

    @property
    def captured_traffic(self) -> CapturedTraffic:
        return CapturedTraffic(root=str(self.home / "captured"))

    @property
    def locks(self) -> LocalSingleFlight:
        return LocalSingleFlight(folder=str(self.home / "locks"))

    @property
    def model(self) -> Record:
        record = latest(self.instance, USE_CASE, "model")
        assert record is not None
        return record

    @property
    def model_folder(self) -> Path:
        return self.home / "snapshots" / str(self.model.path)

    def rows(self, count: int = 600, seed: int = 77) -> pd.DataFrame:
        assert self.declaration.sample is not None
        return self.declaration.sample(count, seed, False)  # type: ignore[no-any-return]

    def capture(self, rows: pd.DataFrame, hours: int = 0, server: str = "one") -> str:
        """Have the model answer these rows, some hours after the first; the window that they are in."""
        at: datetime = traffic.HOUR + timedelta(hours=hours)
        traffic.capture(self.home / "captured", ENDPOINT, self.model_folder, rows, at=at, server=server)
        return f"{at:%Y-%m-%dT%H}_{self.model.details['version']}"

    def tick(self) -> Any:
        """One evaluation of the sensor."""
        with (
            dg.build_sensor_context(
                instance=self.instance,
                definitions=self.definitions,
                resources=dict(self.definitions.resources or {}),
                sensor_name=SENSOR,
            ) as context,
            dg.partition_loading_context(dynamic_partitions_store=self.instance),
        ):
            return self.definitions.resolve_sensor_def(SENSOR).evaluate_tick(context)

    def launch(self, requests: Sequence[dg.RunRequest]) -> list[dg.ExecuteInProcessResult]:
        """Run what was asked for, once per run key, as the daemon does."""
        return [
            self.run(request)
            for request in requests
            if not self.instance.get_runs(dg.RunsFilter(tags={"dagster/run_key": str(request.run_key)}))
        ]

    def run(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        selection: Any = request.asset_selection
        return self.definitions.resolve_job_def(str(request.job_name)).execute_in_process(
            instance=self.instance,
            partition_key=request.partition_key,
            asset_selection=list(selection) if selection else None,
            tags={**request.tags, "dagster/run_key": str(request.run_key)},
            raise_on_error=False,
        )

    def retrainings(self, signal: str) -> list[dg.DagsterRun]:
        return list(self.instance.get_runs(dg.RunsFilter(tags={SIGNAL_TAG: signal})))
