"""A backlog of batches: neighbours share a run, a bad one fails alone, and everything can be mended later."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlplatform.cli.main import main
from mlplatform.lineage.records import latest_by_batch
from mlplatform.resources.home import open_instance

BATCHES, BAD = 24, "job_change_0011"


def command(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    """The answer of a command of this process, as JSON."""
    capsys.readouterr()
    ended = main([*arguments, "--json"])
    captured = capsys.readouterr()
    assert ended == code, captured.err
    return json.loads(captured.out)


@pytest.fixture
def landed(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder of files that have landed, one of which lacks a column."""
    command(
        capsys,
        "sample",
        "job_change",
        "--out",
        f"{tmp_path}/files",
        "--rows",
        "40",
        "--batches",
        f"{BATCHES}",
    )
    files = sorted((tmp_path / "files").glob("*.csv"))
    bad = tmp_path / "files" / f"{BAD}.csv"
    (tmp_path / "mended.csv").write_text(bad.read_text())
    bad.write_text(bad.read_text().replace("training_hours", "hours", 1))
    command(capsys, "land", "job_change", *map(str, files))
    return tmp_path


def test_one_bad_batch_among_many_fails_alone(landed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = command(capsys, "run", "job_change", "--to", "features", code=3)

    refused = {one["batch"]: one["refused"] for one in ran["batches"] if one["refused"]}
    assert list(refused) == [BAD]
    assert refused[BAD].startswith(f"{BAD}.csv lacks the column 'training_hours'")
    assert sum(one["validated"] == 40 for one in ran["batches"]) == BATCHES - 1
    assert command(capsys, "status", "job_change")["batches"] == ran["batches"]
    with open_instance() as instance:
        _every_partition_shows_its_own(instance)

    again = command(capsys, "run", "job_change", "--to", "features", code=3)
    assert len(again["run_ids"]) == 1  # the bad one alone is tried again
    command(capsys, "land", "job_change", f"{landed}/mended.csv", "--batch", BAD)
    mended = command(capsys, "run", "job_change", "--to", "features")
    assert not any(one["refused"] for one in mended["batches"])
    assert sum(one["validated"] for one in mended["batches"]) == 40 * BATCHES


def _every_partition_shows_its_own(instance: dg.DagsterInstance) -> None:
    """What the UI counts: materialized partitions, and the failed one with its own run and check."""
    validated = latest_by_batch(instance, "job_change", "validated")
    assert len(validated) == BATCHES - 1
    assert BAD not in validated
    for batch, record in validated.items():
        assert record.details["rows_in"] == record.details["validated"] == 40
        assert all(one["batch"] == batch for one in record.inputs)
    of_bad = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": BAD}))
    assert Counter(run.status for run in of_bad) == {dg.DagsterRunStatus.FAILURE: 1}
    key = dg.AssetCheckKey(dg.AssetKey(["job_change", "validated"]), "contract")
    said = instance.event_log_storage.get_asset_check_execution_history(key, limit=50)
    assert {one.partition for one in said if one.status.value == "FAILED"} == {BAD}


def test_a_backlog_becomes_what_its_batches_become_alone(
    landed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted((landed / "files").glob("*.csv"))[:2]
    command(capsys, "run", "job_change", "--to", "features", code=3)
    with open_instance() as instance:
        together = {b: r.sha256 for b, r in latest_by_batch(instance, "job_change", "features").items()}
    monkeypatch.setenv("MLPLATFORM_HOME", f"{landed}/alone")
    for file in files:
        command(capsys, "land", "job_change", str(file))
        command(capsys, "run", "job_change", "--to", "features")
    with open_instance() as instance:
        alone = {b: r.sha256 for b, r in latest_by_batch(instance, "job_change", "features").items()}
    assert len(alone) == 2
    assert alone == {batch: together[batch] for batch in alone}


def test_why_nothing_is_trained_is_said_by_status_too(
    landed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLPLATFORM_HOME", f"{landed}/few")
    command(capsys, "land", "job_change", f"{landed}/mended.csv")

    ran = command(capsys, "run", "job_change", code=3)

    assert "at least 50 are needed" in ran["training_refused"]
    assert command(capsys, "status", "job_change")["training_refused"] == ran["training_refused"]
    main(["status", "job_change"])
    assert f"Training is refused: {ran['training_refused']}" in capsys.readouterr().out
