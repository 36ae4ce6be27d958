"""Talent and skilling: will a trainee look for a new job?"""

from __future__ import annotations

import dagster as dg

from mlplatform.ml.gate import Gate
from mlplatform.ml.splits import EntitySplit
from mlplatform.use_case import UseCase

from .contracts import EnrolleeFeatures, RawEnrollee
from .estimator import build_estimator
from .features import build_features
from .sample import generate


@dg.component_instance
def job_change(context: dg.ComponentLoadContext) -> UseCase:
    """The declaration: everything else follows from it."""
    return UseCase(
        name="job_change",
        description=(
            "Will a person who signed up for a data science training look for a new job? "
            "Helps to plan courses and to talk to people before they leave."
        ),
        raw=RawEnrollee,
        features=EnrolleeFeatures,
        build_features=build_features,
        estimator=build_estimator,
        entity="enrollee_id",
        target="target",
        task="binary_classification",
        split=EntitySplit(validation_share=0.2),
        gate=Gate(metric="roc_auc", minimum=0.70, slices=("gender",)),
        owners=("team:talent",),
        intended_use="Ranking enrolled people by their wish to change, for course planning by HR staff.",
        limits=(
            "Not for decisions about a single person, and not for people outside these trainings. "
            "Gender is missing for almost a quarter of the people, so slices by gender are coarse."
        ),
        sample=generate,
    )
