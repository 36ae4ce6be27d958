"""How a file was spelled is a fact of its batch: what the declaration says by now does not matter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlplatform.lineage import reproduction
from mlplatform.lineage.reproduction import Reproduction
from mlplatform.ml.file_format import FileFormat
from mlplatform_tests.history import NAME, History, history_in, shipped
from mlplatform_tests.lineage.test_reproduction import again

_UP_TO_THE_MODEL = ("raw", "validated", "quarantine", "features", "training_set", "validation_set", "model")


def trained_on_semicolons(history: History, folder: Path) -> None:
    """A model of one file with semicolons, by a declaration that says so; then it says commas."""
    spelled = FileFormat(delimiter=";", decimal=",", missing=("NA",))
    history.declaration = shipped().model_copy(update={"file": spelled})
    rows = history.declaration.sample(400, 3, False)  # type: ignore[misc]
    rows.to_csv(folder / "monday.csv", index=False, sep=";", decimal=",", na_rep="NA")
    history.resources["landed_files"].land(history.instance, NAME, folder / "monday.csv", "monday")
    assert history.materialize(*_UP_TO_THE_MODEL, batch="monday").success
    history.declaration = shipped()


def started_from(scratch: Path) -> list[str | None]:
    """The landed file of each batch, as the order to rebuild names it."""
    order = json.loads((scratch / "order.json").read_text(encoding="utf-8"))
    return [one["landed"] for one in order["batches"]]


def test_the_record_alone_says_how_to_read_the_file(tmp_path: Path) -> None:
    with history_in(tmp_path / "home") as history:
        trained_on_semicolons(history, tmp_path)
        assert again(history, tmp_path / "again") == Reproduction("identical")
        [landed] = started_from(tmp_path / "again")
        assert landed is not None
        assert Path(landed).read_bytes() == (tmp_path / "monday.csv").read_bytes()


def test_early_records_do_not_and_the_way_begins_at_the_validated_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with history_in(tmp_path / "home") as history:
        trained_on_semicolons(history, tmp_path)
        monkeypatch.setattr(reproduction, "spelling_recorded", lambda record: None)
        assert again(history, tmp_path / "again") == Reproduction("identical")
        assert started_from(tmp_path / "again") == [None]
        history.declaration = history.declaration.model_copy(
            update={"file": FileFormat(delimiter=";", decimal=",", missing=("NA",))}
        )
        assert again(history, tmp_path / "as-then") == Reproduction("identical")
        assert started_from(tmp_path / "as-then") != [None]
