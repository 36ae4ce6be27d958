"""One use case's part of the definitions: its assets and its jobs."""

from __future__ import annotations

import dagster as dg

from mlplatform.assets.approval import approval_asset
from mlplatform.assets.data import features_asset, raw_asset, validated_assets
from mlplatform.assets.endpoint import endpoint_asset
from mlplatform.assets.evaluation import evaluation_asset
from mlplatform.assets.jobs import jobs
from mlplatform.assets.model import model_asset
from mlplatform.assets.model_card import model_card_asset
from mlplatform.assets.sets import set_assets
from mlplatform.assets.specs import landed_file
from mlplatform.ml.declaration import Declaration


def assets(declaration: Declaration) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Every asset from the landed file to the endpoint and what is made of its traffic, upstream first."""
    return [
        landed_file(declaration),
        raw_asset(declaration),
        validated_assets(declaration),
        features_asset(declaration),
        set_assets(declaration),
        model_asset(declaration),
        evaluation_asset(declaration),
        model_card_asset(declaration),
        approval_asset(declaration),
        endpoint_asset(declaration),
    ]


def definitions(declaration: Declaration) -> dg.Definitions:
    """Assets and jobs; the resources come from the environment, once for all use cases."""
    return dg.Definitions(assets=assets(declaration), jobs=jobs(declaration))
