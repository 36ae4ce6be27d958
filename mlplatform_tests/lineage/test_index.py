"""The index spares reading the log, and nothing more: lost, damaged, of another log, it is made again."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlplatform.lineage import About, impact, live, reindex, trace
from mlplatform.lineage import index_update as updating
from mlplatform.lineage.records import Version, record_metadata
from mlplatform.ml.errors import WrongUsage
from mlplatform_tests.history import NAME, History, history_in
from mlplatform_tests.lineage.counted import statements
from mlplatform_tests.year import Told

ASK = """
import json, sys
from pathlib import Path
from mlplatform.lineage import trace
from mlplatform_tests.history import NAME, history_in
with history_in(Path(sys.argv[1])) as history:
    print(json.dumps(trace(history.instance, NAME, version=sys.argv[2]).document()))
"""


def index_of(history: History) -> Path:
    return history.home / "lineage.sqlite"


def answers(history: History, told: Told) -> str:
    """Many answers as one text."""
    store = history.resources["snapshots"]
    asked: list[Any] = [trace(history.instance, NAME, version=version).document() for version in told.models]
    for about in (About(batch=told.withdrawn), About(row=f"{next(iter(told.landed))}:3")):
        asked.append(impact(history.instance, NAME, about, snapshots=store).document())
    return json.dumps(asked)


def test_it_is_made_in_the_home_and_again_when_deleted(weeks: History, told: Told) -> None:
    assert not index_of(weeks).exists()
    first = answers(weeks, told)
    assert index_of(weeks).exists()
    index_of(weeks).unlink()
    assert answers(weeks, told) == first
    assert reindex(weeks.instance, [NAME]) > 100
    assert answers(weeks, told) == first


def _garbage(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)


def _cut_off(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _pages_overwritten(file: Path) -> None:
    content = bytearray(file.read_bytes())
    for start in range(8192, len(content) - 4096, 3 * 4096):
        content[start + 100 : start + 2000] = bytes(1900)
    file.write_bytes(content)


def _letters_changed(file: Path) -> None:
    """Within the texts: SQLite itself would notice nothing."""
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE events SET sha256 = 'f' || substr(sha256, 2) WHERE asset = 'features'")
    connection.close()


def _other_version(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()


def _tables_missing(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE uses")
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [_garbage, _cut_off, _empty, _pages_overwritten, _letters_changed, _other_version, _tables_missing],
)
def test_damage_is_noticed_and_mended(weeks: History, told: Told, damage: Any) -> None:
    first = answers(weeks, told)
    damage(index_of(weeks))
    assert answers(weeks, told) == first


def test_an_index_of_another_home_is_noticed(weeks: History, told: Told, tmp_path: Path) -> None:
    first = answers(weeks, told)
    with history_in(tmp_path / "other" / "home") as other:
        for batch in ("june", "july"):
            other.land(batch, seed=1, rows=10)
        with pytest.raises(WrongUsage, match="no model yet"):
            trace(other.instance, NAME)
        index_of(weeks).write_bytes(index_of(other).read_bytes())
    with history_in(weeks.home):
        assert answers(weeks, told) == first


def test_a_log_that_was_wiped_is_noticed(weeks: History, told: Told) -> None:
    answers(weeks, told)
    weeks.instance.wipe_assets([dg.AssetKey([NAME, "endpoint"])])
    assert live(weeks.instance, NAME, "2026-01-01").period is None
    assert trace(weeks.instance, NAME, version=told.models[0]).of("endpoint") == ()
    weeks.instance.wipe()
    with pytest.raises(WrongUsage, match="no model yet"):
        trace(weeks.instance, NAME)


def test_only_what_is_new_is_read(weeks: History, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "_SETTLED_AFTER_SECONDS", 0.0)
    read: list[int] = []
    writing = updating._write

    def noting(connection: Any, key: Any, events: Any, cursor: Any) -> None:
        read.append(len(events))
        writing(connection, key, events, cursor)

    monkeypatch.setattr(updating, "_write", noting)
    trace(weeks.instance, NAME, version=told.models[0])
    assert sum(read) > 100
    read.clear()
    trace(weeks.instance, NAME, version=told.models[1])
    assert read == []
    weeks.land("one_more", seed=3, rows=10)
    found = impact(weeks.instance, NAME, About(batch="one_more"), snapshots=weeks.resources["snapshots"])
    assert [one.asset for one in found.graph.nodes] == ["landed_file"]
    assert sum(read) == 1


def test_what_became_visible_late_is_read(weeks: History, told: Told) -> None:
    """Another writer's event may appear after one with a larger id; young events are read again."""
    trace(weeks.instance, NAME, version=told.models[0])
    with sqlite3.connect(index_of(weeks)) as connection:
        # as if this one had not been there at the last look, though a later one had
        last_two = connection.execute(
            "SELECT storage_id FROM events WHERE asset = 'approval' ORDER BY storage_id DESC LIMIT 2"
        ).fetchall()
        late = last_two[1][0]
        connection.execute("DELETE FROM events WHERE storage_id = ?", (late,))
        connection.execute("UPDATE cursors SET settled = ? WHERE asset = 'approval'", (0,))
    connection.close()
    version = next(one for _, one in told.live)
    assert late in {
        int(one.id.partition(":")[2]) for one in trace(weeks.instance, NAME, version=version).nodes
    }


def test_events_that_others_reported_change_nothing(weeks: History, told: Told) -> None:
    first = answers(weeks, told)
    for asset in ("model", "endpoint", "landed_file"):
        weeks.instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey([NAME, asset])))
    assert answers(weeks, told) == first
    assert answers(weeks, told) == first


def test_several_processes_ask_at_the_same_time(weeks: History, told: Told) -> None:
    version = told.models[-1]
    ask = [sys.executable, "-c", ASK, str(weeks.home), version]
    asked = [subprocess.Popen(ask, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    said = [one.communicate(timeout=300) for one in asked]
    assert [one.returncode for one in asked] == [0, 0, 0], said[0][1].decode()
    expected = trace(weeks.instance, NAME, version=version).document()
    assert [json.loads(out) for out, _ in said] == [json.loads(json.dumps(expected))] * 3


def test_an_instance_in_memory_has_an_index_in_memory(
    instance: dg.DagsterInstance, home: Path, tmp_path: Path
) -> None:
    instance.report_runless_asset_event(
        dg.AssetMaterialization(
            dg.AssetKey(["case", "landed_file"]),
            partition="june",
            metadata=record_metadata(Version("0" * 64, "0" * 64), details={"file": "june.csv"}),
        )
    )
    found = impact(instance, "case", About(batch="june"), snapshots=None)
    assert [one.sha256 for one in found.graph.nodes] == ["0" * 64]
    assert list(tmp_path.rglob("lineage.sqlite")) == []


def test_up_to_date_it_asks_the_log_once_per_asset(
    weeks: History, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updating, "_SETTLED_AFTER_SECONDS", 0.0)
    trace(weeks.instance, NAME, version=told.models[0])
    with statements() as sent:
        live(weeks.instance, NAME, "2026-01-01")
    of_the_log = [one for one in sent if "event_logs" in one or "asset_keys" in one]
    assert len(of_the_log) <= 2 * len(updating.INDEXED)  # Dagster asks twice for each page
