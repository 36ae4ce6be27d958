"""`land --withdraw`: a batch counts no more, its history stays, and landing it again brings it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlplatform_tests.cli.conftest import Command

NAME = "worker_productivity"


def test_a_day_is_taken_out_and_comes_back(mlplatform: Command, tmp_path: Path) -> None:
    assert mlplatform("sample", NAME, "--out", tmp_path, "--rows", "320").code == 0
    file = tmp_path / f"{NAME}_0001.csv"
    days = [one["batch"] for one in mlplatform("land", NAME, file, "--daily", "--json").json["landed"]]
    first = mlplatform("run", NAME, "--json")
    assert first.code in (0, 3), first.err
    rows = {one["batch"]: one["rows_in"] for one in first.json["batches"]}
    assert sum(rows.values()) == 320

    out = mlplatform("land", NAME, "--withdraw", days[0], "--reason", "typed wrongly", "--json").json
    assert (out["withdrawn"]["batch"], out["withdrawn"]["reason"]) == (days[0], "typed wrongly")
    reached = {one["asset"]: one for one in out["reached"]}
    assert set(reached) == {"training_set", "model", "evaluation"}
    assert reached["training_set"]["rows"] == rows[days[0]]
    assert reached["model"]["model_version"] == first.json["model_version"]
    assert not reached["model"]["live"]

    plan = mlplatform("plan", NAME, "--json").json["plan"]
    (sets,) = [one for one in plan if one["step"] == "sets"]
    assert sets["runs"]
    assert sets["reason"] == f"training_set: features of {days[0]} is no longer there"
    second = mlplatform("run", NAME, "--to", "training_set", "--json")
    assert sum(one["rows_in"] for one in second.json["batches"]) == 320 - rows[days[0]]
    assert second.json["ran"] == [f"{NAME}/training_set", f"{NAME}/validation_set"]

    landed = mlplatform("land", NAME, file, "--daily", "--json").json["landed"]
    assert {one["batch"] for one in landed if one["change"] == "back again: same bytes"} == {days[0]}
    third = mlplatform("run", NAME, "--to", "training_set", "--json")
    assert third.json["ran"] == second.json["ran"]  # nothing of the batch itself had to run
    assert sum(one["rows_in"] for one in third.json["batches"]) == 320
    # the set is the one that the model was trained on
    assert not any(one["runs"] for one in mlplatform("plan", NAME, "--json").json["plan"])


def test_it_says_that_what_is_live_is_out_of_date(after_first_run: tuple[Command, Path]) -> None:
    mlplatform, _ = after_first_run
    version = mlplatform("status", "job_change", "--json").json["model_version"]
    assert mlplatform("approve", "job_change", version, "--by", "anna", "--reason", "fine").code == 0
    assert mlplatform("deploy", "job_change").code == 0

    answer = mlplatform("land", "job_change", "--withdraw", "job_change_0001")

    assert answer.code == 0, answer.err
    assert f"model {version}, which is live" in answer.out
    assert "training_set: " in answer.out and "validation_set: " in answer.out
    again = mlplatform("land", "job_change", "--withdraw", "job_change_0001")
    assert again.code == 1
    assert "was taken out before" in again.first_error
    assert "job_change_0001.csv" in again.first_error
    assert "has no batches" in mlplatform("run", "job_change").first_error


def test_an_unknown_batch_has_a_near_name(after_first_run: tuple[Command, Path]) -> None:
    mlplatform, _ = after_first_run
    answer = mlplatform("land", "job_change", "--withdraw", "job_change_001")
    assert answer.code == 1
    assert "no batch 'job_change_001'. Did you mean 'job_change_0001'?" in answer.first_error


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["FILE", "--reason", "why"],
        ["FILE", "--withdraw", "june"],
        ["--withdraw", "june", "--batch", "june"],
        ["--withdraw", "june", "--daily"],
        ["FILE", "--daily", "--batch", "june"],
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from mlplatform.cli.land import command

    with pytest.raises(SystemExit) as ended:
        command.main([NAME, *arguments])
    assert ended.value.code == 2
    assert "Error: " in capsys.readouterr().err


def test_several_are_taken_out_or_none(mlplatform: Command, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.csv" for name in ("june", "july", "august")]
    for file in files:
        file.write_text(f"a,b\n1,{file.stem}\n")
    assert mlplatform("land", NAME, *files).code == 0

    refused = mlplatform("land", NAME, "--withdraw", "june", "--withdraw", "augus")
    done = mlplatform(
        "land", NAME, *("--withdraw", "june", "--withdraw", "july", "--withdraw", "june"), "--json"
    )

    assert refused.code == 1
    assert "no batch 'augus'. Did you mean 'august'?" in refused.first_error
    assert done.code == 0, done.err  # june still counted
    assert [(one["withdrawn"]["batch"], one["reached"]) for one in done.json["batches"]] == [
        ("june", []),
        ("july", []),
    ]
    left = mlplatform("status", NAME, "--json").json["batches"]
    assert [one["batch"] for one in left] == ["august"]
