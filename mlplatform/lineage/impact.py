"""From landed bytes, a batch, a row or an entity to everything that they reached."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from mlplatform.lineage.about import About, Reached, entity_column, reached
from mlplatform.lineage.advice import Advice, advice
from mlplatform.lineage.entries import Entry
from mlplatform.lineage.graph import Graph
from mlplatform.lineage.index import Index, ask
from mlplatform.lineage.paths import after
from mlplatform.lineage.records import landed_batches
from mlplatform.lineage.row_paths import went
from mlplatform.lineage.values import look_for_entities

if TYPE_CHECKING:
    from mlplatform.resources.snapshots import Snapshots


@dataclass(frozen=True)
class Impact:
    """What was reached, what is behind the model that answers now first, and what to do about it."""

    graph: Graph
    advice: tuple[Advice, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON: the graph's `subject`, `nodes` (each with `live`) and `edges`, and `advice`."""
        return {**self.graph.document(), "advice": [one.document() for one in self.advice]}


def impact(
    instance: dg.DagsterInstance,
    use_case: str,
    about: About,
    *,
    snapshots: Snapshots | None = None,
    index: Path | None = None,
) -> Impact:
    """What a batch, a file, a row or an entity reached: `impact(instance, use_case, About(batch="june"))`.

    A row reaches a set only where the set's rule selects it, and what was made from that set. Nodes that are
    behind what answers now come first. `snapshots` is the store, by default the environment's; `index` as for
    `trace`. WrongUsage for what never landed.
    """
    store = snapshots or _stored()
    batches = landed_batches(instance, use_case)

    def prepare(found: Index) -> None:
        if about.kind == "entity":
            look_for_entities(found, store, entity_column(found))

    def question(found: Index) -> Impact:
        return _answer(found, reached(found, store, about), batches)

    return ask(instance, use_case, question, index, prepare)


def _answer(index: Index, start: Reached, batches: Collection[str]) -> Impact:
    def follows(source: Entry, target: Entry) -> bool:
        return start.rows is None or went(start.rows, source, target)

    found, edges = after(index, start.roots, follows)
    found.update(start.before)
    named = [*start.before.values(), *start.roots]
    edges |= {(id_, one.storage_id) for one in named for id_ in one.reads if id_ in found}
    alive = _behind(_answering(index, found), edges)
    in_order = [found[id_] for id_ in sorted(found, key=lambda id_: (id_ not in alive, id_))]
    graph = Graph(
        {"use_case": index.use_case, **start.subject},
        tuple(one.node(live=one.storage_id in alive) for one in in_order),
        tuple((found[a].id, found[b].id) for a, b in sorted(edges)),
    )
    return Impact(graph, tuple(advice(index, start.subject, found, alive, batches)))


def _answering(index: Index, found: Mapping[int, Entry]) -> set[int]:
    """The deployment that counts now and every record of its model, as far as they were reached."""
    deployed = index.latest("endpoint")
    if deployed is None:
        return set()
    models = {
        one.storage_id for one in found.values() if (one.asset, one.version) == ("model", deployed.version)
    }
    return models | ({deployed.storage_id} & found.keys())


def _behind(roots: Collection[int], edges: Iterable[tuple[int, int]]) -> set[int]:
    """These and everything from which a way leads to one of them."""
    sources: dict[int, list[int]] = {}
    for source, target in edges:
        sources.setdefault(target, []).append(source)
    found, waiting = set(roots), list(roots)
    while waiting:
        new = [one for one in sources.get(waiting.pop(), []) if one not in found]
        found.update(new)
        waiting += new
    return found


def _stored() -> Snapshots:
    from mlplatform.resources.environment import resources

    store: Snapshots = resources()["snapshots"]
    return store
