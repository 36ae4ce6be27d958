"""A program that imports everything once and forks runs, which are killed, each at another point.

`python -m mlplatform_tests.cli.killed HOME OTHER`: both homes have landed batches. In HOME one run after the
other is killed the first time that it comes to a point where none was killed before, until one comes through.
Before and after each run everything in the home is proven. In OTHER one run is left in peace. Prints the
points, one JSON list per line.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

NAME = "job_change"


def main(home: Path, other: Path) -> int:
    """0 when every run that was not killed came through, and everything was in order each time."""
    import_module("mlplatform.definitions").defs()
    noted, modules = home.parent / "points", home.parent / "modules"
    noted.touch()
    if _in_fork(other, None, modules) != 0:
        return 1
    for name in modules.read_text().split():  # so that the other forks begin at once
        with suppress(Exception):
            import_module(name)
    while os.WIFSIGNALED(status := _in_fork(home, noted)):
        assert os.WTERMSIG(status) == signal.SIGKILL
    sys.stdout.write(noted.read_text())
    return os.waitstatus_to_exitcode(status)


def _in_fork(home: Path, noted: Path | None, modules: Path | None = None) -> int:
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    os.environ["MLPLATFORM_HOME"] = os.environ["DAGSTER_HOME"] = str(home)
    try:
        _run(noted)
        if modules:
            modules.write_text(" ".join(sys.modules))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _run(noted: Path | None) -> None:
    from mlplatform.cli.location import open_location
    from mlplatform.cli.run import bring_up_to_date

    location = open_location()
    look_over(location)
    if noted:
        be_killed_at_a_new_point(noted)
    done, _ = bring_up_to_date(location, location.use_case(NAME))
    assert not done.failures, done.failures
    look_over(location)


def look_over(location: Any) -> None:
    """Whatever has the name of a version is whole, no batch is lost, and all that is recorded is proven."""
    from mlplatform.lineage.proof import prove
    from mlplatform.lineage.records import landed_batches, latest_of
    from mlplatform.lineage.walk import walk
    from mlplatform.ml.garbage import TEMPORARY
    from mlplatform.ml.steps import ASSETS

    for one in location.snapshots.stored(NAME):
        if not one.name.startswith(TEMPORARY):
            assert name_of_content(location.snapshots, one.path) == one.name.partition(".")[0], one
    assert landed_batches(location.instance, NAME) == ["monday", "tuesday"]
    records = [one for asset in ASSETS for one in latest_of(location.instance, NAME, asset)]
    walked = walk(location.instance, NAME, *records)
    assert prove(walked, location.snapshots, location.landed_files) == []


def name_of_content(snapshots: Any, path: str) -> str:
    """What a version has to be called, from what is in it."""
    from mlplatform.container.scoring import Model
    from mlplatform.ml.hashing import digest, file_sha256
    from mlplatform.ml.table_hash import table_hash

    place: Path = snapshots.place(path)
    if place.is_dir():
        model = Model(place)
        model.prove(model.manifest["artifact_sha256"], model.manifest["code_sha256"])
        assert model.metrics["training_rows"]
        return str(model.manifest["version"])
    if place.suffix == ".parquet":
        return table_hash(snapshots.read_table(path))
    if place.suffix == ".json":
        document = snapshots.read_json(path)
        return str(document.get("digest") or digest(document))
    return file_sha256(place)


def be_killed_at_a_new_point(noted: Path) -> None:
    """From now on: in the middle of each write to the store, and before each materialization."""
    passed = set(noted.read_text().splitlines())

    def point(*what: str, just_before: Callable[[], Any] = lambda: None) -> None:
        line = json.dumps(what)
        if line not in passed:
            with noted.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
            just_before()
            os.kill(os.getpid(), signal.SIGKILL)

    _patch_writes(point)
    _patch_events(point)


def _patch_writes(point: Callable[..., None]) -> None:
    import pyarrow.parquet as pq

    write_table, write_bytes, copytree = pq.write_table, Path.write_bytes, shutil.copytree

    def half_a_table(table: Any, where: Path, **options: Any) -> None:
        write_table(table, where, **options)
        half = where.stat().st_size // 2
        point("half of", *_place(where), just_before=lambda: os.truncate(where, half))

    def half_the_bytes(path: Path, content: bytes) -> int:
        if "snapshots" in path.parts:
            what = (*_place(path), sha256(content).hexdigest()[:12])  # an evaluation has several files
            point("half of", *what, just_before=lambda: write_bytes(path, content[: len(content) // 2]))
        return write_bytes(path, content)

    def half_a_folder(source: Any, target: Any, *options: Any, **more: Any) -> Any:
        copied = copytree(source, target, *options, **more)
        if Path(target).parent.name.startswith(".tmp-"):  # else a folder in the folder
            whole = Path(target)
            point("half of", *_place(whole), just_before=lambda: shutil.rmtree(whole / "code"))
        return copied

    pq.write_table = half_a_table
    Path.write_bytes = half_the_bytes  # type: ignore[assignment,method-assign]
    shutil.copytree = half_a_folder  # type: ignore[assignment]


def _place(path: Path) -> tuple[str, ...]:
    """Asset and batch of a temporary file or folder in the store."""
    below = path.parts[path.parts.index("snapshots") + 2 :]
    return tuple(part for part in below[:-1] if not part.startswith(".tmp-"))


def _patch_events(point: Callable[..., None]) -> None:
    """After an event comes the next write or event, so that the state after it is another point's."""
    from dagster import DagsterEventType
    from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

    store = SqliteEventLogStorage.store_event

    def store_event(self: Any, event: Any) -> None:
        told = event.dagster_event
        if told is None or told.event_type is not DagsterEventType.ASSET_MATERIALIZATION:
            store(self, event)
            return
        what = (told.asset_key.path[-1], str(told.partition))
        point("before the event of", *what)
        store(self, event)
        if what[0] == "model_card":  # nothing comes after it
            point("after the event of", *what)

    SqliteEventLogStorage.store_event = store_event  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
