"""A use case as a Dagster component: from Python and from YAML."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from mlplatform.definitions import defs, use_cases
from mlplatform.resources.environment import local
from mlplatform.use_case import UseCase

_PACKAGE = "mlplatform.defs.job_change"
ATTRIBUTES = {
    "name": "from_yaml",
    "description": "the same functions under another name",
    "raw": f"{_PACKAGE}.contracts:RawEnrollee",
    "features": f"{_PACKAGE}.contracts:EnrolleeFeatures",
    "build_features": f"{_PACKAGE}.features:build_features",
    "estimator": f"{_PACKAGE}.estimator:build_estimator",
    "entity": "enrollee_id",
    "target": "target",
    "task": "binary_classification",
    "split": {"validation_share": 0.3},
    "gate": {"metric": "roc_auc", "minimum": 0.7},
}


def test_yaml_names_functions_and_policies(tmp_path: Path) -> None:
    use_case = UseCase.from_attributes_dict(attributes=ATTRIBUTES)

    python = use_cases(defs())["job_change"]
    assert use_case.build_features is python.build_features
    assert use_case.split.validation_share == 0.3
    definitions = dg.Definitions.merge(
        dg.build_defs_for_component(use_case), dg.Definitions(resources=local(tmp_path))
    )
    keys = {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}
    assert "from_yaml/model_card" in keys


def test_the_declaration_is_found_behind_its_assets() -> None:
    assert isinstance(use_cases(defs())["job_change"], UseCase)
