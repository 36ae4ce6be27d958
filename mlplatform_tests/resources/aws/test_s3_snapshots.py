"""Snapshots in the emulator's S3: the same versions as in a folder, whole or absent."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pyarrow as pa
import pytest

from mlplatform.container.packed import pack
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.resources.aws import snapshots as module
from mlplatform.resources.aws.refusals import AwsRefused
from mlplatform.resources.aws.snapshots import S3Snapshots
from mlplatform.resources.snapshots import Snapshots
from mlplatform_tests.resources.test_snapshots import table, write
from mlplatform_tests.sagemaker_emulator.server import BUCKET, Emulator


@pytest.fixture
def snapshots(tmp_path: Path, aws_environment: Emulator) -> S3Snapshots:
    return S3Snapshots(root=str(tmp_path / "front"))


@pytest.fixture
def elsewhere(tmp_path: Path, aws_environment: Emulator) -> S3Snapshots:
    """The same store on another machine."""
    return S3Snapshots(root=str(tmp_path / "elsewhere"))


def keys(emulator: Emulator) -> list[str]:
    found = emulator.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return sorted(one["Key"] for one in found)


def model(folder: Path) -> Path:
    (folder / "code").mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (folder / "code" / "features.py").write_text("x = 1\n")
    return folder


def test_a_version_is_the_one_that_a_folder_would_hold(
    snapshots: S3Snapshots, elsewhere: S3Snapshots, emulator: Emulator, tmp_path: Path
) -> None:
    stored = write(snapshots, table())
    assert stored == write(Snapshots(root=str(tmp_path / "plain")), table())
    assert keys(emulator) == [f"mlplatform/snapshots/{stored.path}"]
    assert snapshots.uri(stored.path) == f"s3://{BUCKET}/mlplatform/snapshots/{stored.path}"
    assert elsewhere.exists(stored.path)
    assert elsewhere.read_table(stored.path) == table()


def test_the_same_data_twice_is_put_once(snapshots: S3Snapshots, emulator: Emulator) -> None:
    path = write(snapshots, table()).path
    s3 = emulator.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    assert write(snapshots, table()).path == path
    assert len(s3.list_object_versions(Bucket=BUCKET)["Versions"]) == 1


def test_a_model_is_one_object_and_a_folder_again(
    snapshots: S3Snapshots, elsewhere: S3Snapshots, emulator: Emulator, tmp_path: Path
) -> None:
    stored = snapshots.adopt_folder("case", "model", "ab12", model(tmp_path / "made"), "0" * 64)
    assert keys(emulator) == ["mlplatform/snapshots/case/model/ab12.tar.gz"]
    place = elsewhere.place(stored.path)
    assert (place / "code" / "features.py").read_text() == "x = 1\n"
    assert sorted(one.name for one in place.iterdir()) == ["code", "manifest.json"]
    assert [one.name for one in place.parent.iterdir()] == ["ab12"]


def test_a_folder_is_packed_into_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    archives = []
    for number in (1, 2):
        folder = model(tmp_path / str(number))
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "x.pyc").write_bytes(bytes([number]))
        pack(folder, tmp_path / f"{number}.tar.gz")
        archives.append((tmp_path / f"{number}.tar.gz").read_bytes())
    assert archives[0] == archives[1]
    with tarfile.open(tmp_path / "1.tar.gz") as tar:
        assert tar.getnames() == ["code/features.py", "manifest.json"]


def test_what_was_not_put_does_not_lie_in_front(
    snapshots: S3Snapshots, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("MLPLATFORM_BUCKET", "another-bucket")
        with pytest.raises(AwsRefused, match="s3://another-bucket/mlplatform/snapshots/case"):
            write(snapshots, table())
    assert [one for one in Path(snapshots.root).rglob("*") if one.is_file()] == []
    assert keys(emulator) == []
    assert snapshots.exists(write(snapshots, table()).path)


def test_what_is_gone_is_said_to_be_damaged(snapshots: S3Snapshots) -> None:
    assert not snapshots.exists("case/features/june/none.parquet")
    with pytest.raises(DamagedSnapshot):
        snapshots.read_table("case/features/june/none.parquet")


def test_a_damaged_copy_is_fetched_again(snapshots: S3Snapshots, emulator: Emulator) -> None:
    stored = write(snapshots, table())
    place = snapshots.place(stored.path)
    place.write_bytes(b"no table")
    with pytest.raises(DamagedSnapshot):
        snapshots.read_table(stored.path)
    snapshots.set_aside(place)
    assert snapshots.read_table(stored.path) == table()
    assert keys(emulator) == [f"mlplatform/snapshots/{stored.path}"]


def test_a_damaged_copy_of_a_model_is_fetched_again(
    snapshots: S3Snapshots, emulator: Emulator, tmp_path: Path
) -> None:
    stored = snapshots.adopt_folder("case", "model", "ab12", model(tmp_path / "made"), "0" * 64)
    (snapshots.place(stored.path) / "code" / "features.py").write_text("x = 2\n")
    snapshots.set_aside(snapshots.place(stored.path))
    assert keys(emulator) == ["mlplatform/snapshots/case/model/ab12.tar.gz"]
    assert (snapshots.place(stored.path) / "code" / "features.py").read_text() == "x = 1\n"


def test_what_is_damaged_in_s3_is_renamed_and_made_again(
    snapshots: S3Snapshots, emulator: Emulator, elsewhere: S3Snapshots
) -> None:
    stored = write(snapshots, table())
    key = f"mlplatform/snapshots/{stored.path}"
    emulator.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"no table")
    elsewhere.set_aside(elsewhere.place(stored.path))
    assert not elsewhere.exists(stored.path)
    assert [one.startswith(f"{key}.damaged-") for one in keys(emulator)] == [True]
    assert write(elsewhere, table()) == stored
    assert elsewhere.read_table(stored.path) == table()


def test_an_archive_that_is_none_is_renamed_and_made_again(
    snapshots: S3Snapshots, emulator: Emulator, elsewhere: S3Snapshots, tmp_path: Path
) -> None:
    made = model(tmp_path / "made")
    stored = snapshots.adopt_folder("case", "model", "ab12", made, "0" * 64)
    key = "mlplatform/snapshots/case/model/ab12.tar.gz"
    emulator.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"no archive")
    assert not elsewhere.place(stored.path).exists()
    assert not elsewhere.exists(stored.path)
    assert [one.startswith(f"{key}.damaged-") for one in keys(emulator)] == [True]
    assert elsewhere.adopt_folder("case", "model", "ab12", made, "0" * 64) == stored
    assert (elsewhere.place(stored.path) / "manifest.json").read_text() == "{}"


def test_everything_stored_is_listed_and_can_go(
    snapshots: S3Snapshots, emulator: Emulator, tmp_path: Path
) -> None:
    batch = write(snapshots, table())
    page = snapshots.write_bytes("case", "model_card", b"page", "1" * 64, "html")
    made = snapshots.adopt_folder("case", "model", "ab12", model(tmp_path / "made"), "0" * 64)
    write(S3Snapshots(root=snapshots.root), pa.table({"row_id": ["july:0"], "x": [1]}), batch="july")
    found = {one.path: one for one in snapshots.stored("case")}
    assert {batch.path, page.path, made.path} < set(found)
    assert (found[batch.path].asset, found[batch.path].batch) == ("features", "june")
    assert (found[made.path].asset, found[made.path].batch) == ("model", None)
    assert found[page.path].bytes == 4
    snapshots.place(made.path)
    for path in found:
        snapshots.discard(path)
    assert keys(emulator) == []
    assert not any(snapshots.exists(path) for path in found)


def test_a_version_that_is_made_again_counts_as_new(
    snapshots: S3Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = write(snapshots, table())
    monkeypatch.setattr(module, "_RENEWED_AFTER", -1.0)
    [before] = snapshots.stored("case")
    assert write(snapshots, table()) == stored
    [after] = snapshots.stored("case")
    assert after.time >= before.time
    assert snapshots.read_table(stored.path) == table()
