"""Features and scores in the run's own process."""

from __future__ import annotations

from typing import Any

import dagster as dg

from mlplatform.container.process import features_of_batch, scores_of_rows
from mlplatform.container.scoring import Model
from mlplatform.resources.processing import Features, FeaturesRequest, Scores, ScoresRequest


class LocalProcessing(dg.ConfigurableResource[Any]):
    """Calls the functions that a processing job calls."""

    def features(self, request: FeaturesRequest) -> Features:
        """By the working tree's code."""
        declaration = request.declaration
        made = features_of_batch(
            request.snapshots.read_frame(request.validated),
            declaration.build_features,
            declaration.features,
            beside=declaration.carried,
            unseen=declaration.unseen,
        )
        return Features(made)

    def scores(self, request: ScoresRequest) -> Scores:
        """By the model's own code."""
        model = Model(request.snapshots.place(request.model))
        return Scores(scores_of_rows(model, request.rows))
