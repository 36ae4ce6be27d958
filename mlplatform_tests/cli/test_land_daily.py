"""`land --daily`: a dated file becomes one batch for each day, and what it came from can be told."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from mlplatform.lineage.records import latest_by_batch
from mlplatform.resources.home import open_instance
from mlplatform_tests.cli.conftest import Answer, Command

NAME = "worker_productivity"
HEADER = (
    "date,quarter,department,day,team_no,targeted_productivity,smv,wip,over_time,incentive,idle_time,"
    "idle_men,no_of_style_change,no_of_workers,actual_productivity\n"
)
ROW = "{},Quarter1,sweing,Thursday,{},0.8,26.16,1108,7080,98,0,0,0,59,0.94\n"


def written(file: Path, *rows: tuple[str, int]) -> Path:
    file.write_text(HEADER + "".join(ROW.format(*row) for row in rows))
    return file


def changes(answer: Answer) -> dict[str, str]:
    assert answer.code == 0, answer.err
    return {one["batch"]: one["change"] for one in answer.json["landed"]}


def landed(home: Path, batch: str) -> Any:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLPLATFORM_HOME", str(home))
        environment.setenv("DAGSTER_HOME", str(home))
        with open_instance() as instance:
            return latest_by_batch(instance, NAME, "landed_file", [batch])[batch]


def test_the_real_file_becomes_a_batch_for_each_of_its_days(
    mlplatform: Command, real_data: Path, tmp_path: Path
) -> None:
    file = real_data / "garments_worker_productivity.csv"

    first = changes(mlplatform("land", NAME, file, "--daily", "--json"))
    again = changes(mlplatform("land", NAME, file, "--daily", "--json"))

    assert len(first) == 59
    assert (min(first), max(first)) == ("2015-01-01", "2015-03-11")
    assert set(first.values()) == {"new batch"}
    assert set(again.values()) == {"nothing: same bytes"}
    content = file.read_bytes()
    record = landed(tmp_path / "home", "2015-03-11")
    whole = hashlib.sha256(content).hexdigest()
    assert record.details == {"file": file.name, "from": {"sha256": whole, "lines": "1175-1198"}}
    kept = tmp_path / "home" / "landed"
    assert (kept / whole).read_bytes() == content
    lines = content.splitlines(keepends=True)
    assert (kept / record.sha256).read_bytes() == b"".join([lines[0], *lines[1174:1198]])


def test_only_a_day_that_changed_is_a_new_version(mlplatform: Command, tmp_path: Path) -> None:
    file = written(tmp_path / "days.csv", ("1/1/2015", 1), ("1/3/2015", 1))
    assert len(changes(mlplatform("land", NAME, file, "--daily", "--json"))) == 2

    written(file, ("1/1/2015", 1), ("1/3/2015", 1), ("1/3/2015", 2), ("1/4/2015", 1))

    assert changes(mlplatform("land", NAME, file, "--daily", "--json")) == {
        "2015-01-01": "nothing: same bytes",
        "2015-01-03": "new version",
        "2015-01-04": "new batch",
    }


def test_where_one_row_has_no_day_nothing_lands(mlplatform: Command, tmp_path: Path) -> None:
    good = written(tmp_path / "good.csv", ("1/1/2015", 1))
    bad = written(tmp_path / "bad.csv", ("1/3/2015", 1), ("31/1/2015", 1))

    answer = mlplatform("land", NAME, good, bad, "--daily")

    assert answer.code == 1
    assert "bad.csv, line 3, column 'date': '31/1/2015' is no date" in answer.first_error
    assert mlplatform("status", NAME, "--json").json["batches"] == []
    assert not (tmp_path / "home" / "landed").exists()


def test_a_day_in_two_files_is_refused(mlplatform: Command, tmp_path: Path) -> None:
    files = [written(tmp_path / name, ("1/1/2015", 1)) for name in ("a.csv", "b.csv")]
    answer = mlplatform("land", NAME, *files, "--daily")
    assert answer.code == 1
    assert "both have rows of 2015-01-01" in answer.first_error


def test_a_use_case_without_a_time_column_says_what_to_declare(mlplatform: Command, tmp_path: Path) -> None:
    file = written(tmp_path / "days.csv", ("1/1/2015", 1))
    answer = mlplatform("land", "job_change", file, "--daily")
    assert answer.code == 1
    assert "split=TimeSplit(column=" in answer.first_error


def test_the_whole_real_file_beats_the_plan(mlplatform: Command, real_data: Path) -> None:
    assert mlplatform("land", NAME, real_data / "garments_worker_productivity.csv").code == 0

    done = mlplatform("run", NAME, "--json")

    assert done.code == 0, done.err
    (batch,) = done.json["batches"]
    assert (batch["rows_in"], batch["validated"], batch["quarantined"]) == (1_197, 1_197, 0)
    assert done.json["metric"]["name"] == "mae"
    assert done.json["metric"]["value"] < 0.082
    assert done.json["verdict"] == "PROMOTE"
    assert "naive forecast targeted_productivity, whose mae is 0.0893" in done.json["reason"]


def test_a_day_is_not_replaced_by_another_file(mlplatform: Command, tmp_path: Path) -> None:
    one = written(tmp_path / "one.csv", ("1/1/2015", 1))
    other = written(tmp_path / "other.csv", ("1/1/2015", 2), ("1/3/2015", 2))
    changes(mlplatform("land", NAME, one, "--daily", "--json"))
    before = sorted((tmp_path / "home" / "landed").iterdir())

    refused = mlplatform("land", NAME, other, "--daily")

    assert refused.code == 1
    assert "other.csv has other rows of 2015-01-01 than one.csv" in refused.first_error
    assert "Nothing has landed." in refused.first_error
    assert [one["batch"] for one in mlplatform("status", NAME, "--json").json["batches"]] == ["2015-01-01"]
    assert sorted((tmp_path / "home" / "landed").iterdir()) == before
    assert mlplatform("land", NAME, "--withdraw", "2015-01-01").code == 0
    assert changes(mlplatform("land", NAME, other, "--daily", "--json")) == {
        "2015-01-01": "back again: new version",
        "2015-01-03": "new batch",
    }


def test_the_same_rows_of_a_day_may_come_from_another_file(mlplatform: Command, tmp_path: Path) -> None:
    one = written(tmp_path / "one.csv", ("1/1/2015", 1))
    changes(mlplatform("land", NAME, one, "--daily", "--json"))
    other = written(tmp_path / "other.csv", ("1/1/2015", 1), ("1/3/2015", 1))
    assert changes(mlplatform("land", NAME, other, "--daily", "--json")) == {
        "2015-01-01": "nothing: same bytes",
        "2015-01-03": "new batch",
    }
