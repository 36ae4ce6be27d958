"""Whatever comes from outside has a bad version: a clear first line, no traceback, nothing lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mlplatform_tests.cli.conftest import Answer, Command


def _refused(answer: Answer, *said: str, codes: tuple[int, ...] = (1, 3)) -> None:
    assert answer.code in codes, answer.err
    assert "Traceback" not in answer.err + answer.out
    for words in said:
        assert words in answer.first_error


def _still_works(mlplatform: Command) -> None:
    status = mlplatform("status", "job_change", "--json")
    assert status.code == 0
    assert status.json["verdict"] == "PROMOTE"
    good = next(batch for batch in status.json["batches"] if batch["batch"] == "job_change_0001")
    assert good["validated"] == 1500


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.csv", None, ("missing.csv does not exist",)),
        ("empty.csv", b"", ("empty.csv is empty", "Land a table")),
        ("folder.csv", "folder", ("folder.csv is a directory", "Name the files in it")),
    ],
)
def test_what_cannot_land(
    after_first_run: tuple[Command, Path], tmp_path: Path, name: str, content: bytes | str | None,
    said: tuple[str, ...],
) -> None:  # fmt: skip
    mlplatform, _ = after_first_run
    file = tmp_path / name
    if content == "folder":
        file.mkdir()
    elif isinstance(content, bytes):
        file.write_bytes(content)

    _refused(mlplatform("land", "job_change", file), *said, codes=(1,))
    _still_works(mlplatform)
    assert len(mlplatform("status", "job_change", "--json").json["batches"]) == 1


def _damaged(files: Path, kind: str) -> str:
    text = (files / "job_change_0002.csv").read_text()
    lines = text.splitlines()
    match kind:
        case "wrong delimiter":
            return text.replace(",", ";")
        case "missing column":
            return text.replace("target", "goal", 1)
        case "one class":
            header, *rows = lines
            return "\n".join([header, *(row.rpartition(",")[0] + ",0" for row in rows)]) + "\n"
        case "ten rows":
            return "\n".join(lines[:11]) + "\n"
        case "truncated":
            return text[: text.rindex(",", 0, -8)]
        case "mostly bad":
            header, *rows = lines
            return "\n".join([header, *(row.replace("city_", "town-") for row in rows)]) + "\n"
    raise AssertionError(kind)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("wrong delimiter", ("next.csv, line 1", "separated by semicolons", "save the file with commas")),
        ("missing column", ("next.csv lacks the column 'target'", "Add it")),
        ("truncated", ("next.csv, line 1501", "Mend that line")),
        ("mostly bad", ("next.csv: 1,500 of 1,500 rows break a rule", "row 1, column 'city'")),
    ],
)
def test_a_file_that_cannot_become_a_batch(
    after_first_run: tuple[Command, Path], tmp_path: Path, kind: str, said: tuple[str, ...]
) -> None:
    mlplatform, files = after_first_run
    file = tmp_path / "next.csv"
    file.write_text(_damaged(files, kind))
    assert mlplatform("land", "job_change", file).code == 0

    _refused(mlplatform("run", "job_change"), *said)
    _still_works(mlplatform)

    # landed again as it should be, it goes on
    shutil.copyfile(files / "job_change_0002.csv", file)
    assert mlplatform("land", "job_change", file).code == 0
    assert mlplatform("run", "job_change", "--to", "features").code == 0


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("one class", ("the target has one class only (0)", "at least two classes")),
        ("ten rows", ("at least 50 are needed", "Land more data")),
    ],
)
def test_a_first_batch_that_nothing_can_be_learned_from(
    mlplatform: Command, first_run: Path, tmp_path: Path, kind: str, said: tuple[str, ...]
) -> None:
    file = tmp_path / "first.csv"
    file.write_text(_damaged(first_run / "files", kind))
    assert mlplatform("land", "job_change", file).code == 0

    _refused(mlplatform("run", "job_change"), *said, codes=(3,))

    assert mlplatform("land", "job_change", first_run / "files" / "job_change_0002.csv").code == 0
    assert mlplatform("run", "job_change").code == 0


@pytest.mark.parametrize(
    "name", ["..", "a..b", "a,b", "a/b", "/etc", ".hidden", "", " ", "ä", "x" * 101, "a\nb"]
)
def test_batch_names_that_would_be_paths_or_selections(
    mlplatform: Command, first_run: Path, name: str
) -> None:
    answer = mlplatform("land", "job_change", first_run / "files" / "job_change_0002.csv", "--batch", name)

    _refused(answer, "cannot name a batch: use letters, digits", codes=(1,))


def test_a_file_name_that_cannot_be_a_batch_name_is_made_one(
    mlplatform: Command, first_run: Path, tmp_path: Path
) -> None:
    file = tmp_path / "../weird, näme..csv"
    shutil.copyfile(first_run / "files" / "job_change_0002.csv", file)
    landed = mlplatform("land", "job_change", file, "--json").json["landed"]
    assert landed[0]["batch"] == "weird__n_me."[:-1] or landed[0]["batch"].startswith("weird__n_me")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run", "job_chang"), 1, "Did you mean 'job_change'?"),
        (("run", "job_change"), 1, "has no batches yet. Land a file first"),
        (("run", "job_change", "--to", "nowhere"), 2, "choose one of raw"),
        (("land", "job_change"), 2, "name at least one FILE"),
        (("fly",), 2, "No such command"),
        (("sample", "job_change", "--out", "x", "--rows", "0"), 2, "--rows"),
    ],
)
def test_wrong_usage(mlplatform: Command, arguments: tuple[str, ...], code: int, said: str) -> None:
    answer = mlplatform(*arguments)

    assert answer.code == code
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_debug_shows_the_traceback(mlplatform: Command) -> None:
    assert "Traceback" in mlplatform("--debug", "run", "nothing").err


def test_an_unknown_environment_says_which_there_are(mlplatform: Command) -> None:
    answer = mlplatform("status", MLPLATFORM_ENV="moon")
    _refused(answer, "MLPLATFORM_ENV='moon' is no environment. Choose: local, aws.", codes=(1,))


def test_a_home_that_is_a_file(tmp_path: Path, mlplatform: Command) -> None:
    (tmp_path / "home").write_text("")
    _refused(mlplatform("status"), "cannot be the home folder", "Set MLPLATFORM_HOME", codes=(1,))


def test_records_that_are_no_database(after_first_run: tuple[Command, Path], tmp_path: Path) -> None:
    mlplatform, _ = after_first_run
    records = tmp_path / "home" / "history" / "runs"
    (records / "index.db").write_bytes(b"not a database" * 100)
    for log in records.glob("index.db-*"):  # the write-ahead log of a whole one
        log.unlink()

    _refused(mlplatform("status"), "Dagster's records in", "file is not a database", codes=(1,))
