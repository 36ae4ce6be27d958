"""The same weeks with PostgreSQL behind Dagster's instance: the same answers."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as db
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata

from mlplatform.lineage import About, impact, live, trace
from mlplatform_tests.history import NAME, History, history_in
from mlplatform_tests.lineage.folded import Fold
from mlplatform_tests.postgres import DATABASE, USER
from mlplatform_tests.year import Told

SETTINGS = f"""
telemetry: {{{{enabled: false}}}}
storage:
  postgres:
    postgres_db:
      {{{{hostname: 127.0.0.1, port: {{port}}, username: {USER}, password: "", db_name: {DATABASE}}}}}
"""
TABLES = ("event_logs", "asset_keys", "dynamic_partitions")


def on_postgres(home: Path, elsewhere: Path, port: int) -> None:
    """A copy of a home whose events lie in a database, under the ids that they had."""
    shutil.copytree(home, elsewhere, ignore=shutil.ignore_patterns("history", "lineage.sqlite*"))
    (elsewhere / "dagster.yaml").write_text(SETTINGS.format(port=port))
    with history_in(elsewhere):
        pass  # the tables are there
    source = db.create_engine(f"sqlite:///{home / 'history' / 'runs' / 'index.db'}")
    target = db.create_engine(f"postgresql+psycopg2://{USER}@127.0.0.1:{port}/{DATABASE}")
    with source.connect() as reading, target.begin() as writing:
        for name in TABLES:
            table = SqlEventLogStorageMetadata.tables[name]
            rows = [dict(row._mapping) for row in reading.execute(db.select(table))]
            assert rows, f"nothing is recorded in {name}"
            writing.execute(db.insert(table), rows)
            next_id = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"
            writing.execute(db.text(next_id))
    source.dispose()
    target.dispose()


def answers(history: History, told: Told) -> dict[str, dict[str, Any]]:
    """To every kind of question, by what was asked."""
    instance, store = history.instance, history.resources["snapshots"]
    rows = (
        About(batch=told.withdrawn),
        About(row=f"{told.withdrawn}:1"),
        About(batch=sorted(told.landed)[-1]),
    )
    moments = [datetime.fromtimestamp(time, UTC) for time, _ in told.live]
    return {
        **{version: trace(instance, NAME, version=version).document() for version in told.models},
        **{str(one): impact(instance, NAME, one, snapshots=store).document() for one in rows},
        **{str(moment): live(instance, NAME, moment).document() for moment in moments},
    }


def test_the_answers_are_the_same(weeks: History, told: Told, tmp_path: Path, postgres: int) -> None:
    expected = answers(weeks, told)
    home = tmp_path / "elsewhere" / "home"
    on_postgres(weeks.home, home, postgres)
    with history_in(home) as history:
        assert not (home / "history" / "runs" / "index.db").exists()
        history.declaration = weeks.declaration
        assert answers(history, told) == expected
        fold = Fold(history.instance, NAME, home / "snapshots")
        for version in told.models:
            ids = {int(one["id"].partition(":")[2]) for one in expected[version]["nodes"]}
            assert ids == fold.trace(version)
        assert [fold.live_at(time) for time, _ in told.live] == [version for _, version in told.live]
        corrected = sorted(told.landed)[-2]
        history.land(corrected, seed=11, rows=80)
        assert history.materialize("raw", "validated", "quarantine", "features", batch=corrected).success
        found = trace(history.instance, NAME, version=told.models[-1]).document()
        assert found == expected[told.models[-1]]  # what is new is no part of what was made before
        reached = impact(
            history.instance, NAME, About(batch=corrected), snapshots=history.resources["snapshots"]
        )
        assert len(reached.graph.of("features")) == 2
