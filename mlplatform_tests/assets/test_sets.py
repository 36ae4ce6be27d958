"""The sets' step: frozen sides, and leaks that block."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from mlplatform.assets.sets import read_manifest
from mlplatform.lineage.records import latest
from mlplatform.lineage.withdrawals import withdraw
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.gate import Gate
from mlplatform.ml.manifests import SetManifest
from mlplatform.ml.policies import Leakage
from mlplatform.ml.splits import EntitySplit, TimeCut
from mlplatform.resources.snapshots import Snapshots
from mlplatform_tests.loans import features
from mlplatform_tests.loans.cases import declared, loans

DATA = ("raw", "validated", "quarantine", "features")
SETS = ("training_set", "validation_set")
Draw = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def draw(
    tmp_path: Path, instance: dg.DagsterInstance, local_resources: dict[str, Any], materialize: Any
) -> Draw:
    """Land loans as batches, and draw the sets."""

    def drawing(declaration: Declaration, **batches: pd.DataFrame) -> dg.ExecuteInProcessResult:
        for batch, frame in batches.items():
            file = tmp_path / f"{batch}.csv"
            frame.to_csv(file, index=False)
            local_resources["landed_files"].land(instance, declaration.name, file, batch)
            assert materialize(*DATA, batch=batch, declaration=declaration).success
        return materialize(*SETS, declaration=declaration)

    return drawing


def answers(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {check.check_name: check.passed for check in result.get_asset_check_evaluations()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = result.get_step_failure_events()
    assert event.step_failure_data.user_failure_data
    return str(event.step_failure_data.user_failure_data.description)


def stored(instance: dg.DagsterInstance, resources: dict[str, Any]) -> list[SetManifest]:
    records = [latest(instance, "loans", asset) for asset in SETS]
    return [read_manifest(resources["snapshots"], record.path) for record in records if record]


def test_the_latest_batch_is_held_out_and_one_more_moves_only_what_the_border_crosses(
    draw: Draw, instance: dg.DagsterInstance, local_resources: dict[str, Any], monkeypatch: Any
) -> None:
    use_case = declared(leakage=Leakage())
    result = draw(use_case, one=loans("2021-03-01"), two=loans("2021-03-11"), three=loans("2021-03-21"))
    assert result.success
    assert answers(result) == {"enough_data": True, "no_leakage": True}
    training, validation = stored(instance, local_resources)
    assert [part.rows for part in training.parts] == [200, 0, 200]  # by name: one, three, two
    assert [part.rows for part in validation.parts] == [0, 200, 0]
    assert isinstance(training.split, TimeCut) and str(training.split.first_day) == "2021-03-21"

    counted: list[str] = []
    read = Snapshots.read_frame

    def reading(self: Snapshots, path: str, columns: list[str] | None = None) -> pd.DataFrame:
        if columns:
            counted.append(path.split("/")[2])
        return read(self, path, columns)

    monkeypatch.setattr(Snapshots, "read_frame", reading)
    assert draw(use_case, four=loans("2021-03-31")).success
    assert counted == ["four", "three"]
    training, validation = stored(instance, local_resources)
    assert [part.rows for part in validation.parts] == [200, 0, 0, 0]


def test_sets_that_are_reused_read_nothing(draw: Draw, monkeypatch: Any) -> None:
    use_case = declared()
    assert draw(use_case, one=loans("2021-03-01"), two=loans("2021-03-11")).success
    monkeypatch.setattr(Snapshots, "read_frame", None)
    result = draw(use_case)
    assert result.success
    assert answers(result) == {"enough_data": True, "no_leakage": True}


def test_what_the_passing_check_saw_is_shown(draw: Draw) -> None:
    result = draw(declared(), one=loans("2021-03-01"), two=loans("2021-03-11"))
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "no_leakage"]
    assert check.metadata["training_rows_looked_at"].value == 200
    assert check.metadata["validation_rows_looked_at"].value == 200
    assert check.metadata["held_out_rows_with_a_twin"].value == 0
    shown = [record.data for record in check.metadata["features_alone"].records]  # type: ignore[union-attr]
    assert [one["feature"] for one in shown] == ["amount", "known"]
    assert 0.5 <= float(str(shown[0]["score"])) < 0.9


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (features.why_it_failed, "feature 'known' alone predicts the target"),
        (features.how_long_it_ran, "'closed', which build_features uses, lies after 'opened' in 100.0%"),
        (features.amount_if_it_failed, "whether 'reason' is filled in predicts the target alone"),
    ],
)
def test_a_leak_publishes_nothing_and_fails_its_own_check(
    draw: Draw, instance: dg.DagsterInstance, build: Any, said: str
) -> None:
    use_case = declared(build_features=build)
    result = draw(use_case, one=loans("2021-03-01"), two=loans("2021-03-11"))
    assert not result.success
    assert answers(result) == {"enough_data": True, "no_leakage": False}
    (check,) = [one for one in result.get_asset_check_evaluations() if not one.passed]
    assert said in str(check.description)
    assert check.metadata["cases"].records  # type: ignore[union-attr]
    assert said in failure(result)
    assert latest(instance, "loans", "training_set") is None

    allowed = Leakage(allowed=("known", "closed", "reason"))
    assert draw(use_case.model_copy(update={"leakage": allowed})).success


def test_a_file_that_landed_twice_under_new_ids_is_found(draw: Draw) -> None:
    use_case = declared(split=EntitySplit())
    first = loans("2021-03-01", days=20)
    assert draw(use_case, one=first).success
    result = draw(use_case, again=first.assign(loan_id=first["loan_id"] + 10**9))
    assert answers(result) == {"enough_data": True, "no_leakage": False}
    assert "have an exact twin in training" in failure(result)


def test_a_time_split_with_one_batch_has_nothing_to_train_on(draw: Draw) -> None:
    result = draw(declared(), one=loans("2021-03-01"))
    assert answers(result) == {"enough_data": False}
    assert "all rows are from 2021-03-01 on, which are held out by the TimeSplit" in failure(result)


@pytest.mark.parametrize(
    ("build", "column"), [(features.how_long_it_ran, "closed"), (features.the_answer, "failed")]
)
def test_columns_known_only_afterwards_are_not_shown_to_the_function(
    tmp_path: Path, instance: dg.DagsterInstance, local_resources: dict[str, Any], materialize: Any,
    build: Any, column: str,
) -> None:  # fmt: skip
    use_case = declared(after_the_fact=("closed", "reason"), build_features=build)
    file = tmp_path / "one.csv"
    loans("2021-03-01").to_csv(file, index=False)
    local_resources["landed_files"].land(instance, "loans", file, "one")
    result = materialize(*DATA, batch="one", declaration=use_case)
    assert f"build_features asks for {column!r}, which it is never shown" in failure(result)


def test_a_champion_that_was_trained_on_all_that_is_left_cannot_be_compared_with(
    draw: Draw, instance: dg.DagsterInstance, materialize: Any
) -> None:
    use_case = declared(gate=Gate(metric="roc_auc", minimum=0.0, resamples=50), after_the_fact=("reason",))
    judged = ("model", "evaluation")
    days = {f"b{day}": loans(f"2021-03-{day}") for day in ("01", "11", "21", "31")}
    assert draw(use_case, **days).success
    assert materialize(*judged, declaration=use_case).success
    champion = latest(instance, "loans", "evaluation")
    assert champion
    assert champion.details["verdict"] == "PROMOTE"

    for batch in ("b21", "b31"):
        withdraw(instance, "loans", batch, by="anna", reason="test rows")
    assert draw(use_case).success
    result = materialize(*judged, declaration=use_case)

    version = champion.details["model_version"]
    assert f"of 200 held-out rows 0 were held out for the champion {version} too" in failure(result)
    assert f"mlplatform reject loans {version}" in failure(result)
    after = latest(instance, "loans", "evaluation")
    assert after
    assert after.storage_id == champion.storage_id, "nothing is published by a step that fails"
