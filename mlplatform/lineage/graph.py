"""Answers about lineage: versions of assets and what was made from what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_ALWAYS = ("id", "asset", "batch", "sha256", "code_version", "time", "run_id")


@dataclass(frozen=True)
class Node:
    """One version of an asset, as one event recorded it.

    `id` is the asset and the event's storage id (`model:812`). `batch` is the batch or the window of traffic,
    None where there is neither. `time` is ISO 8601 in UTC. `facts` hold what else is known, by asset: see
    `docs/lineage.md`. `live`: whether it is behind what answers now; None where nobody asked.
    """

    id: str
    asset: str
    batch: str | None
    sha256: str
    code_version: str
    time: str
    run_id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    live: bool | None = None

    def document(self) -> dict[str, Any]:
        """As JSON; `live` only where it was asked for."""
        said: dict[str, Any] = {name: getattr(self, name) for name in _ALWAYS}
        if self.live is not None:
            said["live"] = self.live
        return {**said, "facts": dict(self.facts)}


@dataclass(frozen=True)
class Graph:
    """Nodes in the order in which they were recorded, edges from what was read to what was made from it.

    `subject` says what the answer is about: `kind` and `use_case`, and what names it.
    """

    subject: Mapping[str, Any]
    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON: `subject`, `nodes` and `edges` as [from, to]."""
        return {
            "subject": dict(self.subject),
            "nodes": [one.document() for one in self.nodes],
            "edges": [list(one) for one in self.edges],
        }

    def of(self, asset: str) -> tuple[Node, ...]:
        """The nodes of one asset."""
        return tuple(one for one in self.nodes if one.asset == asset)

    def by_id(self) -> dict[str, Node]:
        """The nodes by their ids."""
        return dict(self._by_id)

    def read_by(self, node: Node) -> list[Node]:
        """What a node was made from, as far as it is in this graph."""
        return [self._by_id[source] for source in self._sources.get(node.id, [])]

    @cached_property
    def _by_id(self) -> dict[str, Node]:
        return {one.id: one for one in self.nodes}

    @cached_property
    def _sources(self) -> dict[str, list[str]]:
        """By node, the ids of what it was made from."""
        found: dict[str, list[str]] = {}
        for source, target in self.edges:
            found.setdefault(target, []).append(source)
        return found

    def frame(self) -> pd.DataFrame:
        """One row per node: the seven columns of every node, then `live` (if asked for), then the facts."""
        import pandas as pd

        rows = [{**one.document(), **one.facts} for one in self.nodes]
        first = [*_ALWAYS, *(["live"] if any(one.live is not None for one in self.nodes) else [])]
        frame = pd.DataFrame(rows, columns=first if not rows else None).drop(columns="facts", errors="ignore")
        return frame[[*first, *(name for name in frame.columns if name not in first)]]


def shown_time(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, with milliseconds: two deployments may share a second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def joined(subject: Mapping[str, Any], graphs: Sequence[Graph]) -> Graph:
    """Several graphs as one; a node of the same id counts once."""
    nodes = {one.id: one for graph in graphs for one in graph.nodes}
    edges = dict.fromkeys(edge for graph in graphs for edge in graph.edges)
    return Graph(subject, tuple(nodes.values()), tuple(edges))
