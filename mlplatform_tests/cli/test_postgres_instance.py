"""The same commands with PostgreSQL behind Dagster's instance."""

from __future__ import annotations

from pathlib import Path

from mlplatform_tests.cli.conftest import command_in
from mlplatform_tests.postgres import postgres_server

SETTINGS = """
telemetry: {{enabled: false}}
storage:
  postgres:
    postgres_db: {{hostname: 127.0.0.1, port: {port}, username: mlplatform, password: "", db_name: postgres}}
"""


def test_records_and_plan_on_postgres(tmp_path: Path, first_run: Path) -> None:
    with postgres_server() as port:
        home = tmp_path / "home"
        home.mkdir()
        (home / "dagster.yaml").write_text(SETTINGS.format(port=port))
        mlplatform = command_in(home)
        file = first_run / "files" / "job_change_0001.csv"
        assert mlplatform("land", "job_change", file, "--json").json["landed"][0]["change"] == "new batch"

        done = mlplatform("run", "job_change", "--json")

        assert done.code == 0, done.err
        assert done.json["verdict"] == "PROMOTE"
        assert mlplatform("run", "job_change", "--json").json["ran"] == []
        assert not (home / "history" / "runs" / "index.db").exists()
        sqlite = command_in(first_run / "home")("status", "job_change", "--json").json
        postgres = mlplatform("status", "job_change", "--json").json
        for same in ("batches", "model_version", "metric", "verdict"):
            assert postgres[same] == sqlite[same]
