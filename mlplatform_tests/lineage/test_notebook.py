"""The examples of the documentation, run; and the facts that it promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlplatform.lineage import Graph, Node, open_lineage
from mlplatform.ml.errors import WrongUsage
from mlplatform_tests.conftest import REPOSITORY
from mlplatform_tests.history import NAME, History
from mlplatform_tests.year import Told

PAGE = (REPOSITORY / "docs" / "lineage.md").read_text()


def test_the_examples_run(weeks: History, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(example, "docs/lineage.md", "exec"), {})
    said = capsys.readouterr().out
    assert "'kind': 'endpoint'" in said
    assert "None None" in said
    assert "->" in said


def test_documented_facts_are_there(weeks: History, told: Told) -> None:
    table = PAGE.partition("| asset | facts")[2].partition("\n\n")[0]
    documented = {
        asset: set(re.findall(r"`(\w+)`", facts))
        for assets, facts in re.findall(r"^\| (`.*?) \| (.*) \|$", table, re.MULTILINE)
        for asset in re.findall(r"`(\w+)`", assets)
    }
    with open_lineage(NAME, weeks.home) as lineage:
        graphs = [lineage.trace(), lineage.trace(prediction=next(iter(told.predictions)))]
    found: dict[str, set[str]] = {}
    for node in (one for graph in graphs for one in graph.nodes):
        found.setdefault(node.asset, set()).update(node.facts)
    not_always = {"from", "job", "snapshot", "rows"}
    for asset, facts in found.items():
        assert documented[asset] - not_always <= facts, asset
    assert found.keys() == documented.keys() - {"captured"}


def test_as_a_table(weeks: History, told: Told) -> None:
    with open_lineage(NAME) as lineage:
        graph = lineage.trace(told.models[0])
        frame = graph.frame()
        reached = lineage.impact(told.withdrawn).graph.frame()
    assert len(frame) == len(graph.nodes)
    assert list(frame.columns[:7]) == ["id", "asset", "batch", "sha256", "code_version", "time", "run_id"]
    assert frame.set_index("id").loc[graph.nodes[0].id, "sha256"] == graph.nodes[0].sha256
    assert list(reached.columns[:8]) == [*frame.columns[:7], "live"]
    empty = Graph({"kind": "model"}).frame()
    assert (len(empty), list(empty.columns)) == (0, list(frame.columns[:7]))


def test_a_graph_cannot_be_changed() -> None:
    node = Node("model:1", "model", None, "0", "1", "2026-01-01", "run")
    with pytest.raises(AttributeError):
        node.sha256 = "1"  # type: ignore[misc]
    assert "live" not in node.document()


def test_a_use_case_that_is_not_there(weeks: History, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="Did you mean 'job_change'"), open_lineage("job_chang"):
        pass
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPLATFORM_HOME", str(tmp_path / "other"))
        with (
            pytest.raises(WrongUsage, match="Recorded: none"),
            open_lineage("job_change", tmp_path / "empty"),
        ):
            pass
