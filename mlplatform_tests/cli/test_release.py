"""approve, reject, deploy, rollback, predict: as commands, on a home of their own."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from mlplatform.container.deployments import read_deployments
from mlplatform_tests.cli.conftest import Command

SAID = ("--by", "anna", "--reason", "checked the slices")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def _version(mlplatform: Command) -> str:
    return str(mlplatform("status", "job_change", "--json").json["model_version"])


def _served(home: Path) -> str | None:
    found = read_deployments(home / "endpoints").get("job-change")
    assert not isinstance(found, str)
    return found.model_version if found else None


def test_from_a_verdict_to_an_endpoint(after_first_run: tuple[Command, Path], home: Path) -> None:
    mlplatform, _ = after_first_run
    version = _version(mlplatform)

    refused = mlplatform("deploy", "job_change")
    assert refused.code == 3
    assert f"mlplatform approve job_change {version}" in refused.first_error
    assert _served(home) is None

    approved = mlplatform("approve", "job_change", version, *SAID, "--json")
    assert approved.code == 0, approved.err
    assert approved.json["outcome"] == "approved"
    assert len(approved.json["evidence"]) == 64

    deployed = mlplatform("deploy", "job_change", "--json")
    assert deployed.code == 0, deployed.err
    assert deployed.json["live"]["model_version"] == version == _served(home)
    assert deployed.json["live"]["action"] == "deployed"

    status = mlplatform("status", "job_change", "--json").json
    assert status["live"]["model_version"] == version
    assert status["approval"]["statements"][0]["approver"] == "anna"
    assert f"live: model {version}" in mlplatform("status", "job_change").out
    assert mlplatform("run", "job_change", "--json").json["ran"] == []

    rejected = mlplatform("reject", "job_change", version, "--by", "ben", "--reason", "biased")
    assert rejected.code == 0
    assert f"job_change model {version}: rejected" in rejected.out
    refused = mlplatform("deploy", "job_change", version)
    assert refused.code == 3
    assert "was rejected by ben: biased" in refused.first_error
    assert _served(home) == version  # to reject is not to roll back


def test_predictions_for_a_file(after_first_run: tuple[Command, Path]) -> None:
    mlplatform, files = after_first_run
    version = _version(mlplatform)
    assert mlplatform("approve", "job_change", version, *SAID).code == 0
    assert mlplatform("deploy", "job_change").code == 0
    predicted = mlplatform("predict", "job_change", files / "job_change_0002.csv")
    assert predicted.code == 0, predicted.err
    rows = list(csv.DictReader(io.StringIO(predicted.out)))
    assert len(rows) == 1500
    assert set(rows[0]) == {"row", "enrollee_id", "prediction"}
    assert all(0 < float(row["prediction"]) < 1 for row in rows)


def test_what_is_refused_names_the_way_out(after_first_run: tuple[Command, Path], home: Path) -> None:
    mlplatform, files = after_first_run
    version = _version(mlplatform)

    for command, words in {
        ("approve", "job_change", "nope", *SAID): "no model 'nope'",
        ("deploy", "job_change", version): "is not approved",
        ("rollback", "job_change"): "nothing of job_change is live",
        ("predict", "job_change", str(files / "job_change_0002.csv")): "nothing of job_change is live",
    }.items():
        answer = mlplatform(*command)
        assert answer.code in (1, 3), command
        assert words in answer.first_error
    assert mlplatform("approve", "job_change", version).code == 2
    assert _served(home) is None


def test_the_trainer_is_the_user_of_the_run(after_first_run: tuple[Command, Path]) -> None:
    mlplatform, files = after_first_run
    assert mlplatform("land", "job_change", files / "job_change_0002.csv").code == 0
    done = mlplatform("run", "job_change", "--json", MLPLATFORM_USER="carla")
    version = done.json["model_version"]
    refused = mlplatform("approve", "job_change", version, "--by", "Carla", "--reason", "mine")
    assert refused.code == 3
    assert "Carla trained this model" in refused.first_error


def test_predictions_leave_bad_rows_out(after_first_run: tuple[Command, Path], tmp_path: Path) -> None:
    mlplatform, files = after_first_run
    version = _version(mlplatform)
    assert mlplatform("approve", "job_change", version, *SAID).code == 0
    lines = (files / "job_change_0002.csv").read_text().splitlines()[:4]
    file = tmp_path / "rows.csv"
    file.write_text("\n".join([*lines[:2], lines[2].replace("city_", "town_"), lines[3]]) + "\n")

    answer = mlplatform("predict", "job_change", file, "--version", version, "--json")
    assert answer.code == 0, answer.err
    assert [one["row"] for one in answer.json["predictions"]] == [1, 3]
    assert {case["row"] for case in answer.json["refused"]} == {2}
    assert "1 row(s) left out" in answer.err

    out = tmp_path / "predictions.csv"
    written = mlplatform("predict", "job_change", file, "--version", version, "--out", out)
    assert written.code == 0
    assert len(out.read_text().splitlines()) == 3
    assert mlplatform("predict", "job_change", tmp_path / "none.csv", "--version", version).code == 1
