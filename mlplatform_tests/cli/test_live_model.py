"""A model that is live answers with its own code, whatever becomes of the working tree."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mlplatform_tests.cli.conftest import Answer, command_in
from mlplatform_tests.cli.edited import copy_of_package, edit
from mlplatform_tests.container.served import serving, some_rows

SAID = ("--by", "anna", "--reason", "fine")
FEATURE = '"training_hours": rows["training_hours"].astype("float64"),'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the package, to be edited; programs that start with it on their path use it."""
    copy = copy_of_package(tmp_path / "tree")
    use_case = copy / "mlplatform" / "defs" / "job_change" / "use_case.py"
    edit(use_case, "minimum=0.70,", "minimum=0.60, margin=0.5,")
    return copy


def test_edits_change_no_answer_of_a_live_model_nor_of_one_rolled_back_to(tree: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = os.pathsep.join([str(tree), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]).rstrip(
        os.pathsep
    )

    def run(*arguments: str | Path) -> Answer:
        done = command_in(home)(*arguments, PYTHONPATH=path)
        assert done.code == 0, done.err
        return done

    def release() -> str:
        version = str(run("run", "job_change", "--json").json["model_version"])
        run("approve", "job_change", version, *SAID)
        run("deploy", "job_change")
        return version

    run("sample", "job_change", "--out", tmp_path / "files", "--rows", "1500")
    run("land", "job_change", tmp_path / "files" / "job_change_0001.csv")
    first = release()
    rows: list[dict[str, Any]] = some_rows(50)
    with serving(home, PYTHONPATH=path) as server:
        before = server.ask(rows)[2]
        assert before["model_version"] == first

        features = tree / "mlplatform" / "defs" / "job_change" / "features.py"
        edit(features, FEATURE, FEATURE.replace("),", ") % 7 + 1,", 1))
        assert server.ask(rows)[2] == before
    with serving(home, PYTHONPATH=path) as server:  # a server that starts after the edit
        assert server.ask(rows)[2] == before

        second = release()
        after = server.ask(rows)[2]
        assert after["model_version"] == second != first
        assert after["predictions"] != before["predictions"]

        assert run("rollback", "job_change", "--json").json["live"]["action"] == "rolled back"
        assert server.ask(rows)[2] == before
