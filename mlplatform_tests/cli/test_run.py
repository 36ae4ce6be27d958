"""land, plan, run, status as processes: what runs, what does not, and what they print."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from mlplatform_tests.cli.conftest import Command, command_in

DATA = ["job_change/raw", "job_change/validated", "job_change/quarantine", "job_change/features"]
REST = [
    "job_change/training_set",
    "job_change/validation_set",
    "job_change/model",
    "job_change/evaluation",
    "job_change/model_card",
]


def test_the_report_of_a_first_run(after_first_run: tuple[Command, Path]) -> None:
    mlplatform, _ = after_first_run

    status = mlplatform("status", "job_change", "--json").json

    (batch,) = status["batches"]
    assert batch["batch"] == "job_change_0001"
    assert batch["rows_in"] == batch["validated"] + batch["quarantined"] == 1500
    assert status["verdict"] == "PROMOTE"
    assert status["metric"]["low"] < status["metric"]["value"] < status["metric"]["high"]
    assert len(status["model_version"]) == 12
    assert (status["approval"], status["endpoint"], status["live"], status["decisions"]) == (
        None,
        None,
        None,
        [],
    )
    timings = {line["asset"]: line for line in status["timings"]}
    assert set(timings) == {key.rpartition("/")[2] for key in DATA + REST}
    assert all(line["seconds"] > 0 for line in timings.values())


def test_nothing_runs_again(after_first_run: tuple[Command, Path]) -> None:
    mlplatform, files = after_first_run

    assert [step["runs"] for step in mlplatform("plan", "job_change", "--json").json["plan"]] == [False] * 7
    for _ in range(2):
        again = mlplatform("run", "job_change", "--json")
        assert again.code == 0
        assert (again.json["ran"], again.json["run_ids"]) == ([], [])
        assert again.json["skipped"] == DATA + REST
        assert again.json["verdict"] == "PROMOTE"
    landed = mlplatform("land", "job_change", files / "job_change_0001.csv", "--json").json["landed"]
    assert landed[0]["change"] == "nothing: same bytes"
    assert mlplatform("run", "job_change", "--json").json["ran"] == []


def test_one_more_batch_runs_that_batch_and_what_depends_on_it(after_first_run: tuple[Command, Path]) -> None:
    mlplatform, files = after_first_run
    assert mlplatform("land", "job_change", files / "job_change_0002.csv").code == 0

    plan = mlplatform("plan", "job_change", "--json").json["plan"]
    ran = mlplatform("run", "job_change", "--json")

    planned = [(step["step"], step["batch"]) for step in plan if step["runs"]]
    assert planned == [
        ("raw", "job_change_0002"),
        ("validated", "job_change_0002"),
        ("features", "job_change_0002"),
        ("sets", None),
        ("model", None),
        ("evaluation", None),
        ("model_card", None),
    ]
    assert ran.code in (0, 3), ran.err
    assert ran.json["ran"] == DATA + REST
    assert len(ran.json["run_ids"]) == 1
    assert [batch["validated"] for batch in ran.json["batches"]] == [1500, 1500]
    assert ran.code == (0 if ran.json["verdict"] == "PROMOTE" else 3)
    assert mlplatform("run", "job_change", "--json").json["ran"] == []


def test_other_bytes_under_the_same_name_are_a_new_version(
    after_first_run: tuple[Command, Path], tmp_path: Path
) -> None:
    mlplatform, files = after_first_run
    corrected = tmp_path / "job_change_0001.csv"
    corrected.write_bytes((files / "job_change_0002.csv").read_bytes())

    landed = mlplatform("land", "job_change", corrected, "--json").json["landed"]
    plan = {step["step"]: step for step in mlplatform("plan", "job_change", "--json").json["plan"]}

    assert landed[0]["change"] == "new version"
    assert plan["raw"]["reason"] == "landed_file of job_change_0001 changed"


def test_run_as_far_as_an_asset(mlplatform: Command, first_run: Path) -> None:
    assert mlplatform("land", "job_change", first_run / "files" / "job_change_0002.csv").code == 0

    part = mlplatform("run", "job_change", "--to", "features", "--json")

    assert part.json["ran"] == DATA
    assert part.json["model_version"] is None
    rest = mlplatform("run", "job_change", "--json")
    assert rest.json["ran"] == REST


def test_a_bad_batch_fails_alone_and_is_said_again(
    after_first_run: tuple[Command, Path], tmp_path: Path
) -> None:
    mlplatform, files = after_first_run
    bad = tmp_path / "bad.csv"
    bad.write_text("a;b;c\n1;2;3\n")
    assert mlplatform("land", "job_change", bad, files / "job_change_0002.csv").code == 0

    run = mlplatform("run", "job_change", "--json")

    assert run.code == 3
    by_batch = {batch["batch"]: batch for batch in run.json["batches"]}
    assert by_batch["bad"]["validated"] is None
    assert by_batch["job_change_0002"]["validated"] == 1500
    assert "job_change/model" in run.json["ran"]
    (failed,) = run.json["failed"]
    assert failed["error"].startswith("bad.csv, line 1: columns are separated by semicolons")
    again = mlplatform("run", "job_change", "--json")
    assert again.code == 3
    assert again.json["ran"] == []


def test_a_gone_snapshot_is_noticed_and_made_again(
    after_first_run: tuple[Command, Path], tmp_path: Path
) -> None:
    mlplatform, _ = after_first_run
    assert mlplatform("run", "job_change", "--json").json["ran"] == []
    (snapshot,) = (tmp_path / "home" / "snapshots" / "job_change" / "features").rglob("*.parquet")
    content = snapshot.read_bytes()
    snapshot.unlink()

    ran = mlplatform("run", "job_change", "--json").json["ran"]

    assert "job_change/features" in ran
    assert snapshot.read_bytes() == content


def test_help_names_every_command(mlplatform: Command) -> None:
    out = mlplatform("--help").out
    for name in ("demo", "dev", "sample", "land", "plan", "run", "status"):
        assert f"  {name} " in out
    assert mlplatform("--version").out.startswith("mlplatform, version")


def test_commands_that_start_from_nothing_say_the_same(
    after_first_run: tuple[Command, Path], tmp_path: Path
) -> None:
    """What they need is loaded by themselves: in other tests all of it is there before they begin."""
    forked, files = after_first_run
    fresh = command_in(tmp_path / "home", fresh=True)
    version = forked("status", "job_change", "--json").json["model_version"]
    said = ("--by", "anna", "--reason", "checked")
    assert forked("approve", "job_change", version, *said).code == 0
    file = files / "job_change_0002.csv"
    for command in (
        ("plan", "job_change"),
        ("status", "job_change"),
        ("monitor", "job_change"),
        ("predict", "job_change", file, "--version", version),
    ):
        answer = fresh(*command, "--json")
        assert answer.code == 0, answer.err
        assert answer.json == forked(*command, "--json").json
    assert fresh("reject", "job_change", version, "--by", "ben", "--reason", "biased").code == 0
    assert forked("deploy", "job_change", version).code == 3


def test_a_run_that_is_stopped_can_go_on(mlplatform: Command, first_run: Path, tmp_path: Path) -> None:
    assert mlplatform("land", "job_change", first_run / "files" / "job_change_0002.csv").code == 0
    running = subprocess.Popen(
        [sys.executable, "-m", "mlplatform", "run", "job_change"],
        env={**os.environ, "MLPLATFORM_HOME": str(tmp_path / "home")},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    for line in running.stderr:
        if line.strip().startswith("features of"):
            running.send_signal(signal.SIGINT)
            break
    out, err = running.communicate(timeout=120)

    assert running.returncode == 130, err
    assert "Stopped. Finished steps are kept; run again to go on." in err
    assert "Traceback" not in err + out
    rest = mlplatform("run", "job_change", "--json")
    assert rest.code == 0
    assert "job_change/raw" in rest.json["skipped"]
    assert rest.json["verdict"] == "PROMOTE"


def test_debug_may_stand_anywhere(mlplatform: Command) -> None:
    assert "Traceback" in mlplatform("run", "nothing", "--debug").err


def test_a_port_that_is_taken(mlplatform: Command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = mlplatform("dev", "--port", str(taken.getsockname()[1]))
    assert answer.code == 1
    assert "cannot be listened at" in answer.first_error
