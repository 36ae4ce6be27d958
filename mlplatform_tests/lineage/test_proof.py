"""Whatever is changed in a store is found and named, and nothing is found where nothing was changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlplatform.lineage.proof import prove
from mlplatform.lineage.records import Record
from mlplatform.lineage.walk import walk
from mlplatform_tests.history import NAME, History, history_in

TOLD = ("endpoint", "model_card", "evaluation")


@pytest.fixture
def history(trained_home: Path, tmp_path: Path) -> Iterator[History]:
    """A copy of a home with one model, which is approved and live here."""
    shutil.copytree(trained_home, tmp_path / "home", copy_function=shutil.copy2)
    with history_in(tmp_path / "home") as opened:
        version = str(opened.latest("model").details["version"])
        opened.say(version)
        opened.deploy(version)
        yield opened


@pytest.fixture
def findings(history: History) -> Callable[[], list[tuple[str, str | None, str]]]:
    """Asset, batch and path of every finding on the way from what is live."""
    stores = history.resources
    walked = walk(history.instance, NAME, *map(history.latest, TOLD))

    def found() -> list[tuple[str, str | None, str]]:
        proven = prove(walked, stores["snapshots"], stores["landed_files"])
        return [(one.asset, one.batch, one.path) for one in proven]

    return found


def stored(history: History) -> list[Path]:
    folders = (history.home / "snapshots", history.home / "landed")
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def a_letter_changed(path: Path) -> None:
    """One letter or digit in the first half is another one; of a table, a byte inside its first pages."""
    content = bytearray(path.read_bytes())
    start = len(content) // (4 if path.suffix == ".parquet" else 3)
    at = next(n for n in range(start, len(content)) if chr(content[n]).isalnum())
    content[at] ^= 1
    path.write_bytes(content)


def a_row_less(path: Path) -> None:
    """A whole table, but not the one that was stored: one row less, or one where there was none."""
    table = pq.read_table(path)
    other = table.slice(1) if table.num_rows else pa.table({"row_id": ["monday:000000001"]})
    pq.write_table(other, path)


def test_what_nobody_touched_is_proven(history: History, findings: Any) -> None:
    assert findings() == []
    walked = walk(history.instance, NAME, *map(history.latest, TOLD))
    assert {one.asset for one in walked} >= {*TOLD, "approval", "quarantine", "raw", "landed_file"}
    assert walked[: len(TOLD)] == [history.latest(asset) for asset in TOLD]
    assert len({one.storage_id for one in walked}) == len(walked)


def test_every_change_of_a_stored_file_is_found_and_named(history: History, findings: Any) -> None:
    files = [path for path in stored(history) if path.suffix != ".parquet" or pq.read_table(path).num_rows]
    assert len(files) > 15
    for path in files:
        a_letter_changed(path)
    named = " ".join(path for _, _, path in findings())
    for path in files:
        # the files of a model's code are proven together
        place = path.parent if path.parent.name == "code" else path
        assert place.name in named, path


@pytest.mark.parametrize("change", [a_row_less, Path.unlink])
def test_every_table_that_is_another_or_gone_is_found_and_named(
    change: Any, history: History, findings: Any
) -> None:
    tables = [path for path in stored(history) if path.suffix == ".parquet"]
    assert {path.parents[1].name for path in tables} == {"raw", "validated", "quarantine", "features"}
    for path in tables:
        change(path)
    found = {(asset, batch) for asset, batch, path in findings() if path.endswith(".parquet")}
    assert found >= {(path.parents[1].name, path.parent.name) for path in tables}


def test_only_what_was_changed_is_named(history: History, findings: Any) -> None:
    model = history.latest("model")
    paths = (history.latest("evaluation").path, f"{model.path}/baseline.json", f"{model.path}/metrics.json")
    for path in paths:
        place = history.home / "snapshots" / path
        before = place.read_bytes()
        a_letter_changed(place)
        assert [named for _, _, named in findings()] == [path]
        place.write_bytes(before)
    (history.home / "snapshots" / model.path / "code" / "more.py").write_text("x = 1\n")
    assert findings() == [("model", None, f"{model.path}/code")]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda document: document.update(rows=7), "rows of"),
        (lambda document: document["parts"][0]["classes"].update({"0": 7}), "classes of"),
        (lambda document: document["parts"][0].update(path="elsewhere"), "parts of"),
        (
            lambda document: document["parts"][0].update(
                validated=document["parts"][0]["validated"].replace("/validated/", "/raw/")
            ),
            "validated of",
        ),
    ],
)
def test_what_the_digest_of_a_set_does_not_cover(
    change: Any, what: str, history: History, findings: Any
) -> None:
    training_set = history.latest("training_set")
    place = history.home / "snapshots" / training_set.path
    document = json.loads(place.read_text())
    change(document)
    place.write_text(json.dumps(document))
    assert [path for asset, _, path in findings() if asset == "training_set" and path.startswith(what)]


def test_records_that_disagree(history: History) -> None:
    """A record says other than what it names, or names an event that is not there."""
    stores = history.resources
    walked = walk(history.instance, NAME, history.latest("model"))
    model = walked[0]
    (read,) = model.inputs

    def findings(**changed: Any) -> list[str]:
        other = [Record(**{**vars(model), **changed}), *walked[1:]]
        return [str(one) for one in prove(other, stores["snapshots"], stores["landed_files"])]

    assert findings() == []
    assert any(
        f"event {read['storage_id']}" in one for one in findings(inputs=({**read, "sha256": "f" * 64},))
    )
    (gone,) = (one for one in findings(inputs=({**read, "storage_id": 10**9},)) if "event" in one)
    assert gone.startswith("model: event 1000000000: expected ('training_set', None,")
    assert gone.endswith("found nothing")
    assert any("identity in" in one for one in findings(sha256="f" * 64))
    assert any("rows of" in str(one) for one in prove(
        [Record(**{**vars(one), "rows": 1}) for one in walked], stores["snapshots"], stores["landed_files"]
    ))  # fmt: skip
