"""`quarantine`: every row that was set aside can be seen, with its reason, and taken away as CSV."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from mlplatform_tests.cli.conftest import Command, command_in
from mlplatform_tests.conftest import MadeOnce

NAME = "job_change"


@pytest.fixture(scope="session")
def judged(made_once: MadeOnce) -> Path:
    """A home with a batch without fault, one with 25 bad rows and one that was not validated."""

    def make(folder: Path) -> None:
        from mlplatform.defs.job_change.sample import generate

        mlplatform = command_in(folder / "home")
        for number, name in enumerate(("april", "march", "may")):
            frame = generate(300, number, False).astype(object)
            if name == "march":
                frame.loc[:23, "gender"] = "Non\nbinary"
                frame.loc[2, "training_hours"] = "many"
                frame.loc[299, "city"] = None
            frame.to_csv(folder / f"{name}.csv", index=False)
        for name in ("april", "march"):
            assert mlplatform("land", NAME, folder / f"{name}.csv").code == 0
        done = mlplatform("run", NAME, "--to", "features")
        assert done.code == 0, done.err
        assert mlplatform("land", NAME, folder / "may.csv").code == 0

    return made_once("judged", make)


@pytest.fixture
def mlplatform(judged: Path) -> Command:
    """The program with that home; nothing here changes it."""
    return command_in(judged / "home")


def test_a_person_sees_the_first_rows_and_where_all_of_them_lie(mlplatform: Command) -> None:
    answer = mlplatform("quarantine", NAME)
    assert answer.code == 0, answer.err
    head, titles, *lines = answer.out.splitlines()
    assert head.startswith("march: 25 of 300 rows, in ")
    assert Path(head.partition(", in ")[2]).is_file()
    assert titles.split() == ["file", "row", "column", "value", "rule"]
    assert len(lines) == 20 + 2
    assert lines[0].split()[:4] == ["march.csv", "1", "gender", r"Non\nbinary"]
    assert lines[2].split()[:4] == ["march.csv", "3", "training_hours", "many"]
    assert lines[20].strip() == "and 5 more rows (--out FILE writes all)"
    assert "Not validated, or refused as a whole: may." in lines[21]


def test_json_has_the_whole_rows(mlplatform: Command) -> None:
    (batch,) = mlplatform("quarantine", NAME, "march", "--json").json["batches"]
    assert (batch["batch"], batch["quarantined"], len(batch["rows"])) == ("march", 25, 25)
    assert len(pd.read_parquet(batch["path"])) == 25
    last = batch["rows"][-1]
    assert (last["file"], last["row"], last["column"], last["value"]) == ("march.csv", 300, "city", None)
    assert last["landed"]["city"] is None and "enrollee_id" in last["landed"]
    first = batch["rows"][0]
    assert first["broken_rules"] == [{name: first[name] for name in ("rule", "column", "value")}]


def test_out_writes_every_row(mlplatform: Command, tmp_path: Path) -> None:
    answer = mlplatform("quarantine", NAME, "--out", tmp_path / "rows.csv")
    assert answer.code == 0, answer.err
    rows = pd.read_csv(tmp_path / "rows.csv")
    assert list(rows) == ["batch", "file", "row", "rule", "column", "value", "broken_rules", "landed"]
    assert rows["row"].tolist() == [*range(1, 25), 300]
    assert rows["value"][0] == "Non\nbinary"
    assert json.loads(rows["landed"][0])["gender"] == "Non\nbinary"
    assert [one.name for one in tmp_path.iterdir()] == ["rows.csv"]

    (tmp_path / "folder").mkdir()
    refused = mlplatform("quarantine", NAME, "--out", tmp_path / "folder")
    assert refused.code == 1 and "cannot be written" in refused.first_error


def test_what_is_not_there_is_said(mlplatform: Command) -> None:
    clean = mlplatform("quarantine", NAME, "april")
    assert (clean.code, clean.out) == (
        0,
        "Nothing is in quarantine: no row of batch april was set aside.\n",
    )
    unknown = mlplatform("quarantine", NAME, "mrach")
    assert unknown.code == 1
    assert "has no batch 'mrach'. Did you mean 'march'?" in unknown.first_error
    assert "has no batches" in mlplatform("quarantine", "worker_productivity").first_error
