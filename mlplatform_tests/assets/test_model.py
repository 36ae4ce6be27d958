"""Sets, model, evaluation, card."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import dagster as dg
import numpy as np
import pytest

from mlplatform.assets import graph
from mlplatform.container.scoring import Model
from mlplatform.lineage.records import latest
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.manifests import SetManifest
from mlplatform.ml.splits import EntitySplit

Materialize = Callable[..., dg.ExecuteInProcessResult]
DATA = ("raw", "validated", "quarantine", "features")
SETS = ("training_set", "validation_set")
VERDICT = ("model", "evaluation", "model_card")


def test_from_a_landed_file_to_a_verdict(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    land("monday", rows=1500)

    result = materialize(*DATA, *SETS, *VERDICT, batch="monday")

    assert result.success
    snapshots = local_resources["snapshots"]
    sets = {asset: latest(instance, "job_change", asset) for asset in SETS}
    assert sum(record.rows or 0 for record in sets.values() if record) == 1500
    evaluation = latest(instance, "job_change", "evaluation")
    model = latest(instance, "job_change", "model")
    assert evaluation and model and sets["validation_set"]
    assert evaluation.details["verdict"] == "PROMOTE"
    document = snapshots.read_json(evaluation.path)
    assert document["model"]["sha256"] == model.sha256
    assert document["validation_set"] == sets["validation_set"].sha256
    card = latest(instance, "job_change", "model_card")
    assert card
    page = snapshots.place(card.path).read_text()
    assert str(model.details["version"]) in page
    held_out = sets["validation_set"].rows or 0
    assert f"<td>{held_out:,} of 1,500 ({held_out / 1500:.1%})</td>" in page
    assert "by enrollee_id: all rows with the same value are on one side" in page
    assert "<td>scikit-learn</td><td>1." in page
    assert "<td>sha256 of this environment</td>" in page
    assert f"Baseline: {document['verdict']['baseline_name']}." in page
    assert all(each["baseline"] == 0.5 for each in document["verdict"]["slices"])
    pictures = {
        name
        for event in result.get_asset_materialization_events()
        for name, value in event.materialization.metadata.items()
        if "data:image/png;base64," in str(value.value)
    }
    assert pictures == {"class_balance", "ROC curve", "Calibration", "importance"}


def test_the_model_brings_its_code(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    land("monday", rows=800)
    assert materialize(*DATA, *SETS, "model", batch="monday").success
    record = latest(instance, "job_change", "model")
    assert record
    folder = local_resources["snapshots"].place(record.path)

    files = {path.name for path in (folder / "code").iterdir() if path.is_file()}
    assert files >= {"contracts.py", "features.py", "estimator.py", "use_case.json"}
    assert "use_case.py" not in files
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["sha256"] == record.sha256
    assert manifest["environment"]["libraries"]["scikit-learn"]
    model = Model(folder)
    rows = local_resources["snapshots"].read_frame(_validated_path(instance))
    probabilities = model.predict(model.features_of(rows))
    assert probabilities.shape == (len(rows),)
    assert np.all((probabilities >= 0) & (probabilities <= 1))


def _validated_path(instance: dg.DagsterInstance) -> str:
    from mlplatform.lineage.records import latest_by_batch

    return latest_by_batch(instance, "job_change", "validated")["monday"].path


def test_a_challenger_meets_the_champion_on_the_same_rows(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    land("monday", rows=1200, seed=1)
    assert materialize(*DATA, *SETS, *VERDICT, batch="monday").success
    first = latest(instance, "job_change", "model")
    land("tuesday", rows=1200, seed=2)
    assert materialize(*DATA, *SETS, *VERDICT, batch="tuesday").success

    second, evaluation = latest(instance, "job_change", "model"), latest(instance, "job_change", "evaluation")
    assert first and second and evaluation
    assert first.sha256 != second.sha256
    document = local_resources["snapshots"].read_json(evaluation.path)
    assert document["champion"]["sha256"] == first.sha256
    verdict = document["verdict"]
    assert verdict["difference"]["low"] <= verdict["difference"]["value"] <= verdict["difference"]["high"]
    read = {(one.asset, one.sha256) for one in evaluation.read_inputs()}
    assert ("model", first.sha256) in read


@pytest.mark.parametrize(
    ("rows", "change", "said"),
    [
        (10, {}, "at least 50 are needed"),
        (400, {"target": 0}, "one class only (0)"),
    ],
)
def test_too_little_to_learn_from_is_refused_before_training(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, job_change: Declaration,
    rows: int, change: dict[str, int], said: str,
) -> None:  # fmt: skip
    assert job_change.sample is not None
    land("monday", frame=job_change.sample(rows, 1, False).assign(**change))

    result = materialize(*DATA, *SETS, *VERDICT, batch="monday")

    assert not result.success
    check = next(c for c in result.get_asset_check_evaluations() if c.check_name == "enough_data")
    assert not check.passed
    assert said in (check.description or "")
    assert latest(instance, "job_change", "training_set") is None
    assert latest(instance, "job_change", "model") is None


def test_one_more_batch_leaves_earlier_entities_on_their_side(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    land("monday", rows=400, seed=1)
    assert materialize(*DATA, *SETS, batch="monday").success
    before = _parts(instance, local_resources, "validation_set")
    land("tuesday", rows=400, seed=2)
    assert materialize(*DATA, *SETS, batch="tuesday").success
    after = _parts(instance, local_resources, "validation_set")
    assert after["monday"] == before["monday"]
    assert set(after) == {"monday", "tuesday"}


def _parts(instance: dg.DagsterInstance, resources: dict[str, Any], asset: str) -> dict[str, Any]:
    record = latest(instance, "job_change", asset)
    assert record
    manifest = SetManifest.from_json(resources["snapshots"].read_json(record.path))
    return {part.batch: part for part in manifest.parts}


def test_after_a_change_of_the_split_only_rows_count_that_both_were_kept_from(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any],
    job_change: Declaration,
) -> None:  # fmt: skip
    land("monday", rows=1200)
    assert materialize(*DATA, *SETS, *VERDICT, batch="monday").success
    before = latest(instance, "job_change", "validation_set")
    # the held-out of 20 % is part of the held-out of 50 %, the rest of which the champion was trained on
    changed = job_change.model_copy(update={"split": EntitySplit(validation_share=0.5)})

    result = dg.materialize(
        graph.assets(changed),
        selection=[dg.AssetKey(["job_change", asset]) for asset in (*SETS, "model", "evaluation")],
        instance=instance,
        resources=local_resources,
    )

    assert result.success
    after, evaluation = (
        latest(instance, "job_change", "validation_set"),
        latest(instance, "job_change", "evaluation"),
    )
    assert before and after and evaluation
    assert (after.rows or 0) > (before.rows or 0)
    assert evaluation.details["validation_rows"] == before.rows
