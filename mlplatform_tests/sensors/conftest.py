"""A landing folder, its sensor, and an instance on disk: ticks as the daemon makes them, one call each."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from mlplatform.definitions import defs
from mlplatform.lineage.records import latest_by_batch
from mlplatform.resources.home import open_instance
from mlplatform.resources.landed_files import LandedFiles

NAME = "job_change_landing"


@dataclass
class LandingSensor:
    """The sensor of job_change; `cursor` is the one that was saved last."""

    folder: Path
    instance: dg.DagsterInstance
    definitions: dg.Definitions
    cursor: str | None = None
    landed_files: LandedFiles | None = None  # in place of the environment's

    def drop(self, name: str, content: str | bytes, age: float = 60) -> Path:
        """Write a file that was last changed `age` seconds ago."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.leave(file, age)

    def leave(self, file: Path, age: float = 60) -> Path:
        then = time.time_ns() - int(age * 1e9)
        os.utime(file, ns=(then, then))
        return file

    def tick(self, *, forgotten: bool = False) -> Any:
        """Evaluate once; a `forgotten` tick dies before its cursor is saved and its runs are launched."""
        resources = dict(self.definitions.resources or {})
        if self.landed_files:
            resources["landed_files"] = self.landed_files
        with (
            dg.build_sensor_context(
                instance=self.instance,
                cursor=self.cursor,
                definitions=self.definitions,
                resources=resources,
                sensor_name=NAME,
            ) as context,
            dg.partition_loading_context(dynamic_partitions_store=self.instance),
        ):
            evaluated = self.definitions.resolve_sensor_def(NAME).evaluate_tick(context)
        if not forgotten:
            self.cursor = evaluated.cursor
        return evaluated

    def settle(self) -> Any:
        """The second of two ticks: what is there now is complete."""
        first = self.tick()
        assert not first.run_requests
        return self.tick()

    def launch(
        self,
        requests: Sequence[dg.RunRequest],
        status: DagsterRunStatus = DagsterRunStatus.SUCCESS,
        **tags: str,
    ) -> list[str]:
        """Write the runs down as the daemon does, once per run key."""
        launched = []
        for request in requests:
            key = {"dagster/run_key": request.run_key}
            if not self.instance.get_runs(dg.RunsFilter(tags=key)):
                run = dg.DagsterRun(
                    job_name="job_change_update", status=status, tags={**request.tags, **key, **tags}
                )
                launched.append(self.instance.add_run(run).run_id)
        return launched

    def execute(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Do what was requested, here and now."""
        return self.definitions.resolve_job_def("job_change_update").execute_in_process(
            instance=self.instance,
            partition_key=request.partition_key,
            asset_selection=request.asset_selection,
            tags={**request.tags, "dagster/run_key": request.run_key},
            raise_on_error=False,
        )

    @property
    def batches(self) -> dict[str, str]:
        """The sha256 of each batch that has landed."""
        landed = latest_by_batch(self.instance, "job_change", "landed_file")
        return {batch: record.sha256 for batch, record in landed.items()}

    @property
    def versions(self) -> int:
        """How often anything has landed."""
        which = dg.AssetRecordsFilter(asset_key=dg.AssetKey(["job_change", "landed_file"]))
        return len(self.instance.fetch_materializations(which, limit=500).records)


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which nothing has happened yet. To make its databases costs more than to copy them."""
    folder = tmp_path_factory.mktemp("empty") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPLATFORM_HOME", str(folder))
        patch.setenv("DAGSTER_HOME", str(folder))
        open_instance().dispose()
    return folder


@pytest.fixture
def landing(home: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LandingSensor]:
    """An empty landing folder."""
    monkeypatch.delenv("MLPLATFORM_LANDING", raising=False)
    shutil.copytree(empty_home, home)
    with open_instance() as instance:
        yield LandingSensor(home / "landing" / "job_change", instance, defs())
