"""One use case's part of the definitions: its assets and its jobs."""

from __future__ import annotations

import dagster as dg

from mlplatform.assets.data import features_asset, raw_asset, validated_assets
from mlplatform.assets.evaluation import evaluation_asset
from mlplatform.assets.model import model_asset
from mlplatform.assets.model_card import model_card_asset
from mlplatform.assets.sets import set_assets
from mlplatform.assets.specs import landed_file
from mlplatform.ml.declaration import Declaration


def assets(declaration: Declaration) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Every asset from the landed file to the model card, upstream first."""
    return [
        landed_file(declaration),
        raw_asset(declaration),
        validated_assets(declaration),
        features_asset(declaration),
        set_assets(declaration),
        model_asset(declaration),
        evaluation_asset(declaration),
        model_card_asset(declaration),
    ]


def update_job_name(use_case: str) -> str:
    """Name of the job that brings everything up to the model card up to date."""
    return f"{use_case}_update"


def definitions(declaration: Declaration) -> dg.Definitions:
    """Assets and jobs; the resources come from the environment, once for all use cases."""
    update = dg.define_asset_job(
        update_job_name(declaration.name),
        # by group: an upstream selection would cut the multi-assets apart
        selection=dg.AssetSelection.groups(declaration.name),
        description="From the landed batches to the judged model.",
    )
    return dg.Definitions(assets=assets(declaration), jobs=[update])
