"""A trace as text: what a person asks first stands first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlplatform.cli.output import columns
from mlplatform.ml.steps import LANDED_FILE

if TYPE_CHECKING:
    from mlplatform.lineage import Graph, Node

_SHOWN_BATCHES, _LONGEST = 10, 100
_PER_BATCH = (LANDED_FILE, "raw", "validated", "quarantine", "features")


def traced(graph: Graph, *, everything: bool = False) -> Iterator[str]:
    """Lines of text; of many batches only the last ones, unless `everything` is asked for."""
    subject = graph.subject
    version = subject["model_version"]
    yield f"{_title(subject)}"
    for node in graph.of("request"):
        yield from _section("Request", _request(node))
    for node in graph.of("model"):
        if node.facts["version"] == version:
            yield from _section("Model", _model(node))
    for title, asset, shown in (
        ("Verdicts", "evaluation", _verdict),
        ("Approvals", "approval", _approval),
        ("Deployments", "endpoint", _deployment),
    ):
        yield from _section(title, (line for node in graph.of(asset) for line in shown(node)))
    sets = [*graph.of("training_set"), *graph.of("validation_set")]
    yield from _section("Sets", columns((_set(node) for node in sets), indent=""))
    yield from _section("Data", _batches(graph, everything=everything))
    yield f"{len(graph.nodes):,} records, {len(graph.edges):,} links. All of it: --json"


def _title(subject: Mapping[str, Any]) -> str:
    name, version = subject["use_case"], subject["model_version"]
    if subject["kind"] == "prediction":
        return f"Prediction {subject['prediction']} of {name}, by model {version}"
    return f"Model {version} of {name}" + (", which is live" if subject["kind"] == "endpoint" else "")


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield f"{title}:"
        yield from (f"  {line}" for line in found)


def _request(node: Node) -> Iterator[str]:
    facts = node.facts
    yield f"answered {node.time}, event {facts['event_id']}"
    for name in ("place", "snapshot", "request", "answer"):
        if name in facts:
            yield f"{name:8} {_short(str(facts[name]).strip())}"
    yield f"{'sha256':8} {node.sha256}"


def _model(node: Node) -> Iterator[str]:
    facts = node.facts
    environment, where = facts["environment"], facts.get("job")
    took = f" in {facts['seconds']:.1f} s" if "seconds" in facts else ""
    yield f"made {node.time}{took} by {facts.get('trained_by', 'nobody knows')}, run {node.run_id}"
    yield f"artifact sha256 {facts['artifact_sha256']}"
    yield f"code version {node.code_version}"
    yield f"parameters {_short(_pairs(facts.get('hyperparameters', {})) or 'none')}"
    libraries = _pairs(environment["libraries"]) if isinstance(environment, dict) else str(environment)
    python = f"python {environment['python']}, " if isinstance(environment, dict) else ""
    yield f"environment {python}{libraries}"
    if where:
        yield f"job {_pairs(where)}"


def _verdict(node: Node) -> Iterator[str]:
    facts = node.facts
    metric = facts["metric"]
    yield f"{node.time}  {facts['verdict']}: {facts['reason']}"
    yield f"  {metric['name']} {metric['value']:.4f} on {facts['validation_rows']:,} rows, run {node.run_id}"


def _approval(node: Node) -> Iterator[str]:
    yield f"{node.time}  {node.facts['outcome']}, evidence {node.facts['evidence'][:12]}"
    for one in node.facts["statements"]:
        yield f"  {one['approver']} {'approves' if one['approves'] else 'rejects'}: {one['reason']}"


def _deployment(node: Node) -> Iterator[str]:
    before = f" (before: {node.facts['before']})" if node.facts.get("before") else ""
    yield f"{node.time}  {node.facts['action']}{before}, run {node.run_id}"


def _set(node: Node) -> tuple[str, ...]:
    facts = node.facts
    rule = _pairs({k: v for k, v in facts.get("rule", {}).items() if k != "salt"})
    name = node.asset.replace("_", " ")
    return name, f"{facts['rows']:,} rows", f"{facts['batches']:,} batches", node.sha256[:12], rule


def _batches(graph: Graph, *, everything: bool) -> Iterator[str]:
    """One line per version of a batch: its file, and what became of its rows."""
    nodes, made_from = graph.by_id(), {one.id: list[str]() for one in graph.nodes}
    for source, target in graph.edges:
        made_from[source].append(target)
    lines = [_batch(nodes, made_from, node) for node in graph.of(LANDED_FILE)]
    shown = lines if everything else lines[-_SHOWN_BATCHES:]
    if shown:
        head = ("batch", "file", "landed", "sha256", "rows", "set aside")
        yield from columns([head, *shown], indent="")
    if len(shown) < len(lines):
        yield f"and {len(lines) - len(shown):,} earlier ones: --all"


def _batch(nodes: Mapping[str, Node], made_from: Mapping[str, list[str]], landed: Node) -> tuple[str, ...]:
    found: list[Node] = []
    waiting = [landed.id]
    while waiting:
        new = [nodes[one] for one in made_from[waiting.pop()]]
        own = [one for one in new if one.asset in _PER_BATCH]
        found += own
        waiting += [one.id for one in own]
    counts: Mapping[str, Any] = next((one.facts for one in reversed(found) if "rows_in" in one.facts), {})
    rows, aside = counts.get("rows_in"), counts.get("quarantined")
    return (
        str(landed.batch),
        _short(str(landed.facts.get("file", ""))),
        landed.time[:19],
        landed.sha256[:12],
        "" if rows is None else f"{rows:,}",
        "" if aside is None else f"{aside:,}",
    )


def _pairs(facts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in facts.items())


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _LONGEST else f"{one_line[:_LONGEST]}..."
