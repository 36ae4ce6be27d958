"""From what answers back to the bytes that landed."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import dagster as dg

from mlplatform.lineage.entries import Entry
from mlplatform.lineage.graph import Graph
from mlplatform.lineage.index import Index, ask
from mlplatform.lineage.paths import behind, graph_of
from mlplatform.lineage.predictions import Stores, trace_prediction
from mlplatform.ml.errors import WrongUsage

ABOUT_A_MODEL = ("evaluation", "model_card", "approval", "endpoint")
"""What was said and done about a model version, wherever it stands in the log."""


def trace(
    instance: dg.DagsterInstance,
    use_case: str,
    *,
    version: str | None = None,
    prediction: str | None = None,
    stores: Stores | None = None,
    index: Path | None = None,
) -> Graph:
    """Everything behind a model version: what it was made from down to the landed files, every verdict and
    card about it, everything that people said, and each time that it went live. Or behind a `prediction`, by
    the client's inference id or the server's event id: its request and the deployment that answered.

    Without either: of what is live now, else of the latest model. `stores` are by default the environment's,
    `index` is the lineage index, by default the home's. WrongUsage, with what there is, for what is unknown.
    """
    if prediction is not None:
        if version is not None:
            raise WrongUsage("a trace is of a model version or of a prediction, not of both.")
        return trace_prediction(instance, use_case, prediction, stores or Stores.of_environment(), index)

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


def _no_such_version(index: Index, version: str) -> WrongUsage:
    known = index.names("version", "model")
    if not known:
        return WrongUsage(f"{index.use_case} has no model yet. Make one: mlplatform run {index.use_case}.")
    near = get_close_matches(version, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    last = ", ".join(reversed(known[-5:]))
    return WrongUsage(f"{index.use_case} has no model {version!r}.{hint} The last ones: {last}.")
