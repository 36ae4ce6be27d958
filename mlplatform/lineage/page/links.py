"""The six links of a model, each as sentences whose numbers lead to the records they were taken from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlplatform.lineage.graph import Graph, Node
from mlplatform.lineage.page.behind import behind, model_of
from mlplatform.lineage.page.cells import BATCHES, Cell, flat, linked
from mlplatform.ml.steps import LANDED_FILE

Sentence = list[Cell]


@dataclass(frozen=True)
class Link:
    """One of the six; without a sentence, nothing is recorded of it."""

    title: str
    sentences: tuple[Sentence, ...]


def six_links(graph: Graph) -> list[Link]:
    """Data, features, validation set, model, approval and deployment history of the model of a trace."""
    model = model_of(graph)
    behind_model = behind(graph, model)
    return [
        Link("Data it was trained on", tuple(_data(behind_model))),
        Link("Features it used", tuple(_features(behind_model))),
        Link("Validation set", tuple(_validation(graph, model))),
        Link("Model", tuple(_model(model))),
        Link("Approval", tuple(_approvals(graph, model))),
        Link("Deployment history", tuple(_deployments(graph, model))),
    ]


def _data(nodes: list[Node]) -> Iterator[Sentence]:
    files = [one for one in nodes if one.asset == LANDED_FILE]
    counts = [one.facts for one in nodes if one.asset == "validated" and "rows_in" in one.facts]
    for drawn in (one for one in nodes if one.asset == "training_set"):
        yield [linked(drawn, f"{drawn.facts['rows']:,} rows"), Cell(" in "), linked(drawn, drawn.sha256)]
    came = sum(int(one["rows_in"]) for one in counts)
    aside = sum(int(one["quarantined"]) for one in counts)
    yield [
        Cell("from "),
        Cell(f"{len(files):,} landed files", BATCHES),
        Cell(" with "),
        Cell(f"{came:,} rows", BATCHES),
        Cell(", of which "),
        Cell(f"{aside:,} were set aside", BATCHES),
    ]


def _features(nodes: list[Node]) -> Iterator[Sentence]:
    made = [one for one in nodes if one.asset == "features"]
    yield [Cell(f"{len(made):,} versions", BATCHES), Cell(", one of each batch")]
    by_code = {one.code_version: one for one in made}
    for code, last in by_code.items():
        yield [Cell("made by code "), linked(last, code)]


def _validation(graph: Graph, model: Node) -> Iterator[Sentence]:
    judged = [one for one in graph.of("evaluation") if one.facts["model_version"] == model.facts["version"]]
    sets = [node for one in judged for node in graph.read_by(one) if node.asset == "validation_set"]
    for node in {one.id: one for one in sets}.values():
        rule = ", ".join(f"{name} {value}" for name, value in flat(node.facts.get("rule", {})))
        yield [linked(node, f"{node.facts['rows']:,} rows"), Cell(" in "), linked(node, node.sha256)]
        if rule:
            yield [Cell("drawn by the rule "), linked(node, rule)]


def _model(model: Node) -> Iterator[Sentence]:
    facts = model.facts
    yield [Cell("version "), linked(model, facts["version"]), Cell(", sha256 "), linked(model, model.sha256)]
    yield [
        Cell("made "),
        linked(model, model.time),
        Cell(" by "),
        linked(model, facts.get("trained_by", "?")),
    ]
    yield [Cell("artifact "), linked(model, facts["artifact_sha256"])]
    yield [Cell("code version "), linked(model, model.code_version)]


def _approvals(graph: Graph, model: Node) -> Iterator[Sentence]:
    for node in graph.of("approval"):
        if node.facts["model_version"] != model.facts["version"]:
            continue
        yield [linked(node, node.facts["outcome"]), Cell(" at "), linked(node, node.time)]
        for said in node.facts["statements"]:
            verb = "approves" if said["approves"] else "rejects"
            yield [linked(node, said["approver"]), Cell(f" {verb}: "), linked(node, said["reason"])]


def _deployments(graph: Graph, model: Node) -> Iterator[Sentence]:
    for node in graph.of("endpoint"):
        if node.facts["model_version"] != model.facts["version"]:
            continue
        before = node.facts.get("before")
        after = [Cell(", after "), linked(node, before)] if before else []
        yield [linked(node, node.facts["action"]), Cell(" at "), linked(node, node.time), *after]
