"""`mlplatform lineage`: what it prints for people and for programs, and how it ends."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from mlplatform_tests.cli.conftest import Command

NODE = {"id", "asset", "batch", "sha256", "code_version", "time", "run_id", "facts"}
SIX_LINKS = {"training_set", "features", "validation_set", "approval", "endpoint", "model"}


@pytest.fixture
def released(after_first_run: tuple[Command, Path]) -> tuple[Command, Path, str]:
    """A home whose model is live, the folder of its files, and the version."""
    mlplatform, files = after_first_run
    version = str(mlplatform("status", "job_change", "--json").json["model_version"])
    assert mlplatform("approve", "job_change", version, "--by", "anna", "--reason", "it is fair").code == 0
    assert mlplatform("deploy", "job_change").code == 0
    return mlplatform, files, version


def test_a_trace_as_json(released: tuple[Command, Path, str]) -> None:
    mlplatform, files, version = released
    answer = mlplatform("lineage", "trace", "job_change", "--json")
    assert answer.code == 0, answer.err
    graph = answer.json
    assert set(graph) == {"subject", "nodes", "edges"}
    assert graph["subject"] == {"use_case": "job_change", "kind": "endpoint", "model_version": version}
    assert all(set(one) == NODE for one in graph["nodes"])
    assert {one["asset"] for one in graph["nodes"]} >= SIX_LINKS
    ids = {one["id"] for one in graph["nodes"]}
    assert all(source in ids and target in ids for source, target in graph["edges"])
    (landed,) = [one for one in graph["nodes"] if one["asset"] == "landed_file"]
    file = files / "job_change_0001.csv"
    assert landed["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    again = mlplatform("lineage", "trace", "job_change", "--version", version, "--json").json
    assert (again["nodes"], again["edges"]) == (graph["nodes"], graph["edges"])


def test_a_trace_for_people(released: tuple[Command, Path, str]) -> None:
    mlplatform, _, version = released
    said = mlplatform("lineage", "trace", "job_change").out
    assert said.splitlines()[0] == f"Model {version} of job_change, which is live"
    for expected in (
        "anna approves: it is fair",
        "PROMOTE",
        "job_change_0001.csv",
        "scikit-learn=",
        "deployed",
    ):
        assert expected in said


def test_an_impact(released: tuple[Command, Path, str]) -> None:
    mlplatform, files, version = released
    file = files / "job_change_0001.csv"
    by_batch = mlplatform("lineage", "impact", "job_change", "--batch", "job_change_0001", "--json").json
    by_file = mlplatform("lineage", "impact", "job_change", "--file", file, "--json").json
    assert by_batch["nodes"] == by_file["nodes"]
    assert set(by_batch) == {"subject", "nodes", "edges", "advice"}
    assert all(set(one) == {*NODE, "live"} for one in by_batch["nodes"])
    assert {one["asset"] for one in by_batch["nodes"] if one["live"]} >= SIX_LINKS
    entity = file.read_text().splitlines()[1].partition(",")[0]
    for option in (("--row", "job_change_0001:1"), ("--entity", entity)):
        reached = mlplatform("lineage", "impact", "job_change", *option, "--json").json
        assets = {one["asset"] for one in reached["nodes"]}
        assert len(assets & {"training_set", "validation_set"}) == 1  # an entity is on one side
    said = mlplatform("lineage", "impact", "job_change", "--batch", "job_change_0001").out
    assert "Behind what answers now:" in said
    assert "mlplatform land job_change --withdraw job_change_0001 --reason WHY" in said
    assert f"model {version}, which is live, was trained on it" in said


def test_what_was_live(released: tuple[Command, Path, str]) -> None:
    mlplatform, _, version = released
    now = datetime.now(UTC)
    there = now.astimezone(timezone(timedelta(hours=2)))
    for moment in (now.replace(tzinfo=None).isoformat(), there.isoformat()):
        answer = mlplatform("lineage", "live", "job_change", "--at", moment, "--json")
        assert answer.code == 0, answer.err
        said = answer.json["live"]
        assert (said["model_version"], said["action"], said["until"]) == (version, "deployed", None)
        assert said["approval"]["statements"][0]["reason"] == "it is fair"
        assert [one["file"] for one in said["landed_files"]] == ["job_change_0001.csv"]
    before = mlplatform("lineage", "live", "job_change", "--at", "2020-01-01")
    assert (before.code, before.out) == (
        0,
        "At 2020-01-01T00:00:00.000+00:00 no model of job_change answered: none had been deployed.\n",
    )
    said = mlplatform("lineage", "live", "job_change", "--at", now.isoformat()).out
    assert f"model {version} of job_change answered" in said


def test_the_index_is_made_again(released: tuple[Command, Path, str]) -> None:
    mlplatform, _, _ = released
    before = mlplatform("lineage", "trace", "job_change", "--json").out
    made = mlplatform("lineage", "reindex", "--json")
    assert (made.code, made.json["events"] > 10) == (0, True)
    assert mlplatform("lineage", "trace", "job_change", "--json").out == before


def test_what_does_not_exist(released: tuple[Command, Path, str]) -> None:
    mlplatform, files, version = released
    trace, impact = ("lineage", "trace", "job_change"), ("lineage", "impact", "job_change")
    for arguments, code, said in (
        ((*trace, "--version", "abc"), 1, f"no model 'abc'. The last ones: {version}."),
        ((*trace, "--prediction", "nobody"), 1, "no captured request of job_change has the id 'nobody'"),
        ((*impact, "--batch", "job_change_001"), 1, "Did you mean 'job_change_0001'?"),
        ((*impact, "--file", files / "job_change_0002.csv"), 1, "has never landed"),
        ((*impact, "--file", files / "none.csv"), 1, "is no file"),
        ((*impact, "--row", "job_change_0001:99999"), 1, "there is no row"),
        ((*impact, "--entity", "nobody"), 1, "has enrollee_id 'nobody'"),
        (("lineage", "live", "job_change", "--at", "yesterday"), 1, "'yesterday' is no moment"),
        (("lineage", "live", "job_change", "--at", "2999-01-01"), 1, "lies ahead"),
        (("lineage", "trace", "job_chang"), 1, "Did you mean 'job_change'?"),
        (impact, 2, "name one of --batch, --file, --row and --entity"),
        ((*trace, "--version", version, "--prediction", "x"), 2, "choose one"),
        (("lineage", "live", "job_change"), 2, "--at"),
        (("lineage", "nothing"), 2, "nothing"),
    ):
        answer = mlplatform(*arguments)
        assert (answer.code, answer.out) == (code, ""), arguments
        assert said in answer.err, answer.err


def test_nothing_was_made_yet(mlplatform: Command) -> None:
    answer = mlplatform("lineage", "trace", "job_change")
    assert answer.code == 1
    assert "job_change has no model yet. Make one: mlplatform run job_change." in answer.first_error
    assert mlplatform("lineage", "impact", "job_change", "--batch", "june").code == 1
    assert mlplatform("lineage", "live", "job_change", "--at", "2020-01-01", "--json").json["live"] is None


def test_where_the_index_cannot_be_a_file(released: tuple[Command, Path, str], tmp_path: Path) -> None:
    mlplatform, _, _ = released
    index = tmp_path / "home" / "lineage.sqlite"
    index.mkdir()
    answer = mlplatform("lineage", "trace", "job_change")
    assert answer.code == 1
    assert str(tmp_path / "home") in answer.first_error
    index.rmdir()
    assert mlplatform("lineage", "trace", "job_change").code == 0
