"""`captured` and `drift`: windows of traffic, judged by the model that answered in them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from mlplatform.definitions import defs
from mlplatform.lineage.records import latest, latest_by_batch, windows_name
from mlplatform.lineage.signals import DECISION
from mlplatform.ml.baseline import PREDICTION, Baseline
from mlplatform.sensors.unjudged import unjudged_windows
from mlplatform_tests.monitored import USE_CASE, Monitored, drifted
from mlplatform_tests.traffic import HOUR, capture_file

LATER = HOUR + timedelta(days=1)


def _judge(monitored: Monitored, window: str) -> dg.ExecuteInProcessResult:
    monitored.instance.add_dynamic_partitions(windows_name(USE_CASE), [window])
    return monitored.run(dg.RunRequest(run_key=window, job_name="job_change_monitor", partition_key=window))


def _document(monitored: Monitored, window: str) -> Any:
    record = latest_by_batch(monitored.instance, USE_CASE, "drift", [window])[window]
    return json.loads((monitored.home / "snapshots" / record.path).read_text())


def _checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {one.check_name: one for one in result.get_asset_check_evaluations()}


def test_the_graph() -> None:
    definitions = defs()
    graph = definitions.resolve_asset_graph()
    parents = {
        asset: {key.path[-1] for key in graph.get(dg.AssetKey([USE_CASE, asset])).parent_keys}
        for asset in ("captured", "drift", DECISION)
    }
    assert parents == {
        "captured": {"endpoint"},
        "drift": {"captured", "model", "evaluation"},
        DECISION: {"drift"},
    }
    for asset in parents:
        node = graph.get(dg.AssetKey([USE_CASE, asset]))
        assert node.group_name == "job_change_monitoring"
        assert node.is_partitioned
        assert node.is_executable == (asset != DECISION)
    job = definitions.resolve_job_def("job_change_monitor")
    assert {key.path[-1] for key in job.asset_layer.executable_asset_keys} == {"captured", "drift"}
    sensor = definitions.resolve_sensor_def("job_change_retraining")
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED


def test_baselines_are_made_with_the_model(monitored: Monitored) -> None:
    of_features = Baseline.from_json(json.loads((monitored.model_folder / "baseline.json").read_text()))
    training_set = latest(monitored.instance, USE_CASE, "training_set")
    evaluation = latest(monitored.instance, USE_CASE, "evaluation")
    assert training_set and evaluation
    assert of_features.rows == training_set.rows
    assert set(of_features.columns) == set(monitored.declaration.features.to_schema().columns)
    document = json.loads((monitored.home / "snapshots" / evaluation.path).read_text())
    of_predictions = Baseline.from_json(document["prediction_baseline"])
    assert of_predictions.rows == evaluation.details["validation_rows"]
    assert of_predictions.columns[PREDICTION].kind == "ranges"


def test_a_window_of_usual_traffic(monitored: Monitored) -> None:
    window = monitored.capture(monitored.rows(600))
    result = _judge(monitored, window)
    assert result.success
    checks = _checks(result)
    assert checks["psi"].passed
    assert checks["readable_traffic"].passed
    assert {one.partition for one in checks.values()} == {window}
    document = _document(monitored, window)
    assert (document["rows"], document["refused_rows"], document["drifted"]) == (600, 0, False)
    assert len(document["features"]) == len(monitored.declaration.features.to_schema().columns)
    captured = latest_by_batch(monitored.instance, USE_CASE, "captured", [window])[window]
    rows = pd.read_parquet(monitored.home / "snapshots" / captured.path)
    assert len(rows) == 600 == captured.rows
    assert set(monitored.declaration.raw.to_schema().columns) - {"target"} < set(rows.columns)
    drift = latest_by_batch(monitored.instance, USE_CASE, "drift", [window])[window]
    read = {one.asset: one.sha256 for one in drift.read_inputs()}
    assert read.keys() == {"captured", "model", "evaluation"}
    assert read["captured"] == captured.sha256
    assert read["model"] == monitored.model.sha256
    assert "data:image/png;base64," in str(drift.metadata["drift"].value)


def test_a_window_of_drifted_traffic(monitored: Monitored) -> None:
    window = monitored.capture(drifted(monitored.rows(600)))
    result = _judge(monitored, window)
    assert result.success, "drift is a finding, not a failure"
    psi = _checks(result)["psi"]
    assert not psi.passed
    assert psi.severity is dg.AssetCheckSeverity.ERROR
    document = _document(monitored, window)
    assert {one["name"] for one in document["features"] if one["psi"] > 0.2} == {
        "training_hours", "city_development_index",
    }  # fmt: skip
    assert document["prediction"]["psi"] > 0.2
    assert "city_development_index" in document["conclusion"]


def test_few_rows_are_not_judged(monitored: Monitored) -> None:
    window = monitored.capture(drifted(monitored.rows(150)))
    psi = _checks(_judge(monitored, window))["psi"]
    assert psi.passed
    assert "Not judged: 150 rows" in str(psi.metadata["conclusion"].value)


def test_a_bad_line_is_counted_and_blinds_nobody(monitored: Monitored) -> None:
    window = monitored.capture(monitored.rows(600))
    file = capture_file(monitored.home / "captured", "job-change")
    with file.open("ab") as opened:
        opened.write(b"not a line of ours\n" + file.read_bytes().splitlines()[0][:-40] + b"\n")
    found = unjudged_windows(monitored.instance, monitored.declaration, monitored.captured_traffic, LATER)
    unknown = window.replace(str(monitored.model.details["version"]), "unknown")
    assert {one.window for one in found} == {window, unknown}
    of_model, of_none = _judge(monitored, window), _judge(monitored, unknown)
    assert of_model.success
    assert of_none.success
    assert _checks(of_model)["psi"].passed
    assert _document(monitored, window)["rows"] == 600
    readable = _checks(of_none)["readable_traffic"]
    assert not readable.passed
    assert readable.severity is dg.AssetCheckSeverity.WARN
    assert readable.metadata["unreadable"].value == 2
    assert _checks(of_none)["psi"].passed


def test_the_same_lines_are_reused_and_more_lines_are_not(monitored: Monitored) -> None:
    rows = monitored.rows(800)
    window = monitored.capture(drifted(rows[:400]))
    assert _judge(monitored, window).success
    again = _judge(monitored, window)
    assert all("reused" in one.materialization.metadata for one in again.get_asset_materialization_events())
    assert not _checks(again)["psi"].passed
    monitored.capture(drifted(rows[400:]), server="two")
    grown = _judge(monitored, window)
    assert not any(
        "reused" in one.materialization.metadata for one in grown.get_asset_materialization_events()
    )
    assert _document(monitored, window)["rows"] == 800


def _said(result: dg.ExecuteInProcessResult) -> str:
    assert not result.success
    (failure,) = [one.step_failure_data for one in result.get_step_failure_events()]
    assert failure.user_failure_data is not None
    return str(failure.user_failure_data.description)


def test_a_model_without_a_baseline_is_to_be_trained_again(monitored: Monitored) -> None:
    window = monitored.capture(monitored.rows(300))
    (monitored.model_folder / "baseline.json").unlink()
    said = _said(_judge(monitored, window))
    assert "has no baseline" in said
    assert "mlplatform run job_change" in said


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (
            "2026-03-01T17_0123456789ab",
            "nothing captured in 2026-03-01T17 was answered by model 0123456789ab",
        ),
        ("yesterday", "names no window of traffic"),
    ],
)
def test_windows_that_there_are_not(monitored: Monitored, window: str, said: str) -> None:
    assert said in _said(_judge(monitored, window))


def test_traffic_of_a_model_from_elsewhere_is_told(monitored: Monitored, tmp_path: Path) -> None:
    window = monitored.capture(monitored.rows(10))
    version = str(monitored.model.details["version"])
    file = capture_file(monitored.home / "captured", "job-change")
    file.write_bytes(file.read_bytes().replace(version.encode(), b"0123456789ab"))
    assert "no record of" in _said(_judge(monitored, window.replace(version, "0123456789ab")))
