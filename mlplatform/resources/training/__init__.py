"""Where models are trained. One small protocol, one module per place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlplatform.container.code import Declared
from mlplatform.ml.manifests import SetManifest


@dataclass(frozen=True)
class TrainingRequest:
    """Everything a fit depends on. `snapshots` is the root below which the manifest's paths lie."""

    training_set: SetManifest
    snapshots: Path
    code: Mapping[str, bytes]
    declared: Declared
    hyperparameters: Mapping[str, Any]


@dataclass(frozen=True)
class TrainedModel:
    """A finished model folder in a scratch place, and the manifest in it."""

    folder: Path
    manifest: Mapping[str, Any]
    metrics: Mapping[str, Any]


class Training(Protocol):
    """Trains a request; raises the container's own error when the fit fails."""

    def train(self, request: TrainingRequest, scratch: Path) -> TrainedModel:
        """Fit, leaving everything below `scratch`, a folder that the caller removes."""
        ...
