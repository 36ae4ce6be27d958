"""kill -9 in the middle of every write and at every step boundary: nothing is lost and nothing is half."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from mlplatform.lineage.records import Record, latest_by_batch, latest_of
from mlplatform.ml.steps import ASSETS, STEPS
from mlplatform_tests.history import NAME, History, history_in

BATCHES = ("monday", "tuesday")


def two_batches(home: Path) -> None:
    """200 rows each, some of which break the contract."""
    with history_in(home) as history:
        for seed, batch in enumerate(BATCHES, start=1):
            rows = history.declaration.sample(200, seed, False)  # type: ignore[misc]
            rows.loc[[3, 77, 150], "training_hours"] = -1
            file = home.parent / f"{batch}.csv"
            rows.to_csv(file, index=False)
            history.resources["landed_files"].land(history.instance, NAME, file, batch)


def test_runs_killed_at_every_point_come_to_the_same_as_one_left_in_peace(tmp_path: Path) -> None:
    home, other = tmp_path / "killed" / "home", tmp_path / "other" / "home"
    home.parent.mkdir()
    two_batches(home)
    shutil.copytree(home, other, copy_function=shutil.copy2)

    command = [sys.executable, "-m", "mlplatform_tests.cli.killed", str(home), str(other)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path.cwd(), timeout=580)

    assert done.returncode == 0, done.stderr[-5000:]
    _every_write_and_event_was_hit([tuple(json.loads(line)) for line in done.stdout.splitlines()])
    with history_in(home) as history:
        killed = _outcome(history)
        _no_row_is_lost(history)
    with history_in(other) as history:
        assert killed == _outcome(history)


def _every_write_and_event_was_hit(points: list[tuple[str, ...]]) -> None:
    assert len(set(points)) == len(points)
    for step in STEPS:
        for asset in step.outputs:
            for batch in BATCHES if step.per_batch else (None,):
                place = (asset, batch) if batch else (asset,)
                assert any(one[: len(place) + 1] == ("half of", *place) for one in points), place
                wanted = ("before the event of", asset)
                assert any(one[:2] == wanted and batch in (None, one[2]) for one in points), place
    assert points[-1][:2] == ("after the event of", "model_card")


def _outcome(history: History) -> dict[tuple[str, str | None], str]:
    """The hash of every version that counts. The card says when its model was made, which differs."""
    records = [one for asset in ASSETS for one in latest_of(history.instance, NAME, asset)]
    return {(one.asset, one.batch): _content(history, one) for one in records}


def _content(history: History, record: Record) -> str:
    if record.asset != "model_card":
        return record.sha256
    page = (history.home / "snapshots" / record.path).read_text(encoding="utf-8")
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "some time", page)


def _no_row_is_lost(history: History) -> None:
    by_asset = {
        asset: latest_by_batch(history.instance, NAME, asset)
        for asset in ("raw", "validated", "quarantine", "features")
    }
    for batch in BATCHES:
        rows = {
            asset: set(
                history.resources["snapshots"].read_table(found[batch].path, ["row_id"]).column(0).to_pylist()
            )
            for asset, found in by_asset.items()
        }
        assert len(rows["raw"]) == 200 and len(rows["quarantine"]) == 3
        assert rows["validated"] | rows["quarantine"] == rows["raw"]
        assert not rows["validated"] & rows["quarantine"]
        assert rows["features"] == rows["validated"]
