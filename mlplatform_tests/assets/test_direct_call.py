"""Every asset called like the function it is: no run, no job, just a context and the resources."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from mlplatform.assets.data import features_asset, raw_asset, validated_assets
from mlplatform.assets.evaluation import evaluation_asset
from mlplatform.assets.model import model_asset
from mlplatform.assets.model_card import model_card_asset
from mlplatform.assets.sets import set_assets
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.steps import BY_NAME, STEPS

FACTORIES: dict[str, Callable[[Declaration], dg.AssetsDefinition]] = {
    "raw": raw_asset,
    "validated": validated_assets,
    "features": features_asset,
    "sets": set_assets,
    "model": model_asset,
    "evaluation": evaluation_asset,
    "model_card": model_card_asset,
}


def test_every_step_has_a_factory() -> None:
    assert list(FACTORIES) == [step.name for step in STEPS]


@pytest.mark.parametrize("name", FACTORIES)
def test_direct_call(
    name: str, job_change: Declaration, instance: dg.DagsterInstance, local_resources: dict[str, Any],
    land: Any, materialize: Callable[..., dg.ExecuteInProcessResult],
) -> None:  # fmt: skip
    land("monday", rows=400)
    step = BY_NAME[name]
    upstream = [output for before in STEPS[: STEPS.index(step)] for output in before.outputs]
    if upstream:
        assert materialize(*upstream, batch="monday").success
    asset = FACTORIES[name](job_change)
    context = dg.build_asset_context(partition_key="monday" if step.per_batch else None, instance=instance)
    asked_for = set(inspect.signature(asset.op.compute_fn.decorated_fn).parameters) & set(local_resources)  # type: ignore[union-attr]

    events = list(asset(context, **{resource: local_resources[resource] for resource in asked_for}))  # type: ignore[call-overload]

    made = [event for event in events if isinstance(event, dg.MaterializeResult)]
    assert [event.asset_key.path[-1] for event in made if event.asset_key] == list(step.outputs)
    for event in made:
        assert event.data_version is not None
        assert len(event.data_version.value) == 64
        record = event.metadata["mlplatform/record"].value  # type: ignore[index,union-attr]
        assert local_resources["snapshots"].exists(record["path"])
    answered = {event.check_name for event in events if isinstance(event, dg.AssetCheckResult)}
    assert answered == {spec.name for spec in asset.check_specs}
