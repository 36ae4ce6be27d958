"""What runs again when code changes: what it is in, and what follows, for that use case alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from mlplatform_tests.cli.conftest import Answer
from mlplatform_tests.cli.edited import commands, copy_of_package, edit

HOURS = '"training_hours": rows["training_hours"].astype("float64"),'
FOLLOWS = {"features", "sets", "model", "evaluation", "model_card"}


def test_a_comment_reruns_nothing_and_a_line_what_follows_for_its_use_case_alone(
    first_run: Path, tmp_path: Path
) -> None:
    home, tree = tmp_path / "home", copy_of_package(tmp_path / "tree")
    shutil.copytree(first_run / "home", home, copy_function=shutil.copy2)
    features = tree / "mlplatform" / "defs" / "job_change" / "features.py"
    plans = ((home, "plan", "job_change", "--json"), (home, "plan", "worker_productivity", "--json"))
    file = tmp_path / "worker_productivity_0001.csv"

    _, _, ran, *before = commands(
        tree,
        (home, "sample", "worker_productivity", "--out", tmp_path, "--rows", "300"),
        (home, "land", "worker_productivity", file),
        (home, "run", "worker_productivity", "--to", "training_set"),
        *plans,
    )
    assert ran.code == 0, ran.err
    assert _runs(before[0]) == set()
    edit(features, HOURS, f"{HOURS}  # as the trainer counts them")
    edit(features, "Pure and row-wise:", "Row by row and pure:")  # a docstring
    assert [_runs(plan) for plan in commands(tree, *plans)] == [_runs(plan) for plan in before]

    edit(features, HOURS, HOURS.replace("),", ") + 0.0,"))
    of_job_change, of_worker_productivity = commands(tree, *plans)
    assert _runs(of_job_change) == FOLLOWS
    assert _why(of_job_change, "features") == "its code changed"
    assert _runs(of_worker_productivity) == _runs(before[1])
    assert not _runs(before[1]) & {"raw", "validated", "features", "sets"}


def _planned(plan: Answer) -> list[dict[str, Any]]:
    return [one for one in plan.json["plan"] if one["runs"]]


def _runs(plan: Answer) -> set[str]:
    return {one["step"] for one in _planned(plan)}


def _why(plan: Answer, step: str) -> str:
    return next(str(one["reason"]) for one in _planned(plan) if one["step"] == step)
