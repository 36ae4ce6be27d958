"""What is made of captured traffic, per window: `captured`, `drift`, and what was decided about it."""

from __future__ import annotations

import dagster as dg

from mlplatform.assets.captured import captured_asset
from mlplatform.assets.drift import drift_asset
from mlplatform.assets.specs import windows
from mlplatform.lineage.signals import DECISION
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.steps import BY_NAME


def monitoring_assets(declaration: Declaration) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Upstream first."""
    return [captured_asset(declaration), drift_asset(declaration), decision(declaration)]


def decision(declaration: Declaration) -> dg.AssetSpec:
    """The external asset that holds what was decided about each signal."""
    return dg.AssetSpec(
        dg.AssetKey([declaration.name, DECISION]),
        group_name=BY_NAME["drift"].group(declaration.name),
        deps=[dg.AssetKey([declaration.name, "drift"])],
        description=(
            "What was decided about a window whose check failed, once for each: retrained or suppressed, and "
            "why. Recorded by the retraining sensor and by `mlplatform monitor`."
        ),
        owners=list(declaration.owners),
        kinds={"json"},
        partitions_def=windows(declaration),
    )
