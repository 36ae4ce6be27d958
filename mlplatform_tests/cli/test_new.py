"""`mlplatform new`: the written folder is clean code, and lands and runs at once."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlplatform.cli.main import main
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.inference.draft import draft_of
from mlplatform.scaffold.folder import write_folders
from mlplatform_tests.conftest import REPOSITORY

N = 300
New = Callable[..., int]


def awkward(path: Path) -> Path:
    """Semicolons, decimal commas, cp1252, D.M.YYYY, NA, and names that Python has other uses for."""
    rng = np.random.default_rng(3)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 400, N)), "D")
    hours = rng.normal(8, 2, N).round(2)
    frame = pd.DataFrame(
        {
            "Kunden-Nr": rng.integers(1, 60, N),
            "Datum": days.strftime("%d.%m.%Y"),
            "class": rng.choice(["Größe \"S\"", "Größe M", "it's L"], N),
            "validate": np.where(rng.random(N) < 0.2, "NA", rng.integers(1, 90, N).astype(str)),
            "2nd hours": [f"{one:.2f}".replace(".", ",") for one in hours],
            "_aktiv": rng.choice(["true", "false", ""], N),
            "row": rng.choice(["a", "b"], N),
            "a\"b\\c": rng.choice([f"L{n} {'x' * 40}" for n in range(12)], N),
            "Netto": [f"{one * 2:.2f}".replace(".", ",") for one in hours],
            "Steuer": [f"{one * 3:.2f}".replace(".", ",") for one in rng.normal(5, 2, N).round(2)],
        }
    )  # fmt: skip
    number = [float(n.replace(",", ".")) + float(s.replace(",", ".")) for n, s in
              zip(frame["Netto"], frame["Steuer"], strict=True)]  # fmt: skip
    frame["Betrag"] = [f"{one:.2f}".replace(".", ",") for one in number]
    frame.to_csv(path, sep=";", index=False, encoding="cp1252")
    return path


def plain(path: Path, target: Any) -> Path:
    rng = np.random.default_rng(4)
    columns = {
        "age": rng.integers(18, 90, N),
        "score": rng.normal(size=N).round(3),
        "when": "2024-01-05 10:00",
    }
    frame = pd.DataFrame(columns)
    frame["when"] = (pd.Timestamp("2023-01-05") + pd.to_timedelta(rng.integers(0, 9999, N), "h")).astype(str)
    frame.assign(target=target(rng, frame)).to_csv(path, index=False)
    return path


TARGETS: dict[str, Any] = {
    "labels": lambda rng, f: np.where(f["score"] + rng.normal(size=N) > 0.7, "leaves", "stays"),
    "yes_no": lambda rng, f: np.where(f["score"] + rng.normal(size=N) > 0.7, "yes", "no"),
    "classes": lambda rng, f: rng.choice(["red", "green", "blue"], N),
    "number": lambda rng, f: (f["score"] + rng.normal(size=N)).round(3),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder like the repository's, with the settings that written code has to meet."""
    for name in ("mlplatform", "mlplatform_tests"):
        (tmp_path / name / "defs").mkdir(parents=True)
        for package in (name, f"{name}/defs"):
            (tmp_path / package / "__init__.py").write_text('"""A package."""\n')
    shutil.copytree(
        REPOSITORY / "mlplatform" / "scaffold", tmp_path / "mlplatform" / "scaffold"
    )  # it is imported
    shutil.copyfile(REPOSITORY / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


@pytest.fixture
def new(root: Path) -> New:
    """The command in this process, writing below `root`."""

    def run(name: str, data: Path, *options: str) -> int:
        return main(["new", name, "--data", str(data), "--out", str(root), *options])

    return run


def test_what_is_written_is_clean(root: Path, new: New) -> None:
    assert new("awkward", awkward(root / "a.csv"), "--target", "Betrag", "--time", "Datum") == 0
    assert new("no_time", root / "a.csv", "--target", "class") == 0
    for name, target in TARGETS.items():
        assert new(name, plain(root / f"{name}.csv", target), "--target", "target") == 0
    ruff = [sys.executable, "-m", "ruff"]
    for check in (["check", "."], ["format", "--check", "."]):
        done = subprocess.run([*ruff, *check], cwd=root, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    for file in root.rglob("*.py"):
        compile(file.read_text(), str(file), "exec")


def test_the_declaration_says_how_the_file_is_spelled(root: Path, new: New) -> None:
    assert new("awkward", awkward(root / "a.csv"), "--target", "Betrag", "--time", "Datum") == 0
    text = (root / "mlplatform/defs/awkward/use_case.py").read_text()
    assert 'delimiter=";", encoding="cp1252", decimal=",", missing=("NA",), dates="%d.%m.%Y"' in text
    assert 'split=TimeSplit(column="Datum", validation_share=0.2)' in text
    assert 'after_the_fact=("Netto", "Steuer")' in text or 'after_the_fact=("2nd hours",' in text
    assert 'entity="Kunden-Nr"' in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "labels",
            ('task="binary_classification"', 'positive="leaves"', 'Gate(metric="roc_auc", minimum=0.5)'),
        ),
        ("yes_no", ('task="binary_classification"',)),
        ("classes", ('task="multiclass_classification"', 'Gate(metric="balanced_accuracy", minimum=0.33)')),
        ("number", ('task="regression"', 'Gate(metric="r2", minimum=0.0)')),
    ],
)
def test_each_kind_of_target_is_declared(root: Path, new: New, name: str, said: tuple[str, ...]) -> None:
    assert new(name, plain(root / "a.csv", TARGETS[name]), "--target", "target") == 0
    text = (root / f"mlplatform/defs/{name}/use_case.py").read_text()
    for words in said:
        assert words in text


@pytest.mark.parametrize("target", ["labels", "number"])
def test_what_alone_predicts_the_target_is_kept_from_the_model(root: Path, new: New, target: str) -> None:
    frame = pd.read_csv(plain(root / "a.csv", TARGETS[target]))
    truth = frame["target"] if target == "number" else frame["target"].eq("leaves").astype(float)
    frame["refund"] = (truth * 1.1 + 3 + np.arange(N) / 1e5).round(6)
    frame.to_csv(root / "a.csv", index=False)
    assert new("leaky", root / "a.csv", "--target", "target") == 0
    text = (root / "mlplatform/defs/leaky/use_case.py").read_text()
    assert "# refund: alone it predicts target almost perfectly" in text
    assert 'after_the_fact=("refund",)' in text
    assert "refund" not in (root / "mlplatform/defs/leaky/features.py").read_text().replace("`refund`", "")


def test_no_row_of_the_file_stands_in_the_tests(root: Path, new: New) -> None:
    frame = pd.read_csv(plain(root / "a.csv", TARGETS["labels"]))
    frame["person"] = [f"Secret Name {n:03d}" for n in range(N)]
    frame["salary"] = np.arange(N) * 7919 + 123_456
    frame.to_csv(root / "a.csv", index=False)
    assert new("private", root / "a.csv", "--target", "target") == 0
    written = "".join(file.read_text() for file in (root / "mlplatform_tests").rglob("*.py"))
    written += "".join(file.read_text() for file in (root / "mlplatform").rglob("*.py"))
    assert "Secret" not in written
    assert not {str(one) for one in frame["salary"]} & set(written.replace(",", " ").split())


def test_json_tells_the_same(root: Path, new: New, capsys: pytest.CaptureFixture[str]) -> None:
    assert new("labels", plain(root / "a.csv", TARGETS["labels"]), "--target", "target", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rows"] == N
    assert document["quarantined"] == 0
    assert {one["name"]: one["role"] for one in document["columns"]}["target"] == "target"
    assert all(Path(one).is_file() for one in document["files"])
    text = (root / "mlplatform/defs/labels/use_case.py").read_text().replace("\n  ", " ")
    assert document["assumptions"]
    assert all(one in text for one in document["assumptions"])


@pytest.mark.parametrize("name", ["Churn", "9lives", "a-b", "class", "../a", ""])
def test_names_that_cannot_be(root: Path, new: New, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert new(name, plain(root / "a.csv", TARGETS["labels"]), "--target", "target") == 1
    assert "cannot name a" in capsys.readouterr().err
    assert not [one for one in (root / "mlplatform/defs").iterdir() if one.is_dir()]


def test_nothing_is_overwritten(root: Path, new: New, capsys: pytest.CaptureFixture[str]) -> None:
    data = plain(root / "a.csv", TARGETS["labels"])
    assert new("churn", data, "--target", "target") == 0
    contract = root / "mlplatform/defs/churn/contracts.py"
    contract.write_text("# mine")
    assert new("churn", data, "--target", "target") == 1
    said = capsys.readouterr().err
    assert "are there already, and nothing in them is overwritten" in said
    assert "mlplatform/defs/churn and" in said and "mlplatform_tests/defs/churn are" in said
    shutil.rmtree(root / "mlplatform_tests/defs/churn")
    assert new("churn", data, "--target", "target") == 1
    assert "is there already, and nothing in it is overwritten" in capsys.readouterr().err
    assert contract.read_text() == "# mine"


def test_what_fails_half_way_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = draft_of(plain(root / "a.csv", TARGETS["labels"]), "target")
    before = sorted(root.rglob("*"))
    moved: list[Path] = []
    rename = Path.rename

    def full_disk(self: Path, place: Path) -> Path:
        if moved:
            raise OSError(errno.ENOSPC, "No space left on device", str(place))
        moved.append(place)
        return rename(self, place)

    monkeypatch.setattr(Path, "rename", full_disk)
    with pytest.raises(WrongUsage, match=r"churn cannot be written: No space left on device\. Nothing was"):
        write_folders(root, "churn", draft)
    assert moved
    assert sorted(root.rglob("*")) == before


def test_without_a_folder_of_tests_there_are_none(root: Path) -> None:
    shutil.rmtree(root / "mlplatform_tests")
    draft = draft_of(plain(root / "a.csv", TARGETS["labels"]), "target")
    files = write_folders(root, "churn", draft)
    assert {file.name for file in files} == {
        "__init__.py", "contracts.py", "features.py", "estimator.py", "use_case.py",
    }  # fmt: skip
    assert not (root / "mlplatform_tests").exists()


def test_a_file_that_is_not_there(root: Path, new: New, capsys: pytest.CaptureFixture[str]) -> None:
    assert new("churn", root / "nothing.csv", "--target", "target") == 1
    assert "nothing.csv does not exist. Name the table to draft from: --data FILE." in capsys.readouterr().err


def test_columns_named_like_what_a_contract_imports(root: Path, new: New) -> None:
    from mlplatform.container.code import Code

    rng, frame = np.random.default_rng(6), pd.read_csv(plain(root / "a.csv", TARGETS["labels"]))
    frame = frame.drop(columns="when")
    for name in ("pa", "pd", "int", "float", "str", "bool", "annotated", "typing", "count"):
        frame[name] = pd.Series(rng.integers(0, 900, N)).astype("Int64").mask(rng.random(N) < 0.1)
    frame["begun"] = [f"2024-01-{1 + n % 28:02d}T10:00:00+02:00" for n in range(N)]
    frame.to_csv(root / "a.csv", index=False)
    assert new("strange", root / "a.csv", "--target", "target") == 0
    contract = Code(root / "mlplatform/defs/strange").named("contracts:RawStrange").to_schema()
    assert {*frame.columns} == {*contract.columns}
    assert all(contract.columns[name].nullable for name in ("pa", "pd", "int", "str", "annotated"))


def test_what_was_written_agrees_with_itself(root: Path, new: New) -> None:
    rng = np.random.default_rng(7)
    days = pd.Timestamp("2023-01-02") + pd.to_timedelta(np.arange(N) // 5, "D")
    frame = pd.DataFrame(
        {
            "team_no": np.arange(N) % 5,
            "date": days.astype(str),
            "day": days.day_name(),
            "size": rng.normal(size=N),
            "paid": rng.choice(["no", "yes"], N),
            "done": rng.choice(["TRUE", "FALSE"], N),
            "y": rng.normal(size=N),
        }
    )
    frame = frame[frame["day"] != "Sunday"]
    frame.to_csv(root / "a.csv", index=False)
    assert new("teams", root / "a.csv", "--target", "y", "--time", "date", "--entity", "team_no") == 0
    folder = root / "mlplatform/defs/teams"
    contract, features = (
        " ".join((folder / f"{one}.py").read_text().split()) for one in ("contracts", "features")
    )
    assert "labels are those that it holds and the weekdays or months that it lacks" in contract
    assert "One of 7 labels" in contract and '"Sunday"' in contract
    assert "True or false, written as no, yes." in contract and 'description="True or false."' in contract
    assert "# team_no itself stands beside the features" in features
    assert "team_no_" in features


def test_land_and_run_work_at_once_and_so_do_the_tests(tmp_path: Path) -> None:
    """In a copy of the package, as a person would: land, run, pytest."""
    copy = tmp_path / "copy"
    shutil.copytree(
        REPOSITORY / "mlplatform", copy / "mlplatform", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copyfile(REPOSITORY / "pyproject.toml", copy / "pyproject.toml")
    (copy / "mlplatform_tests" / "defs").mkdir(parents=True)
    for name in ("mlplatform_tests", "mlplatform_tests/defs"):
        (copy / name / "__init__.py").touch()
    inherited = {k: v for k, v in os.environ.items() if k not in ("DAGSTER_HOME", "MLPLATFORM_ENV")}
    environment = {**inherited, "MLPLATFORM_HOME": str(tmp_path / "home"), "PYTHONPATH": str(copy)}

    def run(*arguments: str | Path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *map(str, arguments)], cwd=copy, env=environment, check=False,
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    data = awkward(tmp_path / "invoices.csv")
    drafted = ["--data", str(data), "--target", "Betrag", "--time", "Datum", "--out", str(copy)]
    assert main(["new", "invoices", *drafted]) == 0
    run("mlplatform", "land", "invoices", data)
    report = json.loads(run("mlplatform", "run", "invoices", "--json"))
    (batch,) = report["batches"]
    assert (batch["rows_in"], batch["validated"], batch["quarantined"]) == (N, N, 0)
    assert report["metric"]["name"] == "r2"
    assert report["verdict"] in ("PROMOTE", "REJECT")
    run("pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "mlplatform_tests/defs/invoices")
