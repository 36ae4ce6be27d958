"""Training in the run's own process, through the same folders as in a container."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg

from mlplatform.container.code import write_code
from mlplatform.container.layout import Layout
from mlplatform.container.train import SET_MANIFEST, train
from mlplatform.resources.training import TrainedModel, TrainingRequest


class LocalTraining(dg.ConfigurableResource[Any]):
    """Lays out `input/` as the training service would, with links instead of copies, and fits."""

    def train(self, request: TrainingRequest, scratch: Path) -> TrainedModel:
        """Fit below `scratch`."""
        layout = Layout(scratch)
        layout.make()
        text = {name: json.dumps(value) for name, value in request.hyperparameters.items()}
        layout.hyperparameters.write_text(json.dumps(text), encoding="utf-8")
        write_code(layout.channel("code"), request.code, request.declared)
        self._link_snapshots(request, layout.channel("training"))
        manifest = train(layout)
        metrics = json.loads((layout.model / "metrics.json").read_text(encoding="utf-8"))
        return TrainedModel(layout.model, manifest, metrics)

    def _link_snapshots(self, request: TrainingRequest, channel: Path) -> None:
        channel.mkdir(parents=True, exist_ok=True)
        manifest = json.dumps(request.training_set.to_json())
        (channel / SET_MANIFEST).write_text(manifest, encoding="utf-8")
        for part in request.training_set.parts:
            link = channel / part.path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(request.snapshots.place(part.path).absolute())
