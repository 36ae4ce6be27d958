import json
from functools import partial
from typing import Any

import pandera.pandas as pan
import pytest
from pydantic import ValidationError

from mlplatform.defs.job_change.contracts import EnrolleeFeatures, RawEnrollee
from mlplatform.defs.job_change.estimator import build_estimator
from mlplatform.defs.job_change.features import build_features
from mlplatform.ml import declaration as module
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import BrokenCode
from mlplatform.ml.file_format import FileFormat
from mlplatform.ml.gate import Gate
from mlplatform.ml.hashing import digest
from mlplatform.ml.splits import EntitySplit
from mlplatform.ml.steps import BY_NAME, STEPS

FIELDS: dict[str, Any] = {
    "name": "job_change",
    "description": "Who will look for a new job?",
    "raw": RawEnrollee,
    "features": EnrolleeFeatures,
    "build_features": build_features,
    "estimator": build_estimator,
    "entity": "enrollee_id",
    "target": "target",
    "task": "binary_classification",
    "gate": Gate(metric="roc_auc", minimum=0.7, slices=("gender", "city")),
}


def declared(**changes: Any) -> Declaration:
    return Declaration(**{**FIELDS, **changes})


class Elsewhere(pan.DataFrameModel):
    """A contract in another package than the functions."""

    enrollee_id: int
    target: int


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"name": "Job Change"}, "'Job Change' cannot name a use case"),
        ({"entity": "person"}, "entity 'person' is no column of RawEnrollee"),
        ({"target": "label"}, "target 'label' is no column of RawEnrollee"),
        ({"entity": "gender"}, "entity 'gender' must not be optional or nullable"),
        ({"target": "gender"}, "target 'gender' must not be optional or nullable"),
        ({"entity": "target"}, "'target' cannot be both entity and target"),
        ({"entity": "training_hours"}, "training_hours cannot be a feature"),
        ({"target": "training_hours"}, "training_hours cannot be a feature"),
        (
            {"gate": Gate(metric="roc_auc", minimum=0.7, slices=("sex",))},
            "names ['sex'], which no contract has",
        ),
        ({"raw": Elsewhere}, "not in one folder"),
        ({"raw": build_features}, "raw must be a pandera DataFrameModel"),
        ({"features": build_estimator}, "features must be a pandera DataFrameModel"),
        ({"build_features": lambda rows: rows}, "build_features must be named at the top level of a module"),
        ({"estimator": partial(build_estimator, max_iter=5)}, "estimator must be named at the top level"),
        ({"build_features": "features"}, "callable"),
        ({"task": "ranking"}, "binary_classification"),
        ({"task": "regression"}, "metric 'roc_auc' does not fit regression; choose one of mae, rmse, r2"),
        ({"positive": 3}, "positive 3 is no value of target 'target': 0, 1"),
        ({"positive": "yes"}, "positive 'yes' is no int, which target 'target' is"),
        (
            {
                "task": "multiclass_classification",
                "positive": 1,
                "gate": Gate(metric="macro_f1", minimum=0.5),
            },
            "positive is for a binary_classification, not for a multiclass_classification",
        ),
        (
            {"gate": Gate(metric="roc_auc", minimum=0.7, naive="training_hours")},
            "naive forecast 'training_hours' is for a regression, not for a binary_classification",
        ),
        (
            {"task": "regression", "gate": Gate(metric="mae", minimum=1, naive="city")},
            "must be a number, not string",
        ),
        (
            {"task": "regression", "gate": Gate(metric="mae", minimum=1, naive="target")},
            "known only after the fact",
        ),
        ({"max_quarantined_share": 1.1}, "less than or equal to 1"),
        ({"minimum_rows": 1}, "greater than or equal to 2"),
        ({"threads": 0}, "greater than or equal to 1"),
        ({"hyperparameters": {"rate": float("nan")}}, "nan"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        declared(**changes)
    assert complaint in str(caught.value)


def test_hyperparameters_must_be_json() -> None:
    with pytest.raises(
        ValidationError, match=r"hyperparameters must be JSON values: .* not JSON serializable"
    ):
        declared(hyperparameters={"loss": build_features})


def test_a_contract_that_rows_cannot_keep_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Limited(RawEnrollee):
        class Config:
            drop_invalid_rows = True

    Limited.__module__ = RawEnrollee.__module__
    monkeypatch.setattr(f"{RawEnrollee.__module__}.Limited", Limited, raising=False)
    with pytest.raises(BrokenCode, match="Limited declares drop_invalid_rows"):
        declared(raw=Limited)


def test_a_declaration_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        declared().seed = 1


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_parameters_are_json_and_code_versions_stable(step: Any) -> None:
    one, same = declared(hyperparameters={"max_iter": 5}), declared(hyperparameters={"max_iter": 5})
    assert json.loads(json.dumps(one.parameters(step))) is not None
    assert digest(one.parameters(step)) == digest(same.parameters(step))
    assert one.code_version(step) == same.code_version(step)


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"max_quarantined_share": 0.5}, {"validated"}),
        ({"file": FileFormat(delimiter=";", encoding="cp1252")}, {"raw"}),
        ({"file": FileFormat(decimal=",", dates="%m/%d/%Y")}, {"raw", "validated"}),
        ({"file": FileFormat(missing=("NA",), strip_blanks=True)}, {"validated"}),
        ({"split": EntitySplit(salt="x")}, {"sets"}),
        ({"minimum_rows": 99}, {"sets"}),
        ({"hyperparameters": {"max_iter": 5}}, {"model"}),
        ({"threads": 2}, {"model"}),
        ({"seed": 7}, {"model", "evaluation"}),
        ({"gate": Gate(metric="roc_auc", minimum=0.6)}, {"evaluation"}),
        ({"limits": "none"}, {"model_card"}),
        ({"sample": build_features}, set()),
    ],
)
def test_a_field_is_a_parameter_of_the_steps_that_it_decides(
    changes: dict[str, Any], steps: set[str]
) -> None:
    before, after = declared(), declared(**changes)
    assert {s.name for s in STEPS if digest(before.parameters(s)) != digest(after.parameters(s))} == steps


def test_code_versions_cover_the_code_of_the_step() -> None:
    versions = {step.name: declared().code_version(step) for step in STEPS}
    assert len(set(versions.values())) == len(versions)


def test_the_model_takes_the_modules_that_its_parts_need() -> None:
    assert set(declared().code_files()) == {"__init__.py", "contracts.py", "features.py", "estimator.py"}


def test_parts_are_named_relative_to_the_folder() -> None:
    one = declared()
    assert one.package == "mlplatform.defs.job_change"
    assert one.reference("raw") == "contracts:RawEnrollee"
    assert one.reference("build_features") == "features:build_features"


def test_every_step_has_parameters_and_code() -> None:
    assert module.PLATFORM_PREFIXES == ("mlplatform.ml", "mlplatform.container")
    for step in BY_NAME.values():
        assert all(entry.startswith(module.PLATFORM_PREFIXES) for entry in step.platform_code)
