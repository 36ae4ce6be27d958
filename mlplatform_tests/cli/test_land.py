"""`land`: all files or none, and a word where rows would count twice."""

from __future__ import annotations

from pathlib import Path

from mlplatform_tests.cli.conftest import Command

NAME = "worker_productivity"


def test_one_file_that_cannot_land_keeps_the_others_back_and_says_so(
    mlplatform: Command, tmp_path: Path
) -> None:
    good, empty = tmp_path / "good.csv", tmp_path / "empty.csv"
    good.write_text("a,b\n1,2\n")
    empty.touch()

    for options in ([], ["--daily"]):
        refused = mlplatform("land", NAME, good, empty, *options)
        assert refused.code == 1
        assert refused.first_error.endswith("Nothing has landed.")
    assert "empty.csv is empty" in mlplatform("land", NAME, empty).first_error
    assert mlplatform("status", NAME, "--json").json["batches"] == []


def test_the_same_bytes_in_two_batches_are_told(mlplatform: Command, tmp_path: Path) -> None:
    june, copy = tmp_path / "june.csv", tmp_path / "copy.csv"
    for file in (june, copy):
        file.write_text("a,b\n1,2\n")

    alone = mlplatform("land", NAME, june, "--json")
    second = mlplatform("land", NAME, copy, "--json")

    assert alone.json["landed"][0]["same_bytes_as"] is None and "warning" not in alone.err
    (landed,) = second.json["landed"]
    assert (landed["change"], landed["same_bytes_as"]) == ("new batch", "june")
    assert "warning: batch copy has the same bytes as batch june: its rows count twice" in second.err

    assert mlplatform("land", NAME, "--withdraw", "june").code == 0
    again = mlplatform("land", NAME, copy, "--json")
    assert again.json["landed"][0]["same_bytes_as"] is None, "june counts no more"
    both = mlplatform("land", NAME, june, copy)
    assert both.err.count("warning: ") == 1
