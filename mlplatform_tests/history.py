"""A home through which several models went: approved, live, rejected, champion, replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlplatform.assets import graph
from mlplatform.definitions import defs, use_cases
from mlplatform.lineage.proof import Finding, prove
from mlplatform.lineage.records import Record, latest
from mlplatform.lineage.walk import walk
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.gate import Gate
from mlplatform.ml.steps import ASSETS
from mlplatform.resources.environment import local
from mlplatform.resources.home import open_instance

NAME = "job_change"


@cache
def shipped() -> Declaration:
    """The declaration as it ships."""
    return use_cases(defs())[NAME]


def lenient(**hyperparameters: int) -> Declaration:
    """The same with a gate that promotes whatever is not worse."""
    gate = Gate(metric="roc_auc", minimum=0.5, margin=0.5)
    return shipped().model_copy(update={"gate": gate, "hyperparameters": hyperparameters})


@dataclass
class History:
    """What happens in a home, as clicks in the UI would do it."""

    home: Path
    instance: dg.DagsterInstance
    declaration: Declaration = field(default_factory=shipped)
    environment: Callable[[Path], dict[str, Any]] = local

    @property
    def resources(self) -> dict[str, Any]:
        return self.environment(self.home)

    def land(self, batch: str, seed: int, rows: int = 1000) -> None:
        file = self.home.parent / f"{batch}.csv"
        self.declaration.sample(rows, seed, False).to_csv(file, index=False)  # type: ignore[misc]
        self.resources["landed_files"].land(self.instance, NAME, file, batch)

    def materialize(
        self, *assets: str, batch: str | None = None, config: Mapping[str, Any] | None = None
    ) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            graph.assets(self.declaration),
            selection=[dg.AssetKey([NAME, asset]) for asset in assets],
            partition_key=batch,
            instance=self.instance,
            resources=self.resources,
            raise_on_error=False,
            run_config={"ops": {f"{NAME}__{assets[0]}": {"config": config}}} if config else None,
        )

    def update(self, batch: str) -> str:
        """Bring a batch and all that follows up to date; the version of the model."""
        assert self.materialize(*ASSETS, batch=batch).success
        return str(self.latest("model").details["version"])

    def say(self, version: str, decision: str = "approve", by: str = "anna") -> None:
        said = {"approver": by, "reason": "seen", "model_version": version, "decision": decision}
        assert self.materialize("approval", config=said).success

    def deploy(self, version: str) -> None:
        assert self.materialize("endpoint", config={"model_version": version}).success

    def tick(self, sensor: str) -> Any:
        """One evaluation of a sensor, with the resources of the chosen environment."""
        definitions = defs()
        with dg.build_sensor_context(
            instance=self.instance,
            definitions=definitions,
            resources=dict(definitions.resources or {}),
            sensor_name=sensor,
        ) as context:
            return definitions.resolve_sensor_def(sensor).evaluate_tick(context)

    def latest(self, asset: str) -> Record:
        record = latest(self.instance, NAME, asset)
        assert record is not None
        return record

    def prove(self, *records: Record) -> list[Finding]:
        """The findings on the way from these records to the landed files."""
        stores = self.resources
        walked = walk(self.instance, NAME, *records)
        return prove(walked, stores["snapshots"], stores["landed_files"])


@contextmanager
def history_in(home: Path) -> Iterator[History]:
    """A home to work with, made where absent, named by MLPLATFORM_HOME while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLPLATFORM_HOME", "DAGSTER_HOME"):
            patch.setenv(name, str(home))
        patch.delenv("MLPLATFORM_ENV", raising=False)
        with open_instance() as instance:
            yield History(home, instance)


def several_models(home: Path) -> dict[str, str]:
    """Five models in a home; their versions by what became of them.

    `back`: live before. `live`. `rejected`: promoted, then rejected; one of its batches has landed again.
    `champion`: promoted, not approved. `latest`: by the declaration as it ships, after one more batch landed
    again.
    """
    with history_in(home) as history:
        became = {}
        for batch, leaves, what in (
            ("monday", 2, "back"),
            ("tuesday", 4, "live"),
            ("wednesday", 12, "rejected"),
        ):
            # one tree of few leaves is weak, so that each of these is better than the one before
            history.declaration = lenient(max_iter=1, min_samples_leaf=20, max_leaf_nodes=leaves)
            history.land(batch, seed=leaves)
            became[what] = history.update(batch)
            history.say(became[what])
            if what != "rejected":
                history.deploy(became[what])
        history.say(became["rejected"], decision="reject", by="ben")
        history.declaration = lenient()
        history.land("wednesday", seed=7)
        became["champion"] = history.update("wednesday")
        assert history.latest("evaluation").details["verdict"] == "PROMOTE"
        history.declaration = shipped()
        history.land("tuesday", seed=8)
        became["latest"] = history.update("tuesday")
        assert len(set(became.values())) == 5
        return became
