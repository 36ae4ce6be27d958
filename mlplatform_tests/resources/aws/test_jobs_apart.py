"""What of a job can be judged without one: how it stands, what it cost, what it left."""

import io
import tarfile
from pathlib import Path

import pytest

from mlplatform.resources.aws.jobs.files import UnusableResult, unpack
from mlplatform.resources.aws.jobs.states import training_state
from mlplatform.resources.aws.pricing import cost_estimate


def described(status: str, reason: str = "", **members: object) -> dict[str, object]:
    return {
        "TrainingJobName": "a-1",
        "TrainingJobArn": "arn",
        "TrainingJobStatus": status,
        "FailureReason": reason,
        **members,
    }


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("AlgorithmError: ValueError: no such loss, exit code: 1", "ValueError: no such loss"),
        ("AlgorithmError: ValueError: exit code: 3, or so, exit code: 1", "ValueError: exit code: 3, or so"),
        ("ClientError: no such image", "ClientError: no such image"),
        ("", "it failed without a reason"),
    ],
)
def test_a_failure_is_told_in_the_containers_own_words(reason: str, words: str) -> None:
    assert training_state(described("Failed", reason)).own_words == words


def test_a_job_is_over_or_it_is_not() -> None:
    over = {
        status
        for status in ("InProgress", "Stopping", "Completed", "Failed", "Stopped")
        if training_state(described(status)).is_over
    }
    assert over == {"Completed", "Failed", "Stopped"}
    lacking = training_state(described("Failed", "CapacityError: Unable to provision requested ML compute"))
    assert lacking.lacks_capacity
    assert not training_state(described("Failed", "AlgorithmError: x")).lacks_capacity


def test_billable_seconds_are_what_spot_leaves_of_them() -> None:
    state = training_state(described("Completed", TrainingTimeInSeconds=100, BillableTimeInSeconds=30))
    assert (state.seconds, state.billable_seconds) == (100, 30)
    assert training_state(described("Completed", TrainingTimeInSeconds=100)).billable_seconds == 100


def test_a_cost_is_estimated_only_where_the_price_is_known() -> None:
    assert cost_estimate("us-east-1", "ml.m5.xlarge", 1800) == pytest.approx(0.115)
    assert cost_estimate("eu-central-1", "ml.m5.xlarge", 1800) is None
    assert cost_estimate("us-east-1", "ml.p4d.24xlarge", 1800) is None


def archive(folder: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def test_a_models_files_are_unpacked(tmp_path: Path) -> None:
    packed = archive(
        tmp_path, (tarfile.TarInfo("manifest.json"), b"{}"), (tarfile.TarInfo("./code/features.py"), b"x = 1")
    )
    unpack(packed, tmp_path / "model")
    assert (tmp_path / "model" / "code" / "features.py").read_bytes() == b"x = 1"


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("/etc/passwd"),
        tarfile.TarInfo("../outside"),
        tarfile.TarInfo("code/../../outside"),
        link("code", "/tmp"),
        link("manifest.json", "../outside"),
    ],
)
def test_what_would_leave_the_folder_is_refused_and_nothing_is_written(
    tmp_path: Path, member: tarfile.TarInfo
) -> None:
    packed = archive(tmp_path, (tarfile.TarInfo("manifest.json"), b"{}"), (member, b""))
    with pytest.raises(UnusableResult, match="which is no file of a model"):
        unpack(packed, tmp_path / "inside" / "model")
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["inside", "model", "model.tar.gz"]


def test_a_result_that_is_cut_off_is_told(tmp_path: Path) -> None:
    packed = archive(tmp_path, (tarfile.TarInfo("model.skops"), bytes(range(256)) * 100))
    packed.write_bytes(packed.read_bytes()[:-40])
    with pytest.raises(UnusableResult, match="cannot be unpacked"):
        unpack(packed, tmp_path / "model")
