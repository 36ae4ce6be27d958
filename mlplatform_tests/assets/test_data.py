"""raw, validated + quarantine, features: by direct call and by `dg.materialize`. Copy these for your own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg
import pandas as pd

from mlplatform.assets.data import features_asset, raw_asset, validated_assets
from mlplatform.lineage.records import latest_by_batch
from mlplatform.ml.declaration import Declaration

Materialize = Callable[..., dg.ExecuteInProcessResult]
DATA = ("raw", "validated", "quarantine", "features")


def test_raw_by_direct_call(
    job_change: Declaration, instance: dg.DagsterInstance, local_resources: dict[str, Any], land: Any
) -> None:
    landed = land("monday", rows=30)
    raw = raw_asset(job_change)
    context = dg.build_asset_context(partition_key="monday", instance=instance)
    stores = {name: local_resources[name] for name in ("snapshots", "landed_files")}

    events = list(raw(context, **stores))

    made = next(event for event in events if isinstance(event, dg.MaterializeResult))
    table = stores["snapshots"].read_table(made.metadata["mlplatform/record"].value["path"])
    assert table.num_rows == len(landed)
    assert table.column("row_id")[0].as_py() == "monday:000000001"
    assert all(event.passed for event in events if isinstance(event, dg.AssetCheckResult))


def test_a_batch_becomes_features(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    landed = land("monday", rows=100)

    result = materialize(*DATA, batch="monday")

    assert result.success
    record = latest_by_batch(instance, "job_change", "features")["monday"]
    features = local_resources["snapshots"].read_frame(record.path)
    assert len(features) == len(landed) == record.rows
    assert features["enrollee_id"].tolist() == landed["enrollee_id"].tolist()


def test_bad_rows_are_set_aside_with_the_reason(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any],
    job_change: Declaration,
) -> None:  # fmt: skip
    assert job_change.sample is not None
    frame = job_change.sample(100, 1, False).astype(object)
    frame.loc[4, "training_hours"] = "many"
    frame.loc[7, "gender"] = "Unknown"
    land("monday", frame=frame)

    result = materialize(*DATA, batch="monday")

    assert result.success
    kept = latest_by_batch(instance, "job_change", "validated")["monday"]
    aside = latest_by_batch(instance, "job_change", "quarantine")["monday"]
    quarantine: pd.DataFrame = local_resources["snapshots"].read_frame(aside.path)
    assert (kept.rows, aside.rows) == (98, 2)
    assert quarantine[["row", "column", "value"]].values.tolist() == [
        [5, "training_hours", "many"],
        [8, "gender", "Unknown"],
    ]
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert checks["contract"].passed
    assert checks["rows_conserved"].passed
    assert not checks["nothing_quarantined"].passed
    assert checks["nothing_quarantined"].severity is dg.AssetCheckSeverity.WARN
    assert len(checks["nothing_quarantined"].metadata["cases"].records) == 2


def test_a_missing_column_refuses_the_batch_and_publishes_nothing(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, job_change: Declaration
) -> None:
    assert job_change.sample is not None
    land("monday", frame=job_change.sample(50, 1, False).drop(columns="city"))

    result = materialize(*DATA, batch="monday")

    assert not result.success
    assert list(latest_by_batch(instance, "job_change", "raw")) == ["monday"]
    assert latest_by_batch(instance, "job_change", "validated") == {}
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert not checks["contract"].passed
    assert "monday.csv lacks the column 'city'" in checks["contract"].description
    evaluations = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey(["job_change", "validated"]), "contract"), limit=1
    )
    assert evaluations[0].partition == "monday"


def test_what_the_ui_shows_of_a_table(materialize: Materialize, land: Any) -> None:
    land("monday", rows=40)

    result = materialize(*DATA, batch="monday")

    shown = {
        event.asset_key.path[-1]: event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    assert shown["features"]["dagster/row_count"].value == 40
    schema = shown["validated"]["dagster/column_schema"].schema
    hours = next(column for column in schema.columns if column.name == "training_hours")
    assert hours.type == "int64"
    assert hours.description
    assert len(shown["validated"]["preview"].records) == 5


def test_every_asset_says_what_it_is(job_change: Declaration) -> None:
    for asset in (raw_asset(job_change), validated_assets(job_change), features_asset(job_change)):
        for spec in asset.specs:
            assert spec.description
            assert spec.owners == ["team:talent"]
            assert len(spec.code_version or "") == 64
        policy = asset.op.retry_policy
        assert policy is not None
        assert policy.max_retries == 3
        assert policy.backoff is dg.Backoff.EXPONENTIAL
