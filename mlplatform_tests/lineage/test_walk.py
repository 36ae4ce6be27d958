"""From any model every hash is computed again down to the landed bytes, whatever happened on the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlplatform.assets import specs
from mlplatform.lineage.records import Record, by_storage_id, latest_of
from mlplatform.lineage.walk import walk
from mlplatform.ml.steps import ASSETS, LANDED_FILE, PER_BATCH
from mlplatform.resources.snapshots import Snapshots
from mlplatform_tests.cli.conftest import command_in
from mlplatform_tests.history import NAME, History, history_in

BATCHES = ("monday", "tuesday", "wednesday")
UI_LIKE = """
import sys
from pathlib import Path
from mlplatform.ml.steps import ASSETS
from mlplatform_tests.history import history_in

with history_in(Path(sys.argv[1])) as history:
    sys.exit(0 if history.materialize(*ASSETS, batch=sys.argv[2]).success else 1)
"""


def everything(history: History) -> list[Record]:
    """Every version of every asset that was ever recorded."""
    found = []
    for asset in (LANDED_FILE, *ASSETS):
        key = dg.AssetKey([NAME, asset])
        events = history.instance.fetch_materializations(key, limit=1000).records
        found += by_storage_id(history.instance, NAME, asset, [one.storage_id for one in events])
    return found


def landed_below(history: History, record: Record) -> set[tuple[str | None, str]]:
    """Batch and hash of the landed files that a record was made from."""
    walked = walk(history.instance, NAME, record)
    return {(one.batch, one.sha256) for one in walked if one.asset == LANDED_FILE}


def test_several_batches_one_landed_again_and_a_step_that_was_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(specs, "RETRIES", dg.RetryPolicy(max_retries=3, delay=0.01))
    write, failures = Snapshots.write_table, ["features", "raw"]

    def writing(self: Snapshots, use_case: str, asset: str, batch: str | None, table: Any) -> Any:
        stored = write(self, use_case, asset, batch, table)
        if asset in failures:  # after the write: the step is repeated on what it has left
            failures.remove(asset)
            raise OSError(5, "Input/output error")
        return stored

    monkeypatch.setattr(Snapshots, "write_table", writing)
    with history_in(tmp_path / "home") as history:
        for seed, batch in enumerate(BATCHES, start=1):
            history.land(batch, seed, rows=200)
        first = {one.batch: one.sha256 for one in latest_of(history.instance, NAME, LANDED_FILE)}
        for batch in BATCHES:
            assert history.materialize("raw", "validated", "quarantine", "features", batch=batch).success
        assert failures == []
        assert history.materialize("training_set", "validation_set", "model").success
        older = history.latest("model")

        history.land("tuesday", seed=9, rows=250)
        second = {one.batch: one.sha256 for one in latest_of(history.instance, NAME, LANDED_FILE)}
        assert history.materialize(*ASSETS, batch="tuesday").success
        newer = history.latest("model")

        assert landed_below(history, older) == set(first.items())
        assert landed_below(history, newer) == set(second.items())
        assert len(set(first.items()) ^ set(second.items())) == 2
        assert history.prove(older, newer, history.latest("model_card")) == []
        assert history.prove(*everything(history)) == []


def test_one_query_per_level_and_asset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with history_in(tmp_path / "home") as history:
        for seed, batch in enumerate(BATCHES, start=1):
            history.land(batch, seed, rows=200)
            assert history.materialize("raw", "validated", "quarantine", "features", batch=batch).success
        assert history.materialize("training_set", "validation_set").success
        training_set, fetch, asked = (
            history.latest("training_set"),
            history.instance.fetch_materializations,
            [],
        )

        def fetching(records_filter: Any, *args: Any, **options: Any) -> Any:
            asked.append(records_filter.asset_key.path[-1])
            return fetch(records_filter, *args, **options)

        monkeypatch.setattr(history.instance, "fetch_materializations", fetching)
        assert len(walk(history.instance, NAME, training_set)) == 1 + 3 * 4
        assert asked == ["features", "validated", "raw", LANDED_FILE]


def test_runs_at_the_same_time_record_what_they_really_read(tmp_path: Path) -> None:
    """Two commands and two runs as of the UI, all at once; then a batch lands again and two more."""
    home = tmp_path / "home"
    with history_in(home) as history:
        for seed, batch in enumerate(BATCHES, start=1):
            history.land(batch, seed, rows=200)
            if batch != "wednesday":
                assert history.materialize("raw", "validated", "quarantine", "features", batch=batch).success

        def at_once(*started: list[str]) -> None:
            processes = [
                subprocess.Popen([sys.executable, *one], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
                for one in started
            ]
            for one in processes:
                _, said = one.communicate(timeout=300)
                assert one.returncode in (0, 3), said.decode()  # 3: the gate said no to so few rows

        run = ["-m", "mlplatform", "run", NAME]
        click = ["-c", UI_LIKE, str(home)]
        history.land("monday", seed=7, rows=220)
        at_once(run, [*click, "wednesday"], [*click, "monday"])

        records = everything(history)
        assert {one.batch for one in records if one.asset == "features"} == set(BATCHES)
        assert history.prove(*records) == []
        assert not [one for one in records if one.asset in PER_BATCH and one.batch is None]
        # what counts in the end was made from what had landed last
        assert command_in(home)("run", NAME).code in (0, 3)
        landed = {(one.batch, one.sha256) for one in latest_of(history.instance, NAME, LANDED_FILE)}
        assert landed_below(history, history.latest("model")) == landed
