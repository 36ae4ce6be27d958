"""Ways through the index: back to what something was made from, on to what was made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mlplatform.lineage.entries import Entry
from mlplatform.lineage.graph import Graph
from mlplatform.lineage.index import Index


def behind(index: Index, roots: Iterable[Entry]) -> dict[int, Entry]:
    """These and all that they were made from, by storage id; one query per level.

    The champion that a verdict compares with is there, but not what it was made from: that is no part of the
    model that was judged.
    """
    found = {one.storage_id: one for one in roots}
    rivals: set[int] = set()
    level = list(found.values())
    while level:
        rivals.update(id_ for one in level for id_ in one.rival)
        wanted = {id_ for one in level for id_ in one.reads if id_ not in one.rival} - found.keys()
        level = index.entries(wanted) if wanted else []
        found.update({one.storage_id: one for one in level})
    leaves = index.entries(rivals - found.keys()) if rivals - found.keys() else []
    return {**found, **{one.storage_id: one for one in leaves}}


def after(
    index: Index, roots: Iterable[Entry], follows: Callable[[Entry, Entry], bool]
) -> tuple[dict[int, Entry], set[tuple[int, int]]]:
    """These and all that was made from them, by storage id, with the edges; two queries per level.

    `follows` says of a (source, target) whether what is asked about went that way.
    """
    found = {one.storage_id: one for one in roots}
    edges: set[tuple[int, int]] = set()
    level = list(found)
    while level:
        pairs = index.made_from(level)
        known = {one.storage_id: one for one in index.entries({b for _, b in pairs} - found.keys())}
        taken = [(a, b) for a, b in pairs if follows(found[a], found.get(b) or known[b])]
        edges.update(taken)
        level = [b for b in dict.fromkeys(b for _, b in taken) if b not in found]
        found.update({id_: known[id_] for id_ in level})
    return found, edges


def graph_of(subject: Mapping[str, Any], found: Mapping[int, Entry]) -> Graph:
    """Entries as a graph, in the order in which they were recorded, with the edges that they name."""
    entries = [found[storage_id] for storage_id in sorted(found)]
    edges = [(found[id_].id, one.id) for one in entries for id_ in one.reads if id_ in found]
    return Graph(subject, tuple(one.node() for one in entries), tuple(edges))
