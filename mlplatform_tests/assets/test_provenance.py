"""What was read is what is recorded: under reuse, under change, and while something else is going on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from mlplatform.assets import graph
from mlplatform.lineage.records import Record, latest, latest_by_batch
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.hashing import file_sha256
from mlplatform.ml.manifests import SetManifest
from mlplatform.ml.table_hash import table_hash
from mlplatform.resources.training import TrainedModel, TrainingRequest
from mlplatform.resources.training.local import LocalTraining

Materialize = Callable[..., dg.ExecuteInProcessResult]
DATA = ("raw", "validated", "quarantine", "features")
SETS = ("training_set", "validation_set")


def test_every_hash_can_be_computed_again_down_to_the_landed_bytes(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    land("monday", rows=300)
    assert materialize(*DATA, *SETS, "model", batch="monday").success
    snapshots, landed_files = local_resources["snapshots"], local_resources["landed_files"]

    model = _one(latest(instance, "job_change", "model"))
    (read,) = model.read_inputs()
    manifest = SetManifest.from_json(snapshots.read_json(f"job_change/training_set/{read.sha256}.json"))
    assert manifest.digest == read.sha256
    (part,) = manifest.parts
    assert table_hash(pq.read_table(snapshots.place(part.path))) == part.sha256
    for asset, upstream in (("features", "validated"), ("validated", "raw"), ("raw", "landed_file")):
        record = latest_by_batch(instance, "job_change", asset)["monday"]
        (read,) = record.read_inputs()
        assert read.asset == upstream
        if upstream == "landed_file":
            assert file_sha256(landed_files.place(read.sha256)) == read.sha256
        else:
            path = f"job_change/{upstream}/monday/{read.sha256}.parquet"
            assert table_hash(pq.read_table(snapshots.place(path))) == read.sha256


class InterruptedTraining:
    """Trains as usual, but lets something happen after the training set was resolved, before it is read."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile = meanwhile

    def train(self, request: TrainingRequest, scratch: Path) -> TrainedModel:
        self.meanwhile()
        return LocalTraining().train(request, scratch)


def test_features_made_again_while_a_model_trains_do_not_enter_its_record(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    land("monday", rows=300, seed=1)
    assert materialize(*DATA, *SETS, batch="monday").success
    before = latest_by_batch(instance, "job_change", "features")["monday"]

    def meanwhile() -> None:
        land("monday", rows=350, seed=2)
        assert materialize(*DATA, batch="monday").success

    assert materialize("model", training=InterruptedTraining(meanwhile)).success

    after = latest_by_batch(instance, "job_change", "features")["monday"]
    assert after.sha256 != before.sha256
    model = _one(latest(instance, "job_change", "model"))
    document = local_resources["snapshots"].read_json(f"{model.path}/manifest.json")
    (really_read,) = document["inputs"]
    assert really_read["sha256"] == before.sha256
    (training_set,) = model.inputs
    manifest = local_resources["snapshots"].read_json(
        f"job_change/training_set/{training_set['sha256']}.json"
    )
    (part,) = manifest["parts"]
    path = local_resources["snapshots"].place(part["path"])
    assert table_hash(pq.read_table(path)) == before.sha256
    # Dagster's own pointer names the same event
    pointer = dg.DataProvenance.from_tags(_tags(instance, model))
    assert pointer is not None
    assert (
        pointer.input_storage_ids[dg.AssetKey(["job_change", "training_set"])] == training_set["storage_id"]
    )


def test_a_set_names_the_features_it_resolved_though_others_came_while_it_was_drawn(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any],
    monkeypatch: Any,
) -> None:  # fmt: skip
    land("monday", rows=300, seed=1)
    assert materialize(*DATA, batch="monday").success
    before = latest_by_batch(instance, "job_change", "features")["monday"]
    snapshots = type(local_resources["snapshots"])
    read_frame, interrupted = snapshots.read_frame, []

    def reading(self: Any, path: str, columns: list[str] | None = None) -> Any:
        if not interrupted and "/features/" in path:
            interrupted.append(path)
            land("monday", rows=350, seed=2)
            assert materialize(*DATA, batch="monday").success
        return read_frame(self, path, columns)

    monkeypatch.setattr(snapshots, "read_frame", reading)
    assert materialize(*SETS).success

    assert interrupted
    training_set = _one(latest(instance, "job_change", "training_set"))
    assert [one.sha256 for one in training_set.read_inputs()] == [before.sha256]
    assert training_set.inputs[0]["storage_id"] == before.storage_id


def test_a_click_on_unchanged_input_reuses_the_version(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    land("monday", rows=300)
    everything = (*DATA, *SETS, "model", "evaluation", "model_card")
    assert materialize(*everything, batch="monday").success
    first = {asset: _latest(instance, asset) for asset in everything}
    files = _files(local_resources)

    result = materialize(*everything, batch="monday")

    assert result.success
    assert _files(local_resources) == files
    for asset in everything:
        again = _latest(instance, asset)
        assert again.sha256 == first[asset].sha256
        assert again.storage_id > first[asset].storage_id
        assert again.metadata["reused"].value is True
        assert again.details == first[asset].details
    assert {check.check_name for check in result.get_asset_check_evaluations() if check.passed} >= {
        "readable", "contract", "rows_conserved", "enough_data", "gate"
    }  # fmt: skip


def test_a_version_whose_file_is_gone_is_made_again(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    land("monday", rows=100)
    assert materialize(*DATA, batch="monday").success
    record = latest_by_batch(instance, "job_change", "features")["monday"]
    path = local_resources["snapshots"].place(record.path)
    path.unlink()

    assert materialize("features", batch="monday").success

    assert path.exists()
    again = latest_by_batch(instance, "job_change", "features")["monday"]
    assert again.sha256 == record.sha256
    assert "reused" not in again.metadata


def test_a_model_is_not_trained_on_features_of_other_code(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    land("monday", rows=300)
    assert materialize(*DATA, *SETS, "model", batch="monday").success
    before = _one(latest(instance, "job_change", "model"))
    version = Declaration.code_version
    monkeypatch.setattr(  # as an edit of features.py would
        Declaration,
        "code_version",
        lambda self, step: "0" * 64 if step.name in ("features", "model") else version(self, step),
    )

    (failure,) = materialize("model").get_step_failure_events()

    stated = failure.step_failure_data.user_failure_data
    assert stated is not None
    assert "features of batch monday were made by other code" in str(stated.description)
    assert _one(latest(instance, "job_change", "model")).storage_id == before.storage_id
    assert materialize(*DATA, *SETS, "model", batch="monday").success


def test_changed_landed_bytes_are_not_read(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    land("monday", rows=50)
    landed = latest_by_batch(instance, "job_change", "landed_file")["monday"]
    place = local_resources["landed_files"].place(landed.sha256)
    place.write_bytes(place.read_bytes().replace(b"Graduate", b"Masters"))

    (failure,) = materialize("raw", batch="monday").get_step_failure_events()

    stated = failure.step_failure_data.user_failure_data
    assert stated is not None
    assert "has changed on disk" in str(stated.description)
    land("monday", rows=50)
    assert materialize("raw", batch="monday").success


def test_tags_say_what_dagster_would_say_itself(
    land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any], job_change: Declaration,
    materialize: Materialize,
) -> None:  # fmt: skip
    for batch, seed in (("monday", 1), ("tuesday", 2)):
        land(batch, rows=200, seed=seed)
        assert materialize(*DATA, batch=batch).success

    @dg.asset(deps=[dg.AssetKey(["job_change", "features"])])
    def beside() -> None:
        """Left to Dagster's own bookkeeping."""

    result = dg.materialize(
        [beside, *graph.assets(job_change)], selection=[beside], instance=instance, resources=local_resources
    )
    assert result.success
    assert materialize(*SETS).success

    own = instance.get_latest_materialization_event(dg.AssetKey(["job_change", "training_set"]))
    other = instance.get_latest_materialization_event(dg.AssetKey("beside"))
    assert own and other and own.asset_materialization and other.asset_materialization
    name = "dagster/input_data_version/job_change/features"
    assert (own.asset_materialization.tags or {})[name] == (other.asset_materialization.tags or {})[name]


def _one(record: Record | None) -> Record:
    assert record is not None
    return record


def _latest(instance: dg.DagsterInstance, asset: str) -> Record:
    if asset in DATA:
        return latest_by_batch(instance, "job_change", asset)["monday"]
    return _one(latest(instance, "job_change", asset))


def _tags(instance: dg.DagsterInstance, record: Record) -> dict[str, str]:
    event = instance.get_latest_materialization_event(dg.AssetKey(["job_change", record.asset]))
    assert event and event.asset_materialization
    return dict(event.asset_materialization.tags or {})


def _files(resources: dict[str, Any]) -> dict[str, int]:
    root = Path(resources["snapshots"].root)
    return {str(p): p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file() and p.suffix != ".pyc"}
