"""`evaluation`: challenger and champion on the same frozen rows, and the verdict."""

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import dagster as dg

from mlplatform.assets.checks import answered_check
from mlplatform.assets.production import Events, Inputs, Made, Production, produce
from mlplatform.assets.sets import read_manifest
from mlplatform.assets.specs import step_arguments
from mlplatform.container.scoring import Model, model_in
from mlplatform.container.train import load_set
from mlplatform.lineage.champions import CHAMPION_AFTER, CHAMPION_BEFORE
from mlplatform.lineage.records import Record
from mlplatform.ml import plots
from mlplatform.ml.baseline import PREDICTION, Baseline, baseline_of
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.gate import Verdict, judge
from mlplatform.ml.importance import permutation_importance
from mlplatform.ml.metrics import metric
from mlplatform.ml.splits import column_of
from mlplatform.ml.steps import BY_NAME
from mlplatform.resources.single_flight import SingleFlight
from mlplatform.resources.snapshots import Snapshots

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def evaluation_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """The verdict, with the hashes of everything it rests on."""
    name, step = declaration.name, BY_NAME["evaluation"]

    @dg.multi_asset(**step_arguments(declaration, step))
    def evaluation(
        context: dg.AssetExecutionContext, snapshots: Snapshots, single_flight: SingleFlight
    ) -> Events:
        single_flight.hold(name)

        def make(inputs: Inputs) -> Production:
            return evaluate(declaration, inputs, snapshots)

        yield from produce(context, declaration, step, snapshots, make)

    return evaluation


def evaluate(declaration: Declaration, inputs: Inputs, snapshots: Snapshots) -> Production:
    """Score, judge, draw."""
    models = inputs.all("model")
    challenger, champion = models[0], models[1] if len(models) > 1 else None
    judged = Judged(
        declaration, model_in(snapshots.place(challenger.path)), inputs.one("validation_set"), snapshots
    )
    rival = model_in(snapshots.place(champion.path)) if champion else None
    if rival:
        judged.leave_out_what_it_trained_on(rival)
    verdict, predictions = judged.verdict(rival)
    document = {
        "use_case": declaration.name,
        "model": {"version": challenger.details["version"], "sha256": challenger.sha256},
        "champion": {"version": champion.details["version"], "sha256": champion.sha256} if champion else None,
        "validation_set": inputs.one("validation_set").sha256,
        "gate": declaration.gate.model_dump(mode="json"),
        "verdict": verdict.to_json(),
        "importance": judged.importance(),
        "prediction_baseline": judged.prediction_baseline(predictions["challenger"]).to_json(),
    }
    stored = snapshots.write_json(declaration.name, "evaluation", document)
    drawn = judged.pictures(predictions)
    images = {title: dg.MetadataValue.md(plots.markdown_image(png, title)) for title, png in drawn.items()}
    details = {
        **_details(challenger, champion, verdict),
        "pictures": {title: _stored_picture(declaration, snapshots, png) for title, png in drawn.items()},
    }
    shown = {"model_version": challenger.details["version"], **_shown(verdict)}
    made = Made(stored, {**shown, **images}, details)
    promoted = verdict.decision == "PROMOTE"
    gate = answered_check(
        declaration.name,
        "evaluation",
        "gate",
        promoted,
        warn=verdict.decision == "HOLD",
        metadata={"decision": verdict.decision, "reason": verdict.reason},
    )
    return Production({"evaluation": made}, [gate])


class Judged:
    """A challenger and the frozen rows it is judged on."""

    def __init__(
        self, declaration: Declaration, model: Model, validation_set: Record, snapshots: Snapshots
    ) -> None:
        self.declaration, self.model, self.snapshots = declaration, model, snapshots
        self.manifest = read_manifest(snapshots, validation_set.path)
        self.rows = load_set(self.manifest, snapshots.place(""), model.code.declared)
        self.y = self.rows[declaration.target].to_numpy(dtype=float)

    def leave_out_what_it_trained_on(self, rival: Model) -> None:
        """After a change of the split rule, keep only rows that were held out for the rival too."""
        digest = rival.manifest["training_set"]
        path = f"{self.declaration.name}/training_set/{digest}.json"
        split = read_manifest(self.snapshots, path).split
        if split != self.manifest.split:
            held_out = split.held_out(self.rows[column_of(split, self.declaration.entity)].tolist())
            self.rows, self.y = self.rows[held_out].reset_index(drop=True), self.y[held_out]

    def verdict(self, rival: Model | None) -> "tuple[Verdict, dict[str, np.ndarray]]":
        """The gate's decision, and both models' predictions by name."""
        import numpy as np

        predictions = {"challenger": self.model.predict(self.rows)}
        if rival:
            predictions["champion"] = rival.predict(self._features_for(rival))
        verdict = judge(
            self.declaration.gate,
            self.y,
            predictions["challenger"],
            predictions.get("champion"),
            np.full(len(self.y), self.model.metrics["target_mean"]),
            self._slices(),
            seed=self.declaration.seed,
        )
        return verdict, predictions

    def _features_for(self, rival: Model) -> "pd.DataFrame":
        """The same rows as the rival sees them: by its own code where that differs."""
        if rival.manifest["code_version"] == self.model.manifest["code_version"]:
            return self.rows
        return rival.features_of(self._validated_rows())

    def _validated_rows(self) -> "pd.DataFrame":
        import pandas as pd

        frames = [self.snapshots.read_frame(part.validated) for part in self.manifest.parts]
        rows = pd.concat(frames, ignore_index=True).set_index("row_id", drop=False)
        return rows.loc[self.rows["row_id"]].reset_index(drop=True)

    def _slices(self) -> "pd.DataFrame | None":
        columns = list(self.declaration.gate.slices)
        if not columns:
            return None
        here = all(column in self.rows for column in columns)
        return (self.rows if here else self._validated_rows())[columns]

    def importance(self) -> list[tuple[str, float]]:
        """Loss of the metric when a feature is shuffled, largest first; none where it is undefined."""
        import numpy as np

        losses = permutation_importance(
            self.model.predict,
            self.rows[self.model.feature_names],
            self.y,
            metric(self.declaration.gate.metric),
            repeats=1,
            seed=self.declaration.seed,
            max_rows=1000,
        )
        return [(column, loss) for column, loss in losses if np.isfinite(loss)]

    def prediction_baseline(self, predictions: "np.ndarray") -> Baseline:
        """How the answers to rows it was not trained on are spread: on its own rows it is too sure."""
        import pandas as pd

        return baseline_of(pd.DataFrame({PREDICTION: predictions}))

    def pictures(self, predictions: "dict[str, np.ndarray]") -> dict[str, bytes]:
        """Plots of the predictions as PNG, by title."""
        if self.declaration.task == "regression":
            return {"Predicted and actual": plots.predicted_against_actual(self.y, predictions["challenger"])}
        return {
            "ROC curve": plots.roc_curve(self.y, predictions),
            "Calibration": plots.calibration(self.y, predictions["challenger"]),
        }


def _stored_picture(declaration: Declaration, snapshots: Snapshots, png: bytes) -> str:
    sha256 = hashlib.sha256(png).hexdigest()
    return snapshots.write_bytes(declaration.name, "evaluation", png, sha256, "png").path


def _shown(verdict: Verdict) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "verdict": verdict.decision,
        "reason": verdict.reason,
        verdict.metric: verdict.challenger.value,
        "interval": str(verdict.challenger),
    }
    if verdict.slices:
        lines = [
            {"slice": f"{one.column} = {one.value}", "rows": one.rows, verdict.metric: str(one.estimate)}
            for one in verdict.slices
        ]
        shown["slices"] = dg.MetadataValue.md(_markdown_table(lines))
    return shown


def _markdown_table(lines: list[dict[str, Any]]) -> str:
    names = list(lines[0])
    rows = ["| " + " | ".join(str(line[name]) for name in names) + " |" for line in lines]
    return "\n".join(["| " + " | ".join(names) + " |", "|" + " --- |" * len(names), *rows])


def _details(challenger: Record, champion: Record | None, verdict: Verdict) -> dict[str, Any]:
    before = champion.storage_id if champion else None
    return {
        "model_sha256": challenger.sha256,
        "model_version": challenger.details["version"],
        "verdict": verdict.decision,
        "reason": verdict.reason,
        "metric": {"name": verdict.metric, **asdict(verdict.challenger)},
        "validation_rows": verdict.rows,
        CHAMPION_BEFORE: before,
        CHAMPION_AFTER: challenger.storage_id if verdict.decision == "PROMOTE" else before,
    }
