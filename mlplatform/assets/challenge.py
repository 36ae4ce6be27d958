"""A challenger against the champion, if there is one, on the same frozen rows."""

from functools import cached_property
from typing import TYPE_CHECKING

from mlplatform.assets.hold_out import HoldOut
from mlplatform.container.scoring import Model
from mlplatform.ml import plots
from mlplatform.ml.baseline import PREDICTION, Baseline, baseline_of
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.gate import Naive, judge
from mlplatform.ml.importance import permutation_importance
from mlplatform.ml.metrics import metric
from mlplatform.ml.targets import Target, all_classes
from mlplatform.ml.verdict import Verdict

if TYPE_CHECKING:
    import numpy as np

CHALLENGER, CHAMPION = "challenger", "champion"


class Challenge:
    """What both models say about the rows, and what follows from it."""

    def __init__(self, hold_out: HoldOut, rival: Model | None) -> None:
        self.hold_out, self.rival = hold_out, rival
        self.declaration, self.challenger = hold_out.declaration, hold_out.challenger
        if rival:
            self._refuse_incomparable(rival)
            hold_out.leave_out_what_it_trained_on(rival)
        self.y = self.target.numbers(hold_out.labels)

    def _refuse_incomparable(self, rival: Model) -> None:
        task, other = self.declaration.task, rival.code.declared.task
        version = rival.manifest["version"]
        way_out = (
            f"To judge the new model as a first one: mlplatform reject {self.declaration.name} {version}."
        )
        if other != task:
            raise WrongUsage(
                f"{self.declaration.name}: the champion {version} does {other}, the challenger {task}: "
                f"their predictions cannot be compared. {way_out}"
            )
        if task == "binary_classification" and self.challenger.positive not in rival.classes:
            known = ", ".join(map(repr, rival.classes))
            raise WrongUsage(
                f"{self.declaration.name}: the champion {version} knows the classes {known}, and not the "
                f"positive class {self.challenger.positive!r} of the challenger. {way_out}"
            )

    @cached_property
    def target(self) -> Target:
        """How labels and predictions become numbers, the same for both models."""
        task = self.declaration.task
        if task == "binary_classification":
            return Target(task, positive=self.challenger.positive)
        if task == "regression":
            return Target(task)
        of_rival = self.rival.classes if self.rival else ()
        return Target(
            task, classes=all_classes(self.challenger.classes, of_rival, self.hold_out.labels.tolist())
        )

    @cached_property
    def answers(self) -> "dict[str, np.ndarray]":
        """Each model's predictions as it answers them, shape (n,), by CHALLENGER and CHAMPION."""
        found = {CHALLENGER: self.challenger.predict(self.hold_out.rows, self.target.positive)}
        if self.rival:
            features = self.hold_out.features_for(self.rival)
            found[CHAMPION] = self.rival.predict(features, self.target.positive)
        return found

    @cached_property
    def predictions(self) -> "dict[str, np.ndarray]":
        """The same as numbers."""
        return {name: self.target.predicted(given) for name, given in self.answers.items()}

    def verdict(self) -> Verdict:
        """The gate's decision."""
        slices = self.declaration.gate.slices
        return judge(
            self.declaration.gate,
            self.y,
            self.predictions[CHALLENGER],
            self.predictions.get(CHAMPION),
            self.naive(),
            self.hold_out.columns(slices) if slices else None,
            seed=self.declaration.seed,
        )

    def naive(self) -> Naive:
        """What one would predict without a model: the declared forecast, else something constant."""
        import numpy as np

        rows, measured = len(self.y), self.challenger.metrics
        if self.declaration.gate.naive:
            column = self.declaration.gate.naive
            return Naive(f"the naive forecast {column}", self.hold_out.numbers(column))
        if self.declaration.task == "multiclass_classification":
            label, _ = max(measured["class_rows"], key=lambda one: one[1])
            name = f"a constant prediction ({label}, the most frequent class of the training set)"
            return Naive(name, self.target.predicted(np.full(rows, label, dtype=object)))
        if self.declaration.task == "regression":
            name = "a constant prediction (the mean of the training set)"
            return Naive(name, np.full(rows, measured["target_mean"]))
        share = f"a constant prediction (the share of {self.target.positive} in the training set)"
        return Naive(share, np.full(rows, measured["target_mean"]))

    def importance(self) -> list[tuple[str, float]]:
        """Loss of the metric when a feature is shuffled, largest first; none where it is undefined."""
        import numpy as np

        losses = permutation_importance(
            lambda features: self.target.predicted(self.challenger.predict(features, self.target.positive)),
            self.hold_out.rows[self.challenger.feature_names],
            self.y,
            metric(self.declaration.gate.metric),
            repeats=1,
            seed=self.declaration.seed,
            max_rows=1000,
        )
        return [(column, loss) for column, loss in losses if np.isfinite(loss)]

    def prediction_baseline(self) -> Baseline:
        """How the answers to rows it was not trained on are spread: on its own rows it is too sure."""
        import pandas as pd

        answers = self.answers[CHALLENGER]
        if self.declaration.task == "multiclass_classification":  # as captured: a class is a text
            return baseline_of(pd.DataFrame({PREDICTION: [str(one) for one in answers]}))
        return baseline_of(pd.DataFrame({PREDICTION: answers}))

    def pictures(self) -> dict[str, bytes]:
        """Plots of the predictions as PNG, by title."""
        challenger = self.predictions[CHALLENGER]
        if self.declaration.task == "regression":
            return {"Predicted and actual": plots.predicted_against_actual(self.y, challenger)}
        if self.declaration.task == "multiclass_classification":
            names = [str(one) for one in self.target.classes]
            return {"Confusion matrix": plots.confusion_matrix(self.y, challenger, names)}
        return {
            "ROC curve": plots.roc_curve(self.y, self.predictions),
            "Calibration": plots.calibration(self.y, challenger),
        }
