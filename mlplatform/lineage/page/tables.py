"""The tables of the page: batches, verdicts, the model's parameters and environment, jobs, all records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlplatform.lineage.graph import Graph, Node
from mlplatform.lineage.page.behind import behind, model_of
from mlplatform.lineage.page.cells import BATCHES, Cell, Table, counted, flat, linked
from mlplatform.ml.steps import LANDED_FILE

_OF_MODEL = ("hyperparameters", "environment", "training")


@dataclass(frozen=True)
class Shown:
    """A record with all that it says."""

    node: Node
    facts: list[tuple[str, str]]


def of_model(graph: Graph) -> Table:
    """Parameters, environment and training metrics of the model."""
    model = model_of(graph)
    known = {name: model.facts[name] for name in _OF_MODEL if name in model.facts}
    rows = [[Cell(name), linked(model, value)] for name, value in flat(known)]
    return Table("Parameters and environment", ("name", "value"), rows)


def verdicts(graph: Graph) -> Table:
    """Every verdict about the model, its metric with the interval."""
    version = graph.subject["model_version"]
    rows = []
    for node in graph.of("evaluation"):
        facts = node.facts
        if facts["model_version"] == version:
            metric = facts["metric"]
            rows.append(
                [
                    linked(node, facts["verdict"]),
                    linked(node, metric["name"]),
                    _measured(node, metric.get("value")),
                    _measured(node, metric.get("low")),
                    _measured(node, metric.get("high")),
                    counted(node, facts["validation_rows"]),
                    linked(node, facts["reason"]),
                ]
            )
    return Table("Verdicts", ("verdict", "metric", "value", "from", "to", "rows", "why"), rows)


def jobs(graph: Graph) -> Table:
    """The training and processing jobs in which records of this trace were made."""
    rows = [
        [linked(node, node.id), linked(node, node.batch or ""), Cell(name), linked(node, value)]
        for node in graph.nodes
        for name, value in flat(node.facts.get("job") or {})
    ]
    return Table("Jobs", ("record", "batch", "of the job", "value"), rows)


def batches(graph: Graph) -> Table:
    """One line for each version of a batch behind the model, from the file to the features."""
    nodes = behind(graph, *_drawn_and_judged(graph))
    made: dict[str, list[Node]] = {one.id: [] for one in nodes}
    by_id = {one.id: one for one in graph.nodes}
    for source, target in graph.edges:
        if source in made:
            made[source].append(by_id[target])
    rows = [_batch(node, dict(_way(node, made))) for node in nodes if node.asset == LANDED_FILE]
    head = ("batch", "file", "landed", "sha256 of the bytes", "rows in", "validated", "set aside", "features")
    return Table("Batches", head, rows, BATCHES.removeprefix("#"))


def _drawn_and_judged(graph: Graph) -> list[Node]:
    version = graph.subject["model_version"]
    judged = [one for one in graph.of("evaluation") if one.facts["model_version"] == version]
    sets = [node for one in judged for node in graph.read_by(one) if node.asset == "validation_set"]
    return [model_of(graph), *sets]


def _way(node: Node, made: Mapping[str, list[Node]]) -> Iterator[tuple[str, Node]]:
    for one in made.get(node.id, []):
        if one.batch == node.batch:
            yield one.asset, one
            yield from _way(one, made)


def _batch(landed: Node, way: Mapping[str, Node]) -> list[Cell]:
    features, validated = way.get("features"), way.get("validated")
    counts: Mapping[str, Any] = validated.facts if validated else {}
    return [
        linked(landed, landed.batch),
        linked(landed, landed.facts.get("file", "")),
        linked(landed, landed.time),
        linked(landed, landed.sha256),
        *(counted(validated or landed, counts.get(name)) for name in ("rows_in", "validated", "quarantined")),
        linked(features, features.sha256) if features else Cell(""),
    ]


def records(graph: Graph) -> list[Shown]:
    """Every record of the trace, in the order in which they were made."""
    return [Shown(node, flat(node.facts)) for node in graph.nodes]


def _measured(node: Node, value: float | None) -> Cell:
    text = "" if value is None else f"{value:,.2f}" if abs(value) >= 1000 else f"{value:z.4f}"
    return Cell(text, f"#{node.id}", number=True)
