"""`mlplatform gc`: what goes, what stays, and that everything which stays still works."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlplatform.cli.execution import plan_now
from mlplatform.cli.location import open_location
from mlplatform.cli.main import main
from mlplatform.lineage.approvals import approval_of, judged
from mlplatform.lineage.deployments import live
from mlplatform.lineage.records import latest_of
from mlplatform.ml.garbage import LEFTOVER, NOT_COUNTED, REPLACED, SET_ASIDE
from mlplatform.ml.gate import Gate
from mlplatform.ml.steps import ASSETS
from mlplatform.resources.single_flight.local import LocalSingleFlight
from mlplatform_tests.history import NAME, History, history_in, lenient, several_models


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A home with several models, and their versions. Copy it, do not change it."""
    home = tmp_path_factory.mktemp("several") / "home"
    return home, several_models(home)


@pytest.fixture
def became(made: tuple[Path, dict[str, str]]) -> dict[str, str]:
    return made[1]


@pytest.fixture
def history(made: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[History]:
    shutil.copytree(made[0], tmp_path / "home", copy_function=shutil.copy2)
    with history_in(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def gc(history: History, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command's JSON report; everything counts as old unless said otherwise."""

    def run(*arguments: str, keep: str = "0s") -> Any:
        capsys.readouterr()
        assert main(["gc", "--keep", keep, "--json", *arguments]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def files(home: Path) -> set[str]:
    """Every stored file."""
    stores = [home / "snapshots", home / "landed"]
    return {str(path) for store in stores for path in store.rglob("*") if path.is_file()}


def versions(report: Any, asset: str) -> set[str]:
    return {one["version"] for one in report["garbage"] if one["asset"] == asset}


def test_it_says_what_would_go_and_touches_nothing(history: History, gc: Any, became: dict[str, str]) -> None:
    before = files(history.home)

    found = gc()

    assert files(history.home) == before
    assert found["deleted"] is False
    assert versions(found, "model") == {became["rejected"]}
    rejected = judged(history.instance, NAME, became["rejected"])
    assert versions(found, "training_set") | versions(found, "validation_set") == {
        one.sha256 for one in rejected.sets
    }
    assert rejected.evaluation.sha256 in versions(found, "evaluation")
    of_batches = {(one["asset"], one["batch"], one["why"]) for one in found["garbage"] if one["batch"]}
    # what landed as wednesday first was in the rejected model alone; tuesday's first is in the live one
    assert of_batches >= {(asset, "wednesday", REPLACED) for asset in ("raw", "validated", "features")}
    assert {batch for _, batch, _ in of_batches} == {"wednesday"}
    assert found["bytes"] == sum(one["bytes"] for one in found["garbage"]) > 10_000
    assert all((history.home / "snapshots" / one["path"]).exists() for one in found["garbage"])
    assert not {"approval", "endpoint", "landed_file"} & {one["asset"] for one in found["garbage"]}


def test_what_is_young_stays(gc: Any) -> None:
    assert gc("--delete", keep="24h")["garbage"] == []


def test_what_stays_is_proven_and_works(history: History, gc: Any, became: dict[str, str]) -> None:
    history.home.joinpath("landed", "f" * 64).write_text("nobody's")
    deleted = gc("--delete")
    assert deleted["deleted"] is True
    assert versions(deleted, "model") == {became["rejected"]}
    assert versions(deleted, "landed_file") == {"f" * 64}
    assert not [one for one in deleted["garbage"] if (history.home / "snapshots" / one["path"]).exists()]
    assert gc()["garbage"] == []

    kept = {became[what] for what in ("back", "live", "champion", "latest")}
    roots = [record for version in kept for record in judged(history.instance, NAME, version).records]
    roots += [
        one for version in kept if (one := approval_of(history.instance, NAME, version))
    ] + [history.latest("endpoint"), history.latest("model_card")]  # fmt: skip
    roots += [one for asset in ASSETS for one in latest_of(history.instance, NAME, asset)]
    assert history.prove(*roots) == []

    location = open_location()
    declaration = location.use_case(NAME)
    assert not [one for one in plan_now(location, declaration) if one.runs]
    assert main(["rollback", NAME]) == 0
    assert live(history.instance, NAME).details["model_version"] == became["back"]  # type: ignore[union-attr]
    assert main(["deploy", NAME, became["live"]]) == 0
    assert gc()["garbage"] == []


def test_what_an_approval_was_given_on_stays(history: History, gc: Any, became: dict[str, str]) -> None:
    history.declaration = lenient()
    assert history.materialize("evaluation", "model_card").success
    seen = [history.latest("evaluation"), history.latest("model_card")]
    assert seen[0].details["verdict"] == "PROMOTE"
    history.say(became["latest"])
    history.deploy(became["latest"])
    history.declaration = lenient().model_copy(
        update={
            "limits": "None.",
            "gate": Gate(metric="accuracy", minimum=0, margin=1, resamples=50),
        }
    )
    assert history.materialize("evaluation", "model_card").success
    assert {one.path for one in seen}.isdisjoint(
        history.latest(one.asset).path for one in seen
    )  # said again, and otherwise

    deleted = {one["path"] for one in gc("--delete")["garbage"]}

    assert {one.path.rpartition("/")[0] for one in seen} <= {path.rpartition("/")[0] for path in deleted}
    store = history.home / "snapshots"
    pictures = seen[0].details["pictures"].values()
    assert pictures
    assert all((store / path).exists() for path in (*pictures, *(one.path for one in seen)))


def test_leftovers_and_what_was_set_aside(history: History, gc: Any) -> None:
    store = history.home / "snapshots" / NAME
    (store / "model" / ".tmp-abc" / "0123456789ab").mkdir(parents=True)
    (store / "model" / ".tmp-abc" / "0123456789ab" / "model.skops").write_bytes(b"half")
    (store / "features" / "monday" / ".tmp-def").write_bytes(b"half")
    features = next((store / "features" / "monday").glob("*.parquet"))
    shutil.copy2(features, features.with_name(f"{features.name}.damaged-01234567"))
    (history.home / "landed" / ".tmp-0").write_bytes(b"half")
    for young in (store / "features" / "monday" / ".tmp-young", history.home / "landed" / "young"):
        young.write_bytes(b"just written")
        os.utime(young, (2**33, 2**33))

    found = gc("--delete")

    whys = {
        (one["asset"], one["batch"], one["path"].rpartition("/")[2]): one["why"] for one in found["garbage"]
    }
    assert whys["model", None, ".tmp-abc"] == LEFTOVER
    assert whys["features", "monday", ".tmp-def"] == LEFTOVER
    assert whys["features", "monday", f"{features.name}.damaged-01234567"] == SET_ASIDE
    assert whys["landed_file", None, ".tmp-0"] == LEFTOVER
    assert not [path for path in files(history.home) if ".tmp-" in path and "young" not in path]
    assert features.exists()
    assert (store / "features" / "monday" / ".tmp-young").exists()
    assert (history.home / "landed" / "young").exists()


def test_batches_that_were_withdrawn(history: History, gc: Any, became: dict[str, str]) -> None:
    history.instance.delete_dynamic_partition(f"{NAME}_batches", "wednesday")
    found = gc("--delete")
    # what the models that stay were made from stays, the batch counting or not
    whys = {(one["asset"], one["why"]) for one in found["garbage"] if one["batch"] == "wednesday"}
    assert {why for _, why in whys} == {NOT_COUNTED}
    assert history.prove(judged(history.instance, NAME, became["champion"]).model) == []
    assert versions(found, "landed_file") == set()


def test_a_deletion_that_was_killed_is_completed(
    history: History, gc: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    expected = {one["path"] for one in gc()["garbage"]}
    monkeypatch.setattr(shutil, "rmtree", killed)  # only models are folders
    assert main(["gc", "--delete", "--keep", "0s"]) == 130
    monkeypatch.undo()

    rest = gc("--delete")

    assert [one["why"] for one in rest["garbage"] if one["asset"] == "model"] == [LEFTOVER]
    assert not [path for path in expected if (history.home / "snapshots" / path).exists()]
    assert gc()["garbage"] == []


def test_it_waits_for_the_lock_of_the_use_case(history: History, gc: Any) -> None:
    other = LocalSingleFlight(folder=str(history.home / "locks"))
    other.hold(NAME)
    report: list[Any] = []
    waiting = threading.Thread(target=lambda: report.append(main(["gc", "--delete", "--keep", "0s"])))
    before = files(history.home)
    waiting.start()
    waiting.join(timeout=2)
    assert waiting.is_alive() and files(history.home) == before
    other.release()
    waiting.join(timeout=60)
    assert report == [0]
    assert files(history.home) < before


def test_it_refuses_while_a_run_is_going_on(
    history: History, gc: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run = dg.DagsterRun(job_name=f"{NAME}_update", status=dg.DagsterRunStatus.STARTED)
    history.instance.add_run(run)
    before = files(history.home)
    assert main(["gc", "--delete", "--keep", "0s"]) == 1
    assert f"error: run {run.run_id} of {NAME}_update is going on" in capsys.readouterr().err
    assert files(history.home) == before
    assert gc()["garbage"]


@pytest.mark.parametrize("keep", ["", "1", "-1h", "1 week", "99999999d"])
def test_odd_lengths_are_refused(keep: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gc", "--keep", keep]) == 2
    assert "is no length of time" in capsys.readouterr().err


def test_the_report_for_people(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gc", "--keep", "0s"]) == 0
    said = capsys.readouterr()
    assert f"  {NAME}/model " in said.out
    assert "Would be deleted: " in said.out
    assert said.err.endswith("To delete: mlplatform gc --delete --keep 0s\n")
    assert main(["gc"]) == 0
    assert "Nothing to delete" in capsys.readouterr().out
