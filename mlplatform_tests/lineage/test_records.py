import dagster as dg
import pytest

from mlplatform.lineage.records import (
    Record,
    Stamp,
    Version,
    by_storage_id,
    latest,
    latest_by_batch,
    latest_of,
    record_metadata,
)
from mlplatform.ml.planning import Input

SHA = "{:064x}".format


def report(
    instance: dg.DagsterInstance,
    asset: str,
    number: int,
    batch: str | None = None,
    *,
    use_case: str = "case",
    inputs: tuple[Record, ...] = (),
) -> None:
    """A materialization as the platform records it, with `number` as its content."""
    record = record_metadata(
        Version(SHA(number), f"{asset}/{number}", number),
        stamp=Stamp(f"fingerprint {number}", "code", "parameters"),
        seconds=0.5,
        details={"number": number},
        checks=[{"name": "contract", "passed": True, "severity": "ERROR"}],
        inputs=inputs,
    )
    key, tags = dg.AssetKey([use_case, asset]), {"dagster/data_version": SHA(number)}
    instance.report_runless_asset_event(
        dg.AssetMaterialization(key, partition=batch, tags=tags, metadata={**record, "further": "shown"})
    )


def report_by_hand(instance: dg.DagsterInstance, asset: str, batch: str | None = None) -> None:
    """Somebody else's event, such as one from the button in the UI."""
    key = dg.AssetKey(["case", asset])
    instance.report_runless_asset_event(
        dg.AssetMaterialization(key, partition=batch, metadata={"note": "by hand"})
    )


def test_a_record_comes_back_as_it_was_written(instance: dg.DagsterInstance) -> None:
    report(instance, "features", 1, "june")
    (read,) = latest_of(instance, "case", "features")
    report(instance, "training_set", 7, inputs=(read,))
    record = latest(instance, "case", "training_set")
    assert record is not None
    assert (record.asset, record.batch, record.sha256) == ("training_set", None, SHA(7))
    assert (record.path, record.fingerprint) == ("training_set/7", "fingerprint 7")
    assert (record.rows, record.seconds, record.details) == (7, 0.5, {"number": 7})
    assert record.checks == ({"name": "contract", "passed": True, "severity": "ERROR"},)
    assert record.inputs[0]["storage_id"] == read.storage_id
    assert record.read_inputs() == (Input("features", "june", SHA(1)),) == (read.as_input(),)
    assert record.metadata["further"].value == "shown"


def test_nothing_made_nothing_found(instance: dg.DagsterInstance) -> None:
    assert latest(instance, "case", "model") is None
    assert latest_by_batch(instance, "case", "raw") == {}
    assert latest_of(instance, "case", "model") == latest_of(instance, "case", "raw") == []
    assert by_storage_id(instance, "case", "raw", []) == []


def test_the_latest_version_counts_per_batch_and_per_use_case(instance: dg.DagsterInstance) -> None:
    for number, batch in enumerate(["b", "a", "b", "c"]):
        report(instance, "raw", number, batch)
    report(instance, "raw", 99, "b", use_case="other")
    found = latest_by_batch(instance, "case", "raw")
    assert {batch: record.rows for batch, record in found.items()} == {"a": 1, "b": 2, "c": 3}
    assert [record.batch for record in latest_of(instance, "case", "raw")] == ["a", "b", "c"]
    assert list(latest_by_batch(instance, "case", "raw", ["b", "absent"])) == ["b"]
    assert latest_by_batch(instance, "case", "raw", []) == {}


def test_the_latest_version_of_an_unpartitioned_asset_counts(instance: dg.DagsterInstance) -> None:
    for number in range(3):
        report(instance, "model", number)
    assert [record.rows for record in latest_of(instance, "case", "model")] == [2]


def test_particular_versions_are_found_again(instance: dg.DagsterInstance) -> None:
    ids = []
    for number in range(4):
        report(instance, "model", number)
        record = latest(instance, "case", "model")
        assert record is not None
        ids.append(record.storage_id)
    assert {record.rows for record in by_storage_id(instance, "case", "model", ids[1:3])} == {1, 2}


def test_many_batches_are_read_whole(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlplatform.lineage.records._IDS_PER_QUERY", 50)
    names = [f"b{number:03}" for number in range(120)]
    for number, batch in enumerate(names):
        report(instance, "raw", number, batch)
    found = latest_by_batch(instance, "case", "raw")
    assert {batch: record.rows for batch, record in found.items()} == {b: n for n, b in enumerate(names)}


def test_more_batches_than_one_query_takes(instance: dg.DagsterInstance) -> None:
    for number in range(510):
        report(instance, "raw", number, f"b{number:03}")
    assert len(latest_by_batch(instance, "case", "raw")) == 510


def test_events_of_others_hide_nothing(instance: dg.DagsterInstance) -> None:
    report_by_hand(instance, "model")
    assert latest(instance, "case", "model") is None
    report(instance, "model", 1)
    report(instance, "raw", 2, "june")
    for _ in range(3):
        report_by_hand(instance, "model")
        report_by_hand(instance, "raw", "june")
        report_by_hand(instance, "raw", "july")
    record = latest(instance, "case", "model")
    assert record is not None and record.rows == 1
    assert {batch: one.rows for batch, one in latest_by_batch(instance, "case", "raw").items()} == {"june": 2}
