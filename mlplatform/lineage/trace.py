"""From what answers back to the bytes that landed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import dagster as dg

from mlplatform.lineage.entries import Entry
from mlplatform.lineage.graph import Graph
from mlplatform.lineage.index import Index, ask, behind, ordered
from mlplatform.ml.errors import WrongUsage

ABOUT_A_MODEL = ("evaluation", "model_card", "approval", "endpoint")
"""What was said and done about a model version, wherever it stands in the log."""


def trace(
    instance: dg.DagsterInstance, use_case: str, *, version: str | None = None, index: Path | None = None
) -> Graph:
    """Everything behind a model version: what it was made from down to the landed files, every verdict and
    card about it, everything that people said, and each time that it went live.

    Without a version: of what is live now, else of the latest model. `index` is the lineage index, by default
    the home's. WrongUsage, with the versions there are, for one that does not exist.
    """

    def question(found: Index) -> Graph:
        if version is not None:
            return of_version(found, version, {"kind": "model"})
        live = found.latest("endpoint")
        if live is not None:
            return of_version(found, str(live.version), {"kind": "endpoint"})
        model = found.latest("model")
        if model is None:
            raise WrongUsage(f"{use_case} has no model yet. Make one: mlplatform run {use_case}.")
        return of_version(found, str(model.version), {"kind": "model"})

    return ask(instance, use_case, question, index)


def of_version(index: Index, version: str, subject: Mapping[str, Any]) -> Graph:
    """The trace of a model version; `subject` is what is added to its use case and version."""
    said = {"use_case": index.use_case, "model_version": version, **subject}
    return graph_of(said, behind(index, roots_of(index, version)))


def roots_of(index: Index, version: str) -> list[Entry]:
    """The last record of a model version and all that was recorded about it; WrongUsage for an unknown."""
    about = index.of_version(version)
    models = [one for one in about if one.asset == "model"]
    if not models:
        raise _no_such_version(index, version)
    return [models[-1], *(one for one in about if one.asset in ABOUT_A_MODEL)]


def graph_of(
    subject: Mapping[str, Any], found: dict[int, Entry], edges: Sequence[tuple[int, int]] | None = None
) -> Graph:
    """Entries as a graph, with the edges that their records name unless some are given."""
    if edges is None:
        entries = ordered(found)
        edges = [(id_, one.storage_id) for one in entries for id_ in one.reads if id_ in found]
    return Graph(
        subject,
        tuple(one.node() for one in ordered(found)),
        tuple((found[source].id, found[target].id) for source, target in edges),
    )


def _no_such_version(index: Index, version: str) -> WrongUsage:
    known = index.names("version", "model")
    if not known:
        return WrongUsage(f"{index.use_case} has no model yet. Make one: mlplatform run {index.use_case}.")
    near = get_close_matches(version, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    last = ", ".join(reversed(known[-5:]))
    return WrongUsage(f"{index.use_case} has no model {version!r}.{hint} The last ones: {last}.")
