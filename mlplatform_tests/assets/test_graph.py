"""The graph as a Dagster user sees it: keys, dependencies, groups, partitions, checks, jobs."""

from __future__ import annotations

import dagster as dg

from mlplatform.definitions import defs
from mlplatform.ml.steps import ASSETS, LANDED_FILE, PER_BATCH

EXPECTED = {
    "landed_file": set(),
    "raw": {"landed_file"},
    "validated": {"raw"},
    "quarantine": {"raw"},
    "features": {"validated"},
    "training_set": {"features"},
    "validation_set": {"features"},
    "model": {"training_set"},
    "evaluation": {"model", "validation_set"},
    "model_card": {"evaluation", "model", "training_set", "validation_set", "quarantine"},
}
RELEASE = {
    "approval": {"model", "training_set", "validation_set", "evaluation", "model_card"},
    "endpoint": {"approval", "model"},
}


def test_the_graph_of_job_change() -> None:
    graph = defs().resolve_asset_graph()
    seen = {}
    for asset in (LANDED_FILE, *ASSETS):
        node = graph.get(dg.AssetKey(["job_change", asset]))
        seen[asset] = {key.path[-1] for key in node.parent_keys}
        assert node.group_name == "job_change"
        assert node.is_partitioned == (asset in PER_BATCH), asset
        assert node.is_executable == (asset != LANDED_FILE)
        assert node.description
    assert seen == EXPECTED


def test_what_follows_a_verdict() -> None:
    graph = defs().resolve_asset_graph()
    for asset, parents in RELEASE.items():
        node = graph.get(dg.AssetKey(["job_change", asset]))
        assert {key.path[-1] for key in node.parent_keys} == parents
        assert node.group_name == "job_change_release"
        assert node.description
    for job, asset in {"job_change_approve": "approval", "job_change_release": "endpoint"}.items():
        selected = defs().resolve_job_def(job).asset_layer.executable_asset_keys
        assert selected == {dg.AssetKey(["job_change", asset])}


def test_checks_and_job() -> None:
    definitions = defs()
    checks = {key.name for key in definitions.resolve_asset_graph().asset_check_keys}
    assert checks == {
        "readable", "contract", "rows_conserved", "nothing_quarantined", "enough_data",
        "no_leakage", "gate",
        "evidence", "ready", "psi", "readable_traffic",
    }  # fmt: skip
    job = definitions.resolve_job_def("job_change_update")
    assert {key.path[-1] for key in job.asset_layer.executable_asset_keys} == set(ASSETS)


def test_every_definition_can_be_resolved() -> None:
    dg.Definitions.validate_loadable(defs())
