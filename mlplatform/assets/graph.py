"""One use case's part of the definitions: its assets, jobs and sensors."""

from __future__ import annotations

import dagster as dg

from mlplatform.assets.approval import approval_asset
from mlplatform.assets.data import features_asset, raw_asset, validated_assets
from mlplatform.assets.endpoint import endpoint_asset
from mlplatform.assets.evaluation import evaluation_asset
from mlplatform.assets.jobs import jobs
from mlplatform.assets.model import model_asset
from mlplatform.assets.model_card import model_card_asset
from mlplatform.assets.monitoring import monitoring_assets
from mlplatform.assets.sets import set_assets
from mlplatform.assets.specs import landed_file
from mlplatform.ml.declaration import Declaration
from mlplatform.sensors.landing import landing_sensor
from mlplatform.sensors.release import release_sensor
from mlplatform.sensors.retraining import retraining_sensor


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
        *monitoring_assets(declaration),
    ]


def definitions(declaration: Declaration) -> dg.Definitions:
    """Assets, jobs and sensors; the resources come from the environment, once for all use cases."""
    of_use_case = jobs(declaration)
    sensors = [
        landing_sensor(declaration),
        retraining_sensor(declaration, of_use_case),
        release_sensor(declaration, of_use_case),
    ]
    return dg.Definitions(assets=assets(declaration), jobs=of_use_case, sensors=sensors)
