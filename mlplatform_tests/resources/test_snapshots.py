import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.table_hash import table_hash
from mlplatform.resources.snapshots import Snapshot, Snapshots, whole_file


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(root=str(tmp_path / "snapshots"))


def table(rows: int = 5) -> pa.Table:
    return pa.table({"row_id": [f"june:{n:09}" for n in range(rows)], "x": list(range(rows))})


def files(snapshots: Snapshots) -> list[str]:
    """Every file below the root, temporary ones too."""
    root = Path(snapshots.root)
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def write(snapshots: Snapshots, given: pa.Table | pd.DataFrame, batch: str | None = "june") -> Snapshot:
    return snapshots.write_table("case", "features", batch, given)


def test_a_table_lies_under_its_batch_and_its_hash_and_comes_back(snapshots: Snapshots) -> None:
    stored = write(snapshots, table())
    assert stored == Snapshot(table_hash(table()), f"case/features/june/{stored.sha256}.parquet", 5)
    assert files(snapshots) == [stored.path]
    assert snapshots.read_table(stored.path) == table()
    assert snapshots.read_table(stored.path, ["x"]).column_names == ["x"]
    assert write(snapshots, table(), batch=None).path == f"case/features/{stored.sha256}.parquet"


def test_the_same_data_twice_writes_nothing(snapshots: Snapshots) -> None:
    first = write(snapshots, table())
    before = snapshots.place(first.path).stat()
    frame = table().to_pandas()[["x", "row_id"]].iloc[::-1]
    frame.index = frame.index + 10
    assert write(snapshots, frame) == first
    assert snapshots.place(first.path).stat() == before
    assert files(snapshots) == [first.path]


def test_other_data_is_another_version_beside_the_first(snapshots: Snapshots) -> None:
    paths = {write(snapshots, table(rows)).path for rows in (4, 5)}
    assert set(files(snapshots)) == paths and len(paths) == 2


def test_documents_and_bytes(snapshots: Snapshots) -> None:
    document = {"b": [1, None, "ä"], "a": {"x": 0.5}}
    stored = snapshots.write_json("case", "verdict", document)
    assert snapshots.read_json(stored.path) == document
    assert snapshots.write_json("case", "verdict", dict(reversed(document.items()))) == stored
    page = snapshots.write_bytes("case", "card", b"<html>", "f" * 64, "html")
    assert page.path == f"case/card/{'f' * 64}.html"
    assert snapshots.place(page.path).read_bytes() == b"<html>"


def test_a_folder_is_adopted_once(snapshots: Snapshots, tmp_path: Path) -> None:
    folder = tmp_path / "scratch" / "model"
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "features.py").write_text("x = 1\n")
    stored = snapshots.adopt_folder("case", "model", "abc", folder, "f" * 64)
    (folder / "code" / "features.py").write_text("x = 2\n")
    assert snapshots.adopt_folder("case", "model", "abc", folder, "f" * 64) == stored
    assert files(snapshots) == ["case/model/abc/code/features.py"]
    assert (snapshots.place(stored.path) / "code" / "features.py").read_text() == "x = 1\n"
    assert [path.name for path in snapshots.place("case/model").iterdir()] == ["abc"]


def test_a_write_that_fails_leaves_nothing(snapshots: Snapshots, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file"
    with pytest.raises(RuntimeError), whole_file(target) as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError("disk full")
    assert list(target.parent.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        snapshots.adopt_folder("case", "model", "abc", tmp_path / "absent", "f" * 64)
    assert files(snapshots) == []
    assert list(snapshots.place("case/model").iterdir()) == []


KILLED = """
import sys, time
from pathlib import Path
from mlplatform.resources.snapshots import whole_file
with whole_file(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    print("half", flush=True)
    time.sleep(600)
"""


def test_a_killed_write_leaves_no_half_file_and_a_later_one_succeeds(tmp_path: Path) -> None:
    target = tmp_path / "file"
    writer = subprocess.Popen([sys.executable, "-c", KILLED, str(target)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None and writer.stdout.readline() == "half\n"
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    assert not target.exists()
    with whole_file(target) as temporary:
        temporary.write_bytes(b"whole")
    assert target.read_bytes() == b"whole"


def test_writers_of_the_same_content_do_not_disturb_each_other(snapshots: Snapshots, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.skops").write_bytes(b"x" * 100_000)
    big = table(50_000)

    def both(number: int) -> tuple[Snapshot, Snapshot]:
        return write(snapshots, big), snapshots.adopt_folder("case", "model", "abc", folder, "f" * 64)

    with ThreadPoolExecutor(8) as pool:
        stored = set(pool.map(both, range(16)))
    assert len(stored) == 1
    assert len(files(snapshots)) == 2
    assert snapshots.read_table(stored.pop()[0].path) == big


@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "first", "middle", "last"])
def test_damage_is_told_with_the_file(snapshots: Snapshots, damage: str) -> None:
    stored = write(snapshots, table(2_000))
    path = snapshots.place(stored.path)
    content = bytearray(path.read_bytes())
    if damage in ("first", "middle", "last"):
        content[{"first": 10, "middle": 2_000, "last": -1}[damage]] ^= 0xFF
    path.write_bytes({"empty": b"", "cut": content[: len(content) // 2]}.get(damage, content))
    if damage == "gone":
        path.unlink()
    with pytest.raises(DamagedSnapshot, match=f"{stored.sha256}.parquet cannot be read") as caught:
        snapshots.read_table(stored.path)
    assert "Run again" in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b'{"a": 1', b"\xff"])
def test_damaged_documents_are_told(snapshots: Snapshots, content: bytes | None) -> None:
    stored = snapshots.write_json("case", "verdict", {"a": 1})
    path = snapshots.place(stored.path)
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(DamagedSnapshot, match=r"json cannot be read"):
        snapshots.read_json(stored.path)


def test_stored_tables_hold_no_time_or_place(snapshots: Snapshots, tmp_path: Path) -> None:
    first = write(snapshots, table())
    time.sleep(0.01)
    other = Snapshots(root=str(tmp_path / "other"))
    assert snapshots.place(first.path).read_bytes() == other.place(write(other, table()).path).read_bytes()
