"""Landed bytes in the emulator's S3."""

from __future__ import annotations

import hashlib
from pathlib import Path

import dagster as dg
import pytest

from mlplatform.ml.errors import DamagedSnapshot, UnreadableFile
from mlplatform.resources.aws.landed_files import S3LandedFiles
from mlplatform.resources.aws.refusals import AwsRefused
from mlplatform_tests.sagemaker_emulator.server import BUCKET, Emulator

BYTES = b"enrollee_id,target\n1,0\n"
SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def landed(tmp_path: Path, aws_environment: Emulator) -> S3LandedFiles:
    return S3LandedFiles(root=str(tmp_path / "front"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "monday.csv"
    path.write_bytes(BYTES)
    return path


def keys(emulator: Emulator) -> list[str]:
    found = emulator.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [one["Key"] for one in found]


def test_a_file_lands_once_and_is_read_on_another_machine(
    landed: S3LandedFiles, file: Path, emulator: Emulator, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    assert landed.land(instance, "job_change", file, "monday").change == "new batch"
    assert landed.land(instance, "job_change", file, "monday").change == "nothing: same bytes"
    assert keys(emulator) == [f"mlplatform/landed/{SHA256}"]

    elsewhere = S3LandedFiles(root=str(tmp_path / "elsewhere"))
    assert elsewhere.proven(SHA256).read_bytes() == BYTES
    assert [one.name for one in Path(elsewhere.root).iterdir()] == [SHA256]
    assert [(one.name, one.bytes) for one in elsewhere.stored()] == [(SHA256, len(BYTES))]
    elsewhere.discard(SHA256)
    assert keys(emulator) == []
    with pytest.raises(DamagedSnapshot, match="Land the file again"):
        elsewhere.place(SHA256)


def test_other_bytes_in_s3_are_noticed(landed: S3LandedFiles, file: Path, emulator: Emulator) -> None:
    landed.keep(file)
    emulator.client("s3").put_object(Bucket=BUCKET, Key=f"mlplatform/landed/{SHA256}", Body=b"forged")
    assert landed.proven(SHA256).read_bytes() == BYTES  # the copy of this machine
    (Path(landed.root) / SHA256).unlink()
    with pytest.raises(DamagedSnapshot, match="has changed"):
        landed.proven(SHA256)


def test_no_batch_comes_of_bytes_that_could_not_be_put(
    landed: S3LandedFiles, file: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("MLPLATFORM_BUCKET", "another-bucket")
        with pytest.raises(AwsRefused, match="another-bucket"):
            landed.land(instance, "job_change", file, "monday")
    assert instance.get_dynamic_partitions("job_change_batches") == []
    assert list(Path(landed.root).iterdir()) == []


def test_what_is_no_table_file_is_refused_before_anything_is_put(
    landed: S3LandedFiles, tmp_path: Path, emulator: Emulator
) -> None:
    with pytest.raises(UnreadableFile):
        landed.keep(tmp_path / "none.csv")
    assert keys(emulator) == []
