"""Where models are trained. One small protocol, one module per place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mlplatform.container.code import Declared
from mlplatform.ml.manifests import SetManifest
from mlplatform.resources.snapshots import Snapshots


@dataclass(frozen=True)
class TrainingRequest:
    """Everything a fit depends on. `snapshots` is the store that has what the manifest names, `run_id` the
    Dagster run that asks."""

    training_set: SetManifest
    snapshots: Snapshots
    code: Mapping[str, bytes]
    declared: Declared
    hyperparameters: Mapping[str, Any]
    run_id: str = ""


@dataclass(frozen=True)
class TrainedModel:
    """A finished model folder in a scratch place, and the manifest in it.

    `job` describes the job it was trained in, if it was: kind, name, arn, seconds, billable_seconds, cost.
    """

    folder: Path
    manifest: Mapping[str, Any]
    metrics: Mapping[str, Any]
    job: Mapping[str, Any] = field(default_factory=dict)


class Training(Protocol):
    """Trains a request; raises the container's own error when the fit fails."""

    def train(self, request: TrainingRequest, scratch: Path) -> TrainedModel:
        """Fit, leaving everything below `scratch`, a folder that the caller removes."""
        ...
