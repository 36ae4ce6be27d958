"""The same weeks with PostgreSQL behind Dagster's instance: the same answers."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from mlplatform.lineage import About, Graph, impact, live, trace
from mlplatform_tests.history import NAME, History, history_in
from mlplatform_tests.lineage.conftest import WEEKS
from mlplatform_tests.lineage.folded import Fold
from mlplatform_tests.postgres import postgres_server
from mlplatform_tests.year import Told, a_year

SETTINGS = """
telemetry: {{enabled: false}}
storage:
  postgres:
    postgres_db: {{hostname: 127.0.0.1, port: {port}, username: mlplatform, password: "", db_name: postgres}}
"""


def _until_it_answers(home: Path) -> None:
    """A server accepts connections a moment before it accepts log-ins."""
    for _ in range(20):
        try:
            with history_in(home):
                return
        except Exception as error:
            said = error
            time.sleep(0.5)
    raise AssertionError(said)


def versions_of(graph: Graph) -> set[tuple[str, str | None, str]]:
    """What does not depend on when and where it was made, as what cards and deployments say does."""
    others = ("endpoint", "model_card")
    return {(one.asset, one.batch, one.sha256) for one in graph.nodes if one.asset not in others}


def answers(history: History, told: Told) -> list[object]:
    store = history.resources["snapshots"]
    asked: list[object] = [versions_of(trace(history.instance, NAME, version=one)) for one in told.models]
    for about in (About(batch=told.withdrawn), About(row=f"{told.withdrawn}:1")):
        found = impact(history.instance, NAME, about, snapshots=store)
        asked += [versions_of(found.graph), found.advice]
    return asked


def test_the_answers_are_the_same(weeks: History, told: Told, tmp_path: Path) -> None:
    expected = answers(weeks, told)
    with postgres_server() as port:
        home = tmp_path / "postgres" / "home"
        home.mkdir(parents=True)
        (home / "dagster.yaml").write_text(SETTINGS.format(port=port))
        _until_it_answers(home)
        again = a_year(home, WEEKS)
        assert again.models == told.models
        with history_in(home) as history:
            assert not (home / "history" / "runs" / "index.db").exists()
            assert answers(history, again) == expected
            fold = Fold(history.instance, NAME, home / "snapshots")
            for version in again.models:
                graph = trace(history.instance, NAME, version=version)
                assert {int(one.id.partition(":")[2]) for one in graph.nodes} == fold.trace(version)
            for time_, version in again.live:
                found = live(history.instance, NAME, datetime.fromtimestamp(time_, UTC))
                assert found.document()["live"]["model_version"] == version == fold.live_at(time_)
