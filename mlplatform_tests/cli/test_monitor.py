"""`mlplatform monitor`: judge, decide, retrain, report; on the real files where they are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mlplatform_tests.cli.conftest import Command, command_in
from mlplatform_tests.monitored import ENDPOINT, USE_CASE, Monitored, drifted
from mlplatform_tests.traffic import HOUR, capture, capture_file


def test_without_traffic_there_is_nothing_to_say(monitored: Monitored) -> None:
    command = command_in(monitored.home)
    done = command("monitor", USE_CASE, "--json")
    assert done.code == 0, done.err
    assert (done.json["windows"], done.json["signals"], done.json["decisions"]) == ([], [], [])
    assert "No captured traffic yet" in command("monitor", USE_CASE).out
    assert command("monitor", "job_chnge").code == 1


def test_what_landed_meanwhile_is_in_the_retraining(monitored: Monitored, tmp_path: Path) -> None:
    command = command_in(monitored.home)
    before = monitored.model.details["version"]
    window = monitored.capture(drifted(monitored.rows()))
    monitored.rows(900, seed=5).to_csv(tmp_path / "later.csv", index=False)
    assert command("land", USE_CASE, tmp_path / "later.csv").code == 0

    done = command("monitor", USE_CASE, "--json")

    assert done.code == 3, done.err
    (decision,) = done.json["decisions"]
    assert (decision["signal"], decision["decision"]) == (f"drift:{window}", "retrained")
    (retraining,) = done.json["retrainings"]
    assert retraining["model_version"] != before
    assert retraining["failed"] == []
    assert len(monitored.retrainings(decision["signal"])) == 1
    assert command("plan", USE_CASE, "--json").json["plan"][0]["reason"] == "unchanged"
    again = command("monitor", USE_CASE, "--json")
    assert (again.code, again.json["retrainings"]) == (0, [])
    assert again.json["decisions"] == done.json["decisions"]
    assert command("status", USE_CASE, "--json").json["decisions"] == done.json["decisions"]


def test_a_window_that_cannot_be_judged_is_an_error_and_the_others_are_judged(monitored: Monitored) -> None:
    window = monitored.capture(monitored.rows(300), hours=1)
    elsewhere = capture(monitored.home / "captured", ENDPOINT, monitored.model_folder, monitored.rows(10))
    version = str(monitored.model.details["version"]).encode()
    elsewhere.write_bytes(elsewhere.read_bytes().replace(version, b"0123456789ab"))

    done = command_in(monitored.home)("monitor", USE_CASE, "--json")

    assert done.code == 1
    assert [one["window"] for one in done.json["windows"]] == [window]
    assert done.json["failed"][0]["window"] == "2026-03-01T17_0123456789ab"
    assert "no record of" in done.first_error


def test_the_real_test_rows_are_no_drift_and_changed_ones_are(
    mlplatform: Command, real_data: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    assert mlplatform("land", USE_CASE, real_data / "job_change_train.csv").code == 0
    assert mlplatform("run", USE_CASE).code == 0
    (model,) = (home / "snapshots" / USE_CASE / "model").iterdir()
    rows = pd.read_csv(real_data / "job_change_test.csv")

    capture(home / "captured", ENDPOINT, model, rows)
    usual = mlplatform("monitor", USE_CASE, "--json")
    assert usual.code == 0, usual.err
    (window,) = usual.json["windows"]
    psi = window["checks"][0]
    assert (window["rows"], psi["name"], psi["passed"]) == (2129, "psi", True)
    assert psi["value"] < 0.05 < psi["threshold"]
    assert usual.json["signals"] == []

    capture(home / "captured", ENDPOINT, model, drifted(rows), at=HOUR.replace(hour=18))
    changed = mlplatform("monitor", USE_CASE, "--json")
    assert changed.code == 3, changed.err
    (signal,) = changed.json["signals"]
    assert signal["feature"] == "city_development_index"
    (decision,) = changed.json["decisions"]
    assert decision["decision"] == "retrained"
    assert "the same data gives the same model" in decision["why"]
    assert mlplatform("monitor", USE_CASE, "--json").json["retrainings"] == []


def test_half_a_line_waits_for_its_other_half(monitored: Monitored) -> None:
    from datetime import UTC, datetime

    command, now = command_in(monitored.home), datetime.now(UTC)
    capture(monitored.home / "captured", ENDPOINT, monitored.model_folder, monitored.rows(300), at=now)
    with capture_file(monitored.home / "captured", ENDPOINT, now).open("ab") as file:
        file.write(b'{"captureData":')
    done = command("monitor", USE_CASE, "--json")
    assert done.code == 0, done.err
    assert [one["rows"] for one in done.json["windows"]] == [300]
