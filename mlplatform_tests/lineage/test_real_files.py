"""The real files, from their bytes to what is live, held against the fold of the log."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlplatform.lineage import Graph, open_lineage
from mlplatform.ml.hashing import file_sha256
from mlplatform_tests.cli.conftest import command_in
from mlplatform_tests.lineage.folded import Fold

SIX_LINKS = {"training_set", "features", "validation_set", "approval", "endpoint", "model"}
FILES = {"job_change": "job_change_train.csv", "worker_productivity": "garments_worker_productivity.csv"}


def ids(graph: Graph) -> set[int]:
    return {int(one.id.partition(":")[2]) for one in graph.nodes}


@pytest.mark.parametrize("use_case", FILES)
def test_from_the_real_file_to_what_is_live(use_case: str, real_data: Path, tmp_path: Path) -> None:
    mlplatform, file = command_in(tmp_path / "home"), real_data / FILES[use_case]
    daily = ["--daily"] if use_case == "worker_productivity" else []
    assert mlplatform("land", use_case, file, *daily).code == 0
    done = mlplatform("run", use_case, "--json")
    assert done.code == 0, done.err
    version = done.json["model_version"]
    assert mlplatform("approve", use_case, version, "--by", "anna", "--reason", "seen").code == 0
    assert mlplatform("deploy", use_case).code == 0

    with open_lineage(use_case, tmp_path / "home") as lineage:
        graph, fold = lineage.trace(), Fold(lineage.instance, use_case, tmp_path / "home" / "snapshots")
        assert {one.asset for one in graph.nodes} >= SIX_LINKS
        assert ids(graph) == fold.trace(version) == set(fold.events)
        whole = {one.facts.get("from", {"sha256": one.sha256})["sha256"] for one in graph.of("landed_file")}
        assert whole == {file_sha256(file)}
        assert lineage.live(datetime.now(UTC)).document()["live"]["model_version"] == version
        by_file = lineage.impact(file=file)
        landings = [one.id for one in fold.of("landed_file")]
        assert ids(by_file.graph) == fold.forward(landings)
        batches = sorted(str(one.batch) for one in graph.of("landed_file"))
        for batch in {batches[0], batches[-1]}:
            reached = lineage.impact(batch).graph
            landing = [one.id for one in fold.of("landed_file") if one.batch == batch]
            assert ids(reached) == fold.forward(landing)
            assert {int(one.id.partition(":")[2]) for one in reached.nodes if one.live} == fold.alive(
                ids(reached)
            )
        if daily:  # the last days are held out: nothing was trained on them
            assert lineage.impact(batches[0]).graph.of("model")
            last = lineage.impact(batches[-1])
            assert (last.graph.of("model"), bool(last.graph.of("evaluation"))) == ((), True)
            assert "was judged on it, not trained on it" in last.advice[0].why
            team = lineage.impact(entity=1).graph  # it works every day, before and after the border
            assert (len(team.of("training_set")), len(team.of("validation_set"))) == (1, 1)
            row = lineage.impact(row=f"{batches[-1]}:1").graph
            assert (row.of("training_set"), len(row.of("validation_set"))) == ((), 1)
            first = lineage.impact(row=f"{batches[0]}:1").graph
            assert (len(first.of("training_set")), first.of("validation_set")) == (1, ())
