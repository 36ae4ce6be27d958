"""Processes that write the same version to S3: killed in between, and several at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlplatform.resources.aws.snapshots import S3Snapshots
from mlplatform_tests.resources.test_snapshots import table, write
from mlplatform_tests.sagemaker_emulator.server import BUCKET, Emulator

WRITING = """
import sys
from mlplatform.resources.aws.snapshots import S3Snapshots
from mlplatform_tests.resources.test_snapshots import table, write
{before}
print(write(S3Snapshots(root=sys.argv[1]), table()).path)
"""
DIES_AFTER_THE_PUT = """
import os, signal
from mlplatform.resources.aws.objects import Objects
put = Objects.put
def put_and_die(objects, path, content):
    put(objects, path, content)
    os.kill(os.getpid(), signal.SIGKILL)
Objects.put = put_and_die
"""


def writing(root: Path, before: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITING.format(before=before), str(root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def versions(emulator: Emulator) -> list[str]:
    found = emulator.client("s3").list_object_versions(Bucket=BUCKET).get("Versions", [])
    return [one["Key"] for one in found]


@pytest.fixture
def versioned(aws_environment: Emulator) -> Emulator:
    """A bucket that remembers every put."""
    aws_environment.client("s3").put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    return aws_environment


def test_killed_between_the_put_and_the_copy_nothing_is_lost_or_put_again(
    tmp_path: Path, versioned: Emulator
) -> None:
    killed = writing(tmp_path / "front", DIES_AFTER_THE_PUT)
    killed.communicate(timeout=100)
    assert killed.returncode == -signal.SIGKILL
    (key,) = versions(versioned)
    store = S3Snapshots(root=str(tmp_path / "front"))
    path = write(store, table()).path
    assert key == f"mlplatform/snapshots/{path}"
    assert versions(versioned) == [key]
    assert store.read_table(path) == table()


def test_several_processes_write_one_version(tmp_path: Path, versioned: Emulator) -> None:
    writers = [writing(tmp_path / "front") for _ in range(3)]
    paths = {one.communicate(timeout=100)[0].strip() for one in writers}
    assert [one.returncode for one in writers] == [0, 0, 0]
    (path,) = paths
    assert set(versions(versioned)) == {f"mlplatform/snapshots/{path}"}
    assert S3Snapshots(root=str(tmp_path / "front")).read_table(path) == table()
    assert S3Snapshots(root=str(tmp_path / "elsewhere")).read_table(path) == table()
    assert [one.name for one in (tmp_path / "front").rglob("*") if one.name.startswith(".tmp-")] == []
