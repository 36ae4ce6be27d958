"""Several batches in one run: every batch has its own record, and a bad one keeps the others from nothing."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
import pandas as pd

from mlplatform.assets import graph
from mlplatform.assets.batch_range import REFUSED_BATCHES
from mlplatform.lineage.records import latest_by_batch
from mlplatform.ml.declaration import Declaration

DATA = ("raw", "validated", "quarantine", "features")
DAYS = ("monday", "tuesday", "wednesday")
FIRST = "dagster/asset_partition_range_start"
LAST = "dagster/asset_partition_range_end"


def run_range(
    declaration: Declaration, instance: dg.DagsterInstance, resources: dict[str, Any], first: str, last: str
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        graph.assets(declaration),
        selection=[dg.AssetKey([declaration.name, asset]) for asset in DATA],
        tags={FIRST: first, LAST: last},
        instance=instance,
        resources=resources,
        raise_on_error=False,
    )


def test_a_run_over_a_range_records_what_single_runs_record(
    job_change: Declaration, instance: dg.DagsterInstance, local_resources: dict[str, Any], land: Any,
    materialize: Any,
) -> None:  # fmt: skip
    for number, day in enumerate(DAYS):
        land(day, rows=60 + number, seed=number)

    assert run_range(job_change, instance, local_resources, DAYS[0], DAYS[-1]).success

    together = {asset: latest_by_batch(instance, "job_change", asset) for asset in DATA}
    for number, day in enumerate(DAYS):
        assert materialize(*DATA, batch=day).success
        for asset in DATA:
            alone = latest_by_batch(instance, "job_change", asset, [day])[day]
            ranged = together[asset][day]
            assert alone.metadata["reused"], "a record of a range must hold as any other"
            assert (alone.sha256, alone.fingerprint) == (ranged.sha256, ranged.fingerprint)
            assert alone.read_inputs() == ranged.read_inputs()
            assert ranged.metadata["dagster/row_count"].value == ranged.rows
        assert together["raw"][day].rows == 60 + number
    assert len({record.sha256 for record in together["features"].values()}) == 3


def test_the_second_run_over_a_range_makes_nothing(
    job_change: Declaration, instance: dg.DagsterInstance, local_resources: dict[str, Any], land: Any
) -> None:
    for number, day in enumerate(DAYS):
        land(day, rows=60, seed=number)
    assert run_range(job_change, instance, local_resources, DAYS[0], DAYS[-1]).success
    before = latest_by_batch(instance, "job_change", "features")

    assert run_range(job_change, instance, local_resources, DAYS[0], DAYS[-1]).success

    after = latest_by_batch(instance, "job_change", "features")
    for day in DAYS:
        assert after[day].storage_id > before[day].storage_id
        assert after[day].sha256 == before[day].sha256
        assert after[day].metadata["reused"]
        assert after[day].seconds == before[day].seconds


def test_a_refused_batch_is_named_and_nothing_is_recorded(
    job_change: Declaration, instance: dg.DagsterInstance, local_resources: dict[str, Any], land: Any
) -> None:
    land("monday", rows=60)
    land("tuesday", frame=pd.DataFrame({"enrollee_id": [1, 2]}))
    land("wednesday", rows=60, seed=3)

    result = run_range(job_change, instance, local_resources, DAYS[0], DAYS[-1])

    assert not result.success
    assert latest_by_batch(instance, "job_change", "raw").keys() == set(DAYS)
    assert not latest_by_batch(instance, "job_change", "validated")
    (failure,) = result.get_step_failure_events()
    stated = failure.step_failure_data.user_failure_data
    assert stated is not None
    assert json.loads(str(stated.metadata[REFUSED_BATCHES].value)) == ["tuesday"]
    assert "tuesday.csv lacks the column" in str(stated.description)
