"""The main job on the real file."""

from __future__ import annotations

from pathlib import Path

from mlplatform_tests.cli.conftest import Command


def test_from_the_real_file_to_a_verdict(mlplatform: Command, real_data: Path) -> None:
    assert mlplatform("land", "job_change", real_data / "job_change_train.csv").code == 0

    done = mlplatform("run", "job_change", "--json")

    assert done.code == 0, done.err
    (batch,) = done.json["batches"]
    assert batch["rows_in"] == 19_158 == batch["validated"] + batch["quarantined"]
    assert done.json["metric"]["name"] == "roc_auc"
    assert done.json["metric"]["value"] >= 0.78
    assert done.json["verdict"] == "PROMOTE"
    assert mlplatform("run", "job_change", "--json").json["ran"] == []


def test_generated_data_is_about_as_difficult(mlplatform: Command, real_data: Path, tmp_path: Path) -> None:
    values = {}
    files = {"real": real_data / "job_change_train.csv", "generated": tmp_path / "job_change_0001.csv"}
    assert mlplatform("sample", "job_change", "--out", tmp_path, "--rows", "19158").code == 0
    from mlplatform_tests.cli.conftest import command_in

    for name, file in files.items():
        command = command_in(tmp_path / name)
        assert command("land", "job_change", file).code == 0
        values[name] = command("run", "job_change", "--json").json["metric"]["value"]
    assert abs(values["real"] - values["generated"]) <= 0.05
