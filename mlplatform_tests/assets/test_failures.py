"""What fails, fails once or heals by itself, and leaves what was there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlplatform.assets import specs
from mlplatform.lineage.records import latest, latest_by_batch
from mlplatform.resources.training import TrainedModel, TrainingRequest
from mlplatform.resources.training.local import LocalTraining

Materialize = Callable[..., dg.ExecuteInProcessResult]
DATA = ("raw", "validated", "quarantine", "features")
SETS = ("training_set", "validation_set")


class FlakyTraining:
    """Raises what it was given, one error per call, then trains."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def train(self, request: TrainingRequest, scratch: Path) -> TrainedModel:
        if self.errors:
            raise self.errors.pop(0)
        return LocalTraining().train(request, scratch)


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = dg.RetryPolicy(max_retries=3, delay=0.01, backoff=dg.Backoff.EXPONENTIAL)
    monkeypatch.setattr(specs, "RETRIES", quick)


def test_a_transient_error_is_tried_again(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance
) -> None:
    land("monday", rows=300)
    training = FlakyTraining(OSError(28, "No space left on device"), ConnectionError("reset"))

    result = materialize(*DATA, *SETS, "model", batch="monday", training=training)

    assert result.success
    assert len([e for e in result.all_events if e.event_type is dg.DagsterEventType.STEP_RESTARTED]) == 2
    assert latest(instance, "job_change", "model") is not None


def test_an_error_of_the_code_is_not_tried_again_and_keeps_its_own_words(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance
) -> None:
    land("monday", rows=300)
    training = FlakyTraining(ValueError("learning_rate must be above 0"))

    result = materialize(*DATA, *SETS, "model", batch="monday", training=training)

    assert not result.success
    assert not [e for e in result.all_events if e.event_type is dg.DagsterEventType.STEP_RESTARTED]
    (failure,) = result.get_step_failure_events()
    stated = failure.step_failure_data.user_failure_data
    assert stated is not None
    assert stated.description == "ValueError: learning_rate must be above 0"
    assert latest(instance, "job_change", "training_set") is not None
    assert latest(instance, "job_change", "model") is None


def test_after_a_failure_the_next_run_goes_on_from_there(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance
) -> None:
    land("monday", rows=300)
    assert not materialize(
        *DATA, *SETS, "model", batch="monday", training=FlakyTraining(ValueError("no"))
    ).success
    before = latest_by_batch(instance, "job_change", "features")["monday"]

    assert materialize(*DATA, *SETS, "model", batch="monday").success

    after = latest_by_batch(instance, "job_change", "features")["monday"]
    assert after.sha256 == before.sha256
    assert after.metadata["reused"].value is True


def test_an_asset_without_its_input_says_what_to_do(materialize: Materialize) -> None:
    result = materialize("model")

    (failure,) = result.get_step_failure_events()
    stated = failure.step_failure_data.user_failure_data
    assert stated is not None
    assert stated.description == (
        "job_change/training_set has not been made yet. Make it first: mlplatform run job_change."
    )


def test_a_damaged_version_is_set_aside_and_made_again(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    land("monday", rows=300)
    assert materialize(*DATA, *SETS, batch="monday").success
    record = latest_by_batch(instance, "job_change", "features")["monday"]
    path = local_resources["snapshots"].place(record.path)
    path.write_bytes(path.read_bytes()[:-100])

    assert not materialize("model").success
    assert not path.exists()
    assert materialize(*DATA, *SETS, "model", batch="monday").success
    assert latest_by_batch(instance, "job_change", "features")["monday"].sha256 == record.sha256


def test_a_partition_deleted_in_the_ui_takes_its_batch_out(
    materialize: Materialize, land: Any, instance: dg.DagsterInstance
) -> None:
    for batch, seed in (("monday", 1), ("tuesday", 2)):
        land(batch, rows=300, seed=seed)
        assert materialize(*DATA, batch=batch).success
    instance.delete_dynamic_partition("job_change_batches", "tuesday")

    assert materialize(*SETS).success

    training_set = latest(instance, "job_change", "training_set")
    assert training_set is not None
    assert [one["batch"] for one in training_set.inputs] == ["monday"]
