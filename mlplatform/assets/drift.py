"""`drift`: how far a window of traffic lies from its model's training, in the features and in the answers."""

import json
import time
from typing import TYPE_CHECKING, Any

import dagster as dg

from mlplatform.assets.captured import one_window
from mlplatform.assets.checks import answered_check, table
from mlplatform.assets.made import Events, Inputs, Made, Production
from mlplatform.assets.production import guarded, reusable, stamp_of
from mlplatform.assets.publishing import publish, reuse
from mlplatform.assets.specs import step_arguments
from mlplatform.container.scoring import Model, model_in
from mlplatform.lineage.approvals import judged
from mlplatform.lineage.records import Record, latest_by_batch
from mlplatform.ml import plots
from mlplatform.ml.baseline import BASELINE_FILE, PREDICTION, Baseline
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.drift import Drift, judge_drift
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.policies import Monitoring
from mlplatform.ml.steps import BY_NAME
from mlplatform.ml.traffic import typed_rows
from mlplatform.ml.windows import UNKNOWN_MODEL, Window
from mlplatform.resources.snapshots import Snapshot, Snapshots

if TYPE_CHECKING:
    import pyarrow as pa

_STEP = BY_NAME["drift"]
_COLUMNS = dg.TableSchema(
    [
        dg.TableColumn("column", "string"),
        dg.TableColumn("psi", "string", description="population stability index against the training"),
        dg.TableColumn("by chance", "string", description="about what it would be if nothing had changed"),
        dg.TableColumn("largest change", "string"),
    ]
)


def drift_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """The report, its picture and the check `psi`, which is a signal when it fails."""

    @dg.multi_asset(**step_arguments(declaration, _STEP))
    def drift(context: dg.AssetExecutionContext, snapshots: Snapshots) -> Events:
        events = _events(context, declaration, snapshots)
        yield from guarded(declaration, _STEP, snapshots, events)

    return drift


def _events(context: dg.AssetExecutionContext, declaration: Declaration, snapshots: Snapshots) -> Events:
    started = time.perf_counter()
    name, window, instance = declaration.name, one_window(context), context.instance
    captured = latest_by_batch(instance, name, "captured", [window.key]).get(window.key)
    if captured is None:
        raise WrongUsage(f"{name}/captured of {window.key} has not been made yet: mlplatform monitor {name}.")
    inputs = Inputs((captured, *_judged_model(instance, name, window)))
    stamp = stamp_of(declaration, _STEP, inputs)
    previous = reusable(instance, name, _STEP, window.key, stamp, snapshots)
    if previous:
        yield from reuse(name, inputs, previous)
        return
    made = _production(declaration, window, inputs, snapshots)
    yield from publish(name, inputs, stamp, made, time.perf_counter() - started)


def _judged_model(instance: dg.DagsterInstance, use_case: str, window: Window) -> tuple[Record, ...]:
    """The window's model and its latest verdict; nothing where the lines name no model."""
    if window.model_version == UNKNOWN_MODEL:
        return ()
    found = judged(instance, use_case, window.model_version)
    return (found.model, found.evaluation)


def _production(declaration: Declaration, window: Window, inputs: Inputs, snapshots: Snapshots) -> Production:
    name, policy = declaration.name, declaration.monitoring
    table_of_rows = snapshots.read_table(inputs.one("captured").path)
    drift, refused = None, 0
    if inputs.all("model") and table_of_rows.num_rows:
        drift, refused = _compared(policy, inputs, table_of_rows, snapshots)
    document = {
        "use_case": name,
        "window": window.key,
        "model_version": window.model_version,
        "refused_rows": refused,
        "threshold": policy.threshold,
        "minimum_rows": policy.minimum_rows,
        **_findings(drift, table_of_rows.num_rows),
    }
    stored = snapshots.write_json(name, "drift", document)
    shown = {key: document[key] for key in ("conclusion", "model_version", "rows", "refused_rows", "max_psi")}
    pictures = _pictures(drift) if drift else {}
    made = Made(Snapshot(stored.sha256, stored.path, document["rows"]), {**shown, **pictures}, document)
    known = ("conclusion", "rows", "max_psi", "feature", "threshold", "model_version")
    psi = answered_check(
        name,
        "drift",
        "psi",
        not document["drifted"],
        metadata={key: document[key] for key in known if document[key] is not None},
    )
    return Production({"drift": made}, [psi])


def _compared(
    policy: Monitoring, inputs: Inputs, captured: "pa.Table", snapshots: Snapshots
) -> tuple[Drift | None, int]:
    """The window against both baselines, and how many rows the model's contract would refuse."""
    import pandas as pd

    model = model_in(snapshots.place(inputs.one("model").path))
    of_features, of_predictions = _baselines(model, inputs, snapshots)
    code = model.code
    rows = typed_rows(captured, code.named(code.declared.raw), code.declared.unseen)
    if rows.empty:
        return None, captured.num_rows
    answers = pd.DataFrame({PREDICTION: captured.column(PREDICTION).to_pandas()})
    drift = judge_drift(
        (of_features, model.features_of(rows)),
        (of_predictions, answers),
        threshold=policy.threshold,
        minimum_rows=policy.minimum_rows,
    )
    return drift, captured.num_rows - len(rows)


def _baselines(model: Model, inputs: Inputs, snapshots: Snapshots) -> tuple[Baseline, Baseline]:
    """Of the features, stored with the model, and of the predictions, stored with its verdict."""
    evaluation = snapshots.read_json(inputs.one("evaluation").path)
    place = model.folder / BASELINE_FILE
    if not place.exists() or "prediction_baseline" not in evaluation:
        version, use_case = model.manifest["version"], model.manifest["use_case"]
        raise WrongUsage(
            f"{use_case} model {version} has no baseline: an earlier version of the platform trained it. "
            f"Train and deploy again: mlplatform run {use_case}."
        )
    of_features = Baseline.from_json(json.loads(place.read_text(encoding="utf-8")))
    return of_features, Baseline.from_json(evaluation["prediction_baseline"])


def _findings(drift: Drift | None, rows: int) -> dict[str, Any]:
    """What later readers need."""
    if drift is None:
        return {
            "conclusion": "Nothing to judge: the window holds no readable row of a known model.",
            "rows": rows,
            "judged": False,
            "drifted": False,
            "max_psi": None,
            "feature": None,
            "features": [],
            "prediction": None,
        }
    return {
        "conclusion": drift.conclusion,
        "rows": drift.rows,
        "judged": drift.judged,
        "drifted": drift.drifted,
        "max_psi": drift.worst.psi,
        "feature": drift.worst.name,
        "features": [one.to_json() for one in drift.features],
        "prediction": drift.prediction.to_json(),
    }


def _pictures(drift: Drift) -> dict[str, Any]:
    lines = [*drift.features, drift.prediction]
    png = plots.drift([(one.name, one.psi) for one in lines], drift.threshold)
    listed = table(
        (
            {
                "column": one.name,
                "psi": f"{one.psi:.4f}",
                "by chance": f"{one.chance:.4f}",
                "largest change": one.change,
            }
            for one in lines
        ),
        _COLUMNS,
    )
    return {"columns": listed, "drift": dg.MetadataValue.md(plots.markdown_image(png, "drift per column"))}
