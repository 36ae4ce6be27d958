from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlplatform.lineage.reproduction import Reproduction, reproduce
from mlplatform.lineage.walk import walk
from mlplatform.ml.errors import WrongUsage
from mlplatform_tests.history import NAME, History, history_in


@pytest.fixture
def history(trained_home: Path, tmp_path: Path) -> Iterator[History]:
    shutil.copytree(trained_home, tmp_path / "home", copy_function=shutil.copy2)
    with history_in(tmp_path / "home") as found:
        yield found


def again(
    history: History, scratch: Path, version: str | None = None, *, at_most: float = 600
) -> Reproduction:
    stores = history.resources
    return reproduce(
        history.instance,
        history.declaration,
        version or str(history.latest("model").details["version"]),
        stores["snapshots"],
        stores["landed_files"],
        scratch,
        at_most=at_most,
    )


def place_of(history: History, asset: str) -> Path:
    """Where the version of an asset that the model was made from lies."""
    walked = walk(history.instance, NAME, history.latest("model"))
    record = next(one for one in walked if one.asset == asset)
    return history.resources["landed_files" if asset == "landed_file" else "snapshots"].place(record.path)


def flip_a_byte(place: Path) -> None:
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(content)


def test_the_same_bytes_with_other_threads_and_hashes_around(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("PYTHONHASHSEED", "77")
    assert again(history, tmp_path / "again") == Reproduction("identical")
    rebuilt = tmp_path / "again" / "model" / "model.skops"
    stored = history.resources["snapshots"].place(history.latest("model").path) / "model.skops"
    assert rebuilt.read_bytes() == stored.read_bytes()


@pytest.mark.parametrize("asset", ["landed_file", "raw", "validated", "features"])
def test_one_byte_of_what_it_was_made_from_is_named_and_nothing_else(
    history: History, tmp_path: Path, asset: str
) -> None:
    place = place_of(history, asset)
    flip_a_byte(place)
    found = again(history, tmp_path / "again")
    assert found.result == "different"
    [reason] = found.because
    assert reason.startswith(f"{asset} of ")
    assert place.name in reason


def test_a_version_that_does_not_exist_is_refused_with_those_that_do(
    history: History, tmp_path: Path
) -> None:
    with pytest.raises(WrongUsage, match=str(history.latest("model").details["version"])):
        again(history, tmp_path / "again", "0123456789ab")


def test_one_byte_of_one_file_of_its_code_names_that_file(history: History, tmp_path: Path) -> None:
    folder = history.resources["snapshots"].place(history.latest("model").path)
    changed = folder / "code" / "features.py"
    changed.write_bytes(changed.read_bytes() + b"\n")
    found = again(history, tmp_path / "again")
    assert found.result == "different"
    [reason] = found.because
    assert f"{history.latest('model').path}/code/features.py" in reason
