"""Objects put into the bucket's landing folder become batches, by the sensor that looks into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlplatform.ml.landing import Look
from mlplatform.resources.aws.landed_files import S3LandedFiles
from mlplatform.resources.aws.landing_folder import S3LandingFolder
from mlplatform.resources.aws.refusals import AwsRefused
from mlplatform_tests.sagemaker_emulator.server import BUCKET, Emulator

FOLDER = "mlplatform/landing/job_change"


@pytest.fixture
def folder(tmp_path: Path, aws_environment: Emulator) -> S3LandingFolder:
    return S3LandingFolder(root=str(tmp_path / "front"))


def put(emulator: Emulator, name: str, content: bytes = b"a,b\n1,2\n") -> None:
    emulator.client("s3").put_object(Bucket=BUCKET, Key=f"{FOLDER}/{name}", Body=content)


def test_finished_objects_right_in_the_folder_are_seen(folder: S3LandingFolder, emulator: Emulator) -> None:
    assert folder.look("job_change") == {}
    for name in ("", "monday.csv", "monday.csv.part", ".hidden", "older/sunday.csv"):
        put(emulator, name)
    emulator.client("s3").put_object(Bucket=BUCKET, Key="mlplatform/landing/job_change_two/x.csv", Body=b"1")
    looks = folder.look("job_change")
    assert list(looks) == ["monday.csv"]
    assert looks["monday.csv"] == folder.look_at("job_change", "monday.csv")
    assert isinstance(looks["monday.csv"], Look)
    assert folder.look_at("job_change", "monday") is None
    assert folder.where("job_change") == f"s3://{BUCKET}/{FOLDER}/"


def test_an_object_lands_under_its_own_name_and_leaves_no_copy(
    folder: S3LandingFolder, emulator: Emulator, tmp_path: Path
) -> None:
    put(emulator, "monday.csv")
    landed = S3LandedFiles(root=str(tmp_path / "landed"))
    with folder.opened("job_change", "monday.csv") as file:
        assert file.name == "monday.csv"
        sha256 = landed.keep(file)
    assert landed.proven(sha256).read_bytes() == b"a,b\n1,2\n"
    assert list(Path(folder.root).iterdir()) == []


def test_a_bucket_that_is_not_there_is_said(folder: S3LandingFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLPLATFORM_BUCKET", "another-bucket")
    with pytest.raises(AwsRefused, match="listing s3://another-bucket/mlplatform/landing/job_change/"):
        folder.look("job_change")
