from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mlplatform_tests.cli.conftest import Command, command_in


@pytest.fixture
def run(first_run: Path, tmp_path: Path) -> Command:
    shutil.copytree(first_run / "home", tmp_path / "home", copy_function=shutil.copy2)
    return command_in(tmp_path / "home")


def version_of(run: Command) -> str:
    return str(run("status", "job_change", "--json").json["model_version"])


def test_it_comes_out_identical_and_then_not_because_of_one_byte(run: Command, tmp_path: Path) -> None:
    version = version_of(run)
    same = run("lineage", "reproduce", "job_change", version, "--json", OMP_NUM_THREADS="2")
    assert (same.code, same.json) == (0, {"result": "identical", "because": []})
    [landed] = [one for one in (tmp_path / "home" / "landed").iterdir() if len(one.name) == 64]
    content = landed.read_bytes()
    landed.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
    other = run("lineage", "reproduce", "job_change", version)
    assert other.code == 3
    assert other.out.splitlines()[0] == "different"
    assert landed.name in other.out


def test_an_unknown_version_is_wrong_usage(run: Command) -> None:
    answer = run("lineage", "reproduce", "job_change", "0123456789ab")
    assert version_of(run) in answer.first_error
    assert answer.code == 2
