"""Deleting versions: the name first, whatever happens then."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from mlplatform.resources.disposal import discard, stored_in
from mlplatform.resources.landed_files import LandedFiles
from mlplatform.resources.snapshots import Snapshots


def test_what_lies_in_a_store(tmp_path: Path) -> None:
    snapshots = Snapshots(root=str(tmp_path))
    places = {
        "case/features/monday/a.parquet": b"123",
        "case/features/monday/.tmp-b": b"4",
        "case/model/0123456789ab/code/features.py": b"56",
        "case/model/0123456789ab/model.skops": b"7",
        "case/model/.tmp-c/0123456789ab/model.skops": b"8",
        "case/drift/d.json": b"9",
        "case/unknown/e.json": b"is no asset's",
    }
    for path, content in places.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)

    found = {one.path: (one.asset, one.batch, one.bytes) for one in snapshots.stored("case")}

    assert found == {
        "case/features/monday/a.parquet": ("features", "monday", 3),
        "case/features/monday/.tmp-b": ("features", "monday", 1),
        "case/model/0123456789ab": ("model", None, 3),
        "case/model/.tmp-c": ("model", None, 1),
        "case/drift/d.json": ("drift", None, 1),
    }
    assert list(snapshots.stored("other")) == []
    assert list(LandedFiles(root=str(tmp_path / "none")).stored()) == []
    for path in found:
        snapshots.discard(path)
        snapshots.discard(path)  # gone already
    assert list(snapshots.stored("case")) == []


def test_nobody_ever_finds_half_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "0123456789ab"
    folder.mkdir()
    (folder / "model.skops").write_bytes(b"1")
    remove = shutil.rmtree

    def dying(place: Path) -> Any:
        assert not folder.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", dying)
    with pytest.raises(KeyboardInterrupt):
        discard(folder)
    monkeypatch.setattr(shutil, "rmtree", remove)
    (left,) = stored_in(tmp_path, "", "model")
    assert left.name.startswith(".tmp-") and left.bytes == 1
    discard(tmp_path / left.name)
    assert list(tmp_path.iterdir()) == []
