"""Walking a trace from a record back to what it was made from."""

from __future__ import annotations

from mlplatform.lineage.graph import Graph, Node


def model_of(graph: Graph) -> Node:
    """The model that the trace is about."""
    version = graph.subject["model_version"]
    return next(one for one in reversed(graph.of("model")) if one.facts["version"] == version)


def behind(graph: Graph, *nodes: Node) -> list[Node]:
    """Everything that these were made from, themselves included, in the graph's order."""
    sources: dict[str, list[str]] = {}
    for source, target in graph.edges:
        sources.setdefault(target, []).append(source)
    found, waiting = set[str](), [one.id for one in nodes]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += sources.get(one, [])
    return [one for one in graph.nodes if one.id in found]
