"""Every model of a generated year, asked and held against a brute-force fold of the raw event log.

`MLPLATFORM_WHOLE_YEAR=1` lets all of it pass; without, a few weeks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mlplatform.lineage import About, Graph, Node, impact, live, trace
from mlplatform.ml.splits import EntitySplit
from mlplatform_tests.history import NAME, History
from mlplatform_tests.lineage.counted import statements
from mlplatform_tests.lineage.folded import Fold
from mlplatform_tests.year import Size, Told, asked_for, told_in, year_in

# The first to ask lets the year pass.
pytestmark = pytest.mark.timeout(900)
WHOLE = asked_for() == Size()
SIX_LINKS = ("training_set", "features", "validation_set", "approval", "endpoint", "model")


@dataclass(frozen=True)
class Year:
    """A year that has passed, an index of it, and the fold of its log."""

    history: History
    told: Told
    fold: Fold
    index: Path
    traces: dict[str, Graph] = field(default_factory=dict)

    def trace(self, version: str) -> Graph:
        """As it was answered first."""
        if version not in self.traces:
            self.traces[version] = self.trace_again(version, self.index)
        return self.traces[version]

    def trace_again(self, version: str, index: Path) -> Graph:
        return trace(self.history.instance, NAME, version=version, index=index)

    def impact(self, about: About, index: Path | None = None) -> Any:
        store = self.history.resources["snapshots"]
        return impact(self.history.instance, NAME, about, snapshots=store, index=index or self.index)


@pytest.fixture(scope="module")
def year(passed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    with year_in(passed) as history:
        fold = Fold(history.instance, NAME, history.home / "snapshots")
        yield Year(history, told_in(passed), fold, tmp_path_factory.mktemp("index") / "lineage.sqlite")


def ids(graph: Graph) -> set[int]:
    return {int(one.id.partition(":")[2]) for one in graph.nodes}


def edges(graph: Graph) -> set[tuple[int, int]]:
    return {(int(a.partition(":")[2]), int(b.partition(":")[2])) for a, b in graph.edges}


def test_a_year_is_what_it_says(year: Year) -> None:
    size, fold, told = asked_for(), year.fold, year.told
    assert len(told.models) == len(set(told.models)) == size.retrainings
    assert len({one.batch for one in fold.of("landed_file")}) == size.days
    actions = [one.record["details"]["action"] for one in fold.of("endpoint")]
    assert actions.count("rolled back") == size.rollbacks
    assert actions.count("deployed") == size.deployments
    assert [one.version for one in fold.of("endpoint")] == [version for _, version in told.live]


def test_every_trace_is_what_the_log_says(year: Year) -> None:
    for version in year.told.models:
        graph = year.trace(version)
        expected = year.fold.trace(version)
        assert ids(graph) == expected
        events = [year.fold.events[one] for one in expected]
        named = {(read["storage_id"], one.id) for one in events for read in one.inputs}
        assert edges(graph) == {(source, target) for source, target in named if source in expected}
        for node in graph.nodes:
            event = year.fold.events[int(node.id.partition(":")[2])]
            said = (node.asset, node.batch, node.sha256, node.code_version, node.run_id)
            record = event.record
            assert said == (event.asset, event.batch, record["sha256"], record["code_version"], event.run_id)
            assert abs(datetime.fromisoformat(node.time).timestamp() - event.time) < 0.001


def test_every_model_is_tied_to_its_data_approval_and_deployments(year: Year) -> None:
    live_ever = {version for _, version in year.told.live}
    for version in year.told.models:
        graph = year.trace(version)
        links = {one.asset for one in graph.nodes}
        wanted = set(SIX_LINKS) if version in live_ever else set(SIX_LINKS) - {"approval", "endpoint"}
        assert wanted <= links, version
        (model,) = [one for one in graph.of("model") if one.facts["version"] == version]
        (drawn,) = graph.read_by(model)
        files = landed_below(graph, drawn)
        assert {batch for batch, _ in files} == set(year.told.known_in[version])
        assert all(sha256 in year.told.landed[batch] for batch, sha256 in files)
        assert model.facts["hyperparameters"]["max_iter"] == 1 + year.told.models.index(version)
        assert model.facts["environment"]["libraries"]["scikit-learn"]
        assert model.facts["seconds"] > 0
        assert {"rows_in", "quarantined"} <= graph.of("quarantine")[0].facts.keys()
        assert all(one.facts["verdict"] for one in graph.of("evaluation"))
        assert all(one.facts["statements"][0]["approver"] == "anna" for one in graph.of("approval"))
        times = [one for one, live_then in year.told.live if live_then == version]
        deployments = [one for one in graph.of("endpoint") if one.facts["model_version"] == version]
        assert len(deployments) == len(times)


def landed_below(graph: Graph, start: Node) -> set[tuple[str, str]]:
    """Batch and hash of the files behind a node, by the graph's own edges."""
    found, waiting = {start.id: start}, [start]
    while waiting:
        new = [one for one in graph.read_by(waiting.pop()) if one.id not in found]
        found.update({one.id: one for one in new})
        waiting += new
    return {(str(one.batch), one.sha256) for one in found.values() if one.asset == "landed_file"}


def test_what_was_live_at_every_moment(year: Year) -> None:
    instance, moments = year.history.instance, [time for time, _ in year.told.live]
    for time, version in year.told.live:
        found = live(instance, NAME, datetime.fromtimestamp(time, UTC), index=year.index)
        said = found.document()["live"]
        assert said["model_version"] == version == year.fold.live_at(time)
        assert said["approval"]["outcome"] == "approved"
        assert {one["batch"] for one in said["landed_files"]} == set(year.told.known_in[version])
        assert said["since"] <= found.document()["at"]
        assert said["until"] is None or said["until"] > found.document()["at"]
    for time in [(a + b) / 2 for a, b in pairwise(moments)]:
        found = live(instance, NAME, datetime.fromtimestamp(time, UTC), index=year.index)
        assert found.document()["live"]["model_version"] == year.fold.live_at(time)
    before = live(instance, NAME, "2020-01-01T00:00+01:00", index=year.index)
    assert before.document()["live"] is None
    assert before.graph.nodes == ()


def test_impact_is_what_the_log_says(year: Year) -> None:
    asked = [*list(year.told.landed)[::7], year.told.withdrawn, *_landed_twice(year)]
    for batch in dict.fromkeys(asked):
        graph = year.impact(About(batch=batch)).graph
        landings = [one.id for one in year.fold.of("landed_file") if one.batch == batch]
        expected = year.fold.forward(landings)
        assert ids(graph) == expected
        assert {int(one.id.partition(":")[2]) for one in graph.nodes if one.live} == year.fold.alive(expected)
        order = [one.live for one in graph.nodes]
        assert order == sorted(order, reverse=True)
    assert len(_landed_twice(year)) == 1


def _landed_twice(year: Year) -> list[str]:
    return [batch for batch, landed in year.told.landed.items() if len(set(landed)) > 1]


def test_a_file_is_known_by_its_bytes(year: Year, tmp_path: Path) -> None:
    (batch,) = _landed_twice(year)
    for number, sha256 in enumerate(year.told.landed[batch]):
        file = tmp_path / "whatever.csv"
        file.write_bytes(year.history.resources["landed_files"].place(sha256).read_bytes())
        found = year.impact(About(file=file))
        landing = [one.id for one in year.fold.of("landed_file") if one.record["sha256"] == sha256]
        expected = year.fold.forward(landing)
        assert ids(found.graph) == expected
        assert any(one.live for one in found.graph.nodes) == bool(year.fold.alive(expected))
        withdraw = [one for one in found.advice if one.command and "--withdraw" in one.command]
        assert bool(withdraw) == (number == 1)  # the corrected one counts


def test_a_row_reaches_the_models_that_were_trained_on_it(year: Year) -> None:
    store = year.history.resources["snapshots"]
    batch = list(year.told.landed)[10]
    for number in (1, 7, 23):
        row = f"{batch}:{number}"
        graph = year.impact(About(row=row)).graph
        reached = {str(one.facts["version"]) for one in graph.of("model")}
        expected = set()
        for drawn in year.fold.of("training_set"):
            manifest = store.read_json(drawn.record["path"])
            rule = EntitySplit(**manifest["split"])
            for part in manifest["parts"]:
                if part["batch"] == batch:
                    frame = store.read_frame(part["path"]).set_index("row_id")
                    entity = frame.loc[f"{batch}:{number:09}", "enrollee_id"]
                    if not rule.held_out([entity])[0]:
                        expected.add(drawn.id)
        models = [one for one in year.fold.of("model") if year.fold.parents(one)[0] in expected]
        assert reached == {one.version for one in models}
        held_out = not expected
        assert bool(graph.of("validation_set")) == held_out
        assert bool(graph.of("training_set")) == (not held_out)


def test_an_entity_is_found_in_every_batch_that_it_came_with(year: Year) -> None:
    landed: dict[str, set[str]] = {}
    for batch, versions in year.told.landed.items():
        for sha256 in versions:
            text = year.history.resources["landed_files"].place(sha256).read_text()
            for line in text.splitlines()[1:]:
                landed.setdefault(line.partition(",")[0], set()).add(batch)
    more_than_once = [entity for entity, batches in landed.items() if len(batches) > 1]
    assert len(more_than_once) > (100 if WHOLE else 50)
    for entity in [*more_than_once[:3], next(one for one in landed if one not in set(more_than_once))]:
        graph = year.impact(About(entity=int(entity))).graph
        assert {one.batch for one in graph.of("landed_file")} == landed[entity]
        sides = {one.asset for one in graph.nodes} & {"training_set", "validation_set"}
        held_out = bool(EntitySplit().held_out([int(entity)])[0])
        assert sides == {"validation_set" if held_out else "training_set"}
        assert year.impact(About(entity=entity)).graph == graph


def test_without_the_index_the_answers_are_the_same(year: Year, tmp_path: Path) -> None:
    batches, other = list(year.told.landed)[::7], tmp_path / "other.sqlite"
    abouts = [*(About(batch=batch) for batch in batches), About(row=f"{batches[1]}:3")]
    reached = [year.impact(about) for about in abouts]
    for _ in range(2):
        assert not other.exists()
        assert all(year.trace_again(one, other) == year.trace(one) for one in year.told.models)
        assert [year.impact(about, other) for about in abouts] == reached
        other.unlink()


def test_the_number_of_queries_depends_on_the_depth(year: Year) -> None:
    first, last = year.told.models[0], year.told.models[-1]
    year.trace_again(first, year.index)
    counts = {}
    for version in (first, last):
        with statements() as sent:
            graph = year.trace_again(version, year.index)
        counts[version] = (len(sent), len(graph.nodes))
    assert counts[last][1] > (3 if WHOLE else 1.5) * counts[first][1]
    assert counts[last][0] <= counts[first][0] + 2  # a level more: what was approved and deployed
    assert counts[last][0] < 60

    batches = list(year.told.landed)
    sizes = {}
    for batch in (batches[0], batches[-3]):
        with statements() as sent:
            graph = year.impact(About(batch=batch)).graph
        sizes[batch] = (len(sent), len(graph.nodes))
    assert sizes[batches[0]][1] > (2 if WHOLE else 1.5) * sizes[batches[-3]][1]
    assert sizes[batches[0]][0] <= sizes[batches[-3]][0] + 10  # those levels that came after the verdict
    assert sizes[batches[0]][0] < 90
