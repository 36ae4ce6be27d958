"""Which models other programs hear of, with all that is behind them."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from mlplatform.lineage.graph import Graph
from mlplatform.lineage.index import Index, ask
from mlplatform.lineage.paths import behind, graph_of
from mlplatform.lineage.trace import ABOUT_A_MODEL


def released(instance: dg.DagsterInstance, use_case: str, index: Path | None = None) -> Graph:
    """Every model that was promoted, spoken of or deployed: verdicts, cards, approvals, deployments, and what
    it was made from down to the landed files. A graph without nodes where there is none yet.

    The others are nobody's business but the use case's: with a retraining a day they are nearly all.
    `index` is the lineage index, by default the home's.
    """

    def question(found: Index) -> Graph:
        versions = released_versions(found)
        entries = [one for asset in ("model", *ABOUT_A_MODEL) for one in found.of_asset(asset)]
        roots = [one for one in entries if one.version in versions]
        return graph_of({"kind": "released", "use_case": use_case}, behind(found, roots))

    return ask(instance, use_case, question, index)


def released_versions(index: Index) -> set[str]:
    """The versions of these models."""
    promoted = (one for one in index.of_asset("evaluation") if one.details["verdict"] == "PROMOTE")
    spoken_of = (one for asset in ("approval", "endpoint") for one in index.of_asset(asset))
    return {str(one.version) for some in (promoted, spoken_of) for one in some}
