import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from mlplatform.container.code import Declared, folder_sha256, write_code
from mlplatform.container.layout import ARTIFACT, Layout
from mlplatform.container.scoring import Model
from mlplatform.container.train import SET_MANIFEST, load_set, main, train
from mlplatform.defs.job_change.contracts import EnrolleeFeatures, RawEnrollee
from mlplatform.defs.job_change.estimator import build_estimator
from mlplatform.defs.job_change.features import build_features
from mlplatform.defs.job_change.sample import generate
from mlplatform.ml.baseline import BASELINE_FILE
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.features import carried, make_features
from mlplatform.ml.gate import Gate
from mlplatform.ml.manifests import FeaturesVersion, SetManifest, Side, draw_sets
from mlplatform.resources.snapshots import Snapshots

CASE = Declaration(
    name="job_change",
    description="Who will look for a new job?",
    raw=RawEnrollee,
    features=EnrolleeFeatures,
    build_features=build_features,
    estimator=build_estimator,
    entity="enrollee_id",
    target="target",
    task="binary_classification",
    gate=Gate(metric="roc_auc", minimum=0.7),
)
DECLARED = Declared(
    use_case=CASE.name,
    raw=CASE.reference("raw"),
    features=CASE.reference("features"),
    build_features=CASE.reference("build_features"),
    estimator=CASE.reference("estimator"),
    entity=CASE.entity,
    target=CASE.target,
    task=CASE.task,
    seed=5,
    threads=1,
    code_version="c" * 64,
)


def people(batch: str, seed: int) -> pd.DataFrame:
    rows = generate(150, seed)
    return rows.assign(row_id=[f"{batch}:{number:09}" for number in range(1, len(rows) + 1)])


def lay_out(
    base: Path, *, side: Side = "training", hyperparameters: dict[str, object] | None = None
) -> Layout:
    """Inputs as the training service would leave them: two batches of generated people."""
    layout, versions, labels = Layout(base), [], {}
    layout.make()
    snapshots = Snapshots(root=str(layout.channel("training")))
    for seed, batch in enumerate(["april", "may"]):
        rows = people(batch, seed)
        beside = carried(rows, [CASE.entity, CASE.target])
        made = make_features(rows, build_features, EnrolleeFeatures, unseen=[CASE.target])
        stored = snapshots.write_table("job_change", "features", batch, pd.concat([beside, made], axis=1))
        versions.append(FeaturesVersion(batch, stored.sha256, stored.path, "validated"))
        labels[batch] = beside.rename(columns={CASE.entity: "decides", CASE.target: "target"})
    manifest = draw_sets("job_change", CASE.split, versions, lambda one: labels[one.batch])[side]
    (layout.channel("training") / SET_MANIFEST).write_text(json.dumps(manifest.to_json()))
    write_code(layout.channel("code"), CASE.code_files(), DECLARED)
    given = {"max_iter": 5} if hyperparameters is None else hyperparameters
    layout.hyperparameters.write_text(json.dumps({name: json.dumps(value) for name, value in given.items()}))
    return layout


def run(base: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlplatform.container.train", str(base)]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_training_leaves_a_model_that_says_what_it_was_made_from(tmp_path: Path) -> None:
    layout = lay_out(tmp_path)
    document = train(layout)
    manifest = SetManifest.from_json(json.loads((layout.channel("training") / SET_MANIFEST).read_text()))
    assert {path.name for path in layout.model.iterdir()} == {
        ARTIFACT,
        "manifest.json",
        "metrics.json",
        BASELINE_FILE,
        "code",
    }
    assert document == json.loads((layout.model / "manifest.json").read_text())
    assert document["training_set"] == manifest.digest
    assert [one["sha256"] for one in document["inputs"]] == [part.sha256 for part in manifest.parts]
    assert (document["hyperparameters"], document["seed"]) == ({"max_iter": 5}, 5)
    assert document["version"] == document["sha256"][:12]
    assert folder_sha256(layout.model / "code") == folder_sha256(layout.channel("code"))
    assert Model(layout.model).metrics["training_rows"] == manifest.rows
    assert not layout.failure.exists()


def test_new_processes_make_the_same_bytes_and_version(tmp_path: Path) -> None:
    environments = [
        {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        {"PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    ]
    models = []
    for number, environment in enumerate(environments):
        layout = lay_out(tmp_path / str(number))
        done = run(layout.base, **environment)
        assert done.returncode == 0, done.stderr
        models.append(Model(layout.model))
    here = train(lay_out(tmp_path / "here"))
    for name in (ARTIFACT, BASELINE_FILE):
        assert len({(model.folder / name).read_bytes() for model in models}) == 1
    assert [model.manifest for model in models] == [here, here]


@pytest.mark.parametrize(
    "change",
    [{"seed": 6}, {"code_version": "d" * 64}],
)
def test_what_a_model_depends_on_is_in_its_version(tmp_path: Path, change: dict[str, object]) -> None:
    before = train(lay_out(tmp_path / "before"))
    layout = lay_out(tmp_path / "after")
    write_code(layout.channel("code"), CASE.code_files(), replace(DECLARED, **change))  # type: ignore[arg-type]
    assert train(layout)["version"] != before["version"]


def test_other_hyperparameters_are_another_version(tmp_path: Path) -> None:
    versions = {train(lay_out(tmp_path / str(n), hyperparameters={"max_iter": n}))["version"] for n in (3, 4)}
    assert len(versions) == 2


def test_the_sides_of_a_set_share_no_row_and_leave_none_out(tmp_path: Path) -> None:
    ids = []
    for side in ("training", "validation"):
        layout = lay_out(tmp_path / side, side=side)
        channel = layout.channel("training")
        manifest = SetManifest.from_json(json.loads((channel / SET_MANIFEST).read_text()))
        rows = load_set(manifest, channel.joinpath, DECLARED)
        assert len(rows) == manifest.rows
        ids += rows["row_id"].tolist()
    assert sorted(ids) == sorted([*people("april", 0)["row_id"], *people("may", 1)["row_id"]])


def test_a_failure_is_told_in_the_words_of_the_users_own_exception(tmp_path: Path) -> None:
    layout = lay_out(tmp_path, hyperparameters={"max_iter": -1})
    done = run(layout.base)
    assert done.returncode == 1
    assert layout.failure.read_text().startswith("InvalidParameterError: The 'max_iter' parameter")
    assert "Traceback" in done.stderr
    assert not (layout.model / ARTIFACT).exists()


def test_a_long_reason_is_cut_to_what_the_service_keeps(tmp_path: Path) -> None:
    layout = lay_out(tmp_path)
    (layout.channel("code") / "estimator.py").write_text(
        "def build_estimator(**given):\n    raise ValueError('ä' * 5000)\n"
    )
    assert main([str(tmp_path)]) == 1
    assert len(layout.failure.read_text(encoding="utf-8")) == 1024


def test_a_missing_channel_is_a_failure_too(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 1
    assert "use_case.json" in Layout(tmp_path).failure.read_text()


def snapshot_of(layout: Layout) -> Path:
    return sorted(layout.channel("training").rglob("*.parquet"))[0]


def test_a_snapshot_with_another_content_is_refused(tmp_path: Path) -> None:
    layout = lay_out(tmp_path)
    path = snapshot_of(layout)
    table = pq.read_table(path)
    flipped = 1 - table.column("target").to_numpy()
    pq.write_table(table.set_column(table.column_names.index("target"), "target", [flipped]), path)
    with pytest.raises(DamagedSnapshot, match=r"april/.*parquet does not hold what its name says"):
        train(layout)


@pytest.mark.parametrize("where", [10, 400, -20])
def test_a_snapshot_with_a_broken_byte_is_refused(tmp_path: Path, where: int) -> None:
    layout = lay_out(tmp_path)
    content = bytearray(snapshot_of(layout).read_bytes())
    content[where] ^= 0xFF
    snapshot_of(layout).write_bytes(content)
    with pytest.raises(DamagedSnapshot, match="april/"):
        train(layout)


def test_a_snapshot_that_is_gone_is_named(tmp_path: Path) -> None:
    layout = lay_out(tmp_path)
    snapshot_of(layout).unlink()
    with pytest.raises(DamagedSnapshot, match=r"april/.*parquet cannot be read"):
        train(layout)


def test_a_model_answers_with_the_code_it_was_trained_with(tmp_path: Path) -> None:
    layout = lay_out(tmp_path)
    train(layout)
    model, rows = Model(layout.model), people("june", 9)
    before = model.predict(model.features_of(rows))
    # the working tree's copy, as the next model would take it along
    changed = layout.channel("code") / "features.py"
    changed.write_text(changed.read_text() + "\nbuild_features = None\n")
    again = Model(layout.model)
    np.testing.assert_array_equal(again.predict(again.features_of(rows)), before)
    assert before.shape == (150,) and ((before > 0) & (before < 1)).all()


def test_an_artifact_that_its_manifest_does_not_name_is_not_loaded(tmp_path: Path) -> None:
    layout = lay_out(tmp_path)
    train(layout)
    content = bytearray((layout.model / ARTIFACT).read_bytes())
    content[len(content) // 2] ^= 1
    (layout.model / ARTIFACT).write_bytes(content)
    with pytest.raises(DamagedSnapshot, match="is not the model that its manifest names"):
        _ = Model(layout.model).pipeline
