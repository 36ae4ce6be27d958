"""What the landing sensor runs: each landing once, whatever dies, and training after the batches."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from mlplatform.lineage.records import latest, latest_by_batch
from mlplatform.ml.steps import ASSETS, PER_BATCH
from mlplatform_tests.sensors.conftest import LandingSensor

JUNE, JULY, AUGUST = "a,b\r\n1,2\r\n", "a,b\r\n3,4\r\n", "a,b\r\n5,6\r\n"
ALONE = {"raw", "validated", "quarantine", "features"}


def keys(requests: list[dg.RunRequest]) -> list[str]:
    return [str(request.run_key) for request in requests]


def assets(request: dg.RunRequest) -> set[str]:
    return {key.path[-1] for key in request.asset_selection or ()}


def features(landing: LandingSensor, batch: str) -> None:
    """Features of a batch, as its run would have made them."""
    from mlplatform.lineage.records import Version, record_metadata

    event = dg.AssetMaterialization(
        ["job_change", "features"],
        partition=batch,
        tags={"dagster/data_version": batch},
        metadata=record_metadata(Version(batch, batch)),
    )
    landing.instance.report_runless_asset_event(event)


def two_batches(landing: LandingSensor) -> list[dg.RunRequest]:
    landing.drop("june.csv", JUNE, age=70)
    landing.drop("july.csv", JULY, age=60)
    requests = landing.settle().run_requests
    assert [request.partition_key for request in requests] == ["june", "july"]
    assert all(assets(request) == ALONE for request in requests)
    return requests


def test_a_tick_that_died_after_landing_is_made_up_for(landing: LandingSensor) -> None:
    landing.drop("june.csv", JUNE)
    landing.tick()
    lost = landing.tick(forgotten=True).run_requests
    assert landing.versions == 1
    again = landing.tick().run_requests
    assert keys(again) == keys(lost)
    assert landing.versions == 1
    assert landing.launch(again)
    assert not landing.tick().run_requests


def test_a_tick_that_died_after_launching_launches_nothing_more(landing: LandingSensor) -> None:
    landing.drop("june.csv", JUNE)
    landing.tick()
    launched = landing.launch(landing.tick(forgotten=True).run_requests)
    assert not landing.tick().run_requests
    assert len(launched) == len(landing.instance.get_runs()) == 1


@pytest.mark.parametrize("afterwards", ["renamed", "taken away"])
def test_a_forgotten_landing_runs_even_if_its_file_is_gone(landing: LandingSensor, afterwards: str) -> None:
    file = landing.drop("june.csv", JUNE)
    landing.tick()
    lost = landing.tick(forgotten=True).run_requests
    if afterwards == "renamed":
        file.rename(landing.folder / "other.csv")
    else:
        file.unlink()
    assert keys(landing.tick().run_requests) == keys(lost)
    assert list(landing.batches) == ["june"]


def test_requests_that_were_never_launched_are_made_again(landing: LandingSensor) -> None:
    requests = two_batches(landing)
    landing.launch(requests[:1])  # then somebody stopped the sensor
    (again,) = landing.tick().run_requests
    assert again.run_key == requests[1].run_key
    assert assets(again) == ALONE
    landing.instance.add_run(
        dg.DagsterRun(
            job_name="job_change_update",
            status=DagsterRunStatus.NOT_STARTED,
            tags={**again.tags, "dagster/run_key": str(again.run_key)},
        )
    )
    assert keys(landing.tick().run_requests) == keys([again])  # written down, but not launched


def test_training_follows_once_all_batches_have_ended(landing: LandingSensor) -> None:
    requests = two_batches(landing)
    landing.launch(requests[:1], DagsterRunStatus.FAILURE)
    (unfinished,) = landing.launch(requests[1:], DagsterRunStatus.STARTED)
    skip = landing.tick().skip_message
    assert f"training waits for 1 unfinished run: {unfinished}" in skip
    features(landing, "july")
    landing.instance.report_run_canceled(landing.instance.get_run_by_id(unfinished))
    (training,) = landing.tick().run_requests
    assert training.partition_key is None
    assert assets(training) == set(ASSETS) - PER_BATCH
    landing.launch([training])
    for _ in range(2):
        assert landing.tick().skip_message == f"no new files in {landing.folder}"


def test_training_is_requested_again_under_the_same_name_if_the_tick_was_lost(landing: LandingSensor) -> None:
    landing.launch(two_batches(landing))
    features(landing, "june")
    lost = landing.tick(forgotten=True).run_requests
    again = landing.tick().run_requests
    assert keys(lost) == keys(again)
    assert keys(landing.tick().run_requests) == keys(again)  # not launched yet
    landing.launch(again)
    assert not landing.tick().run_requests


def test_that_training_is_due_outlives_the_cursor(landing: LandingSensor) -> None:
    landing.launch(two_batches(landing))
    features(landing, "june")
    landing.cursor = None
    (training,) = landing.settle().run_requests
    assert str(training.run_key).startswith("training:")
    landing.launch([training])
    landing.cursor = None
    assert not landing.settle().run_requests


def test_batches_that_all_failed_train_nothing(landing: LandingSensor) -> None:
    landing.launch(two_batches(landing), DagsterRunStatus.FAILURE)
    assert landing.tick().skip_message == f"no new files in {landing.folder}"


def test_going_back_to_earlier_files_trains_again(landing: LandingSensor) -> None:
    trained = []
    for contents in ((JUNE, JULY), (JULY + "1", JUNE + "1"), (JUNE, JULY)):
        landing.drop("june.csv", contents[0], age=70 + len(trained))
        landing.drop("july.csv", contents[1], age=60 + len(trained))
        landing.launch(landing.settle().run_requests)
        features(landing, "june")
        (training,) = landing.tick().run_requests
        landing.launch([training])
        trained.append(training.run_key)
    assert len(set(trained)) == 3


def test_a_file_that_comes_while_others_run_is_run_alone_and_trained_on_afterwards(
    landing: LandingSensor,
) -> None:
    landing.drop("june.csv", JUNE)
    (everything,) = landing.settle().run_requests
    (running,) = landing.launch([everything], DagsterRunStatus.STARTED)
    landing.drop("july.csv", JULY)
    (request,) = landing.settle().run_requests
    assert assets(request) == ALONE
    landing.launch([request])
    features(landing, "july")
    assert "training waits for 1 unfinished run" in landing.tick().skip_message
    landing.instance.report_run_canceled(landing.instance.get_run_by_id(running))
    (training,) = landing.tick().run_requests
    landing.launch([training], DagsterRunStatus.STARTED)
    landing.drop("august.csv", AUGUST)
    (request,) = landing.settle().run_requests
    assert assets(request) == ALONE


def test_a_file_beside_one_that_is_still_written_is_not_trained_on_alone(landing: LandingSensor) -> None:
    landing.drop("june.csv", JUNE)
    landing.tick()
    landing.drop("july.csv", JULY)
    (request,) = landing.tick().run_requests
    assert assets(request) == ALONE


def test_a_run_that_will_be_started_again_is_waited_for(landing: LandingSensor) -> None:
    requests = two_batches(landing)
    landing.launch(requests[:1])
    (died,) = landing.launch(requests[1:], DagsterRunStatus.FAILURE, **{"dagster/will_retry": "true"})
    features(landing, "june")
    assert f"unfinished run: {died}" in landing.tick().skip_message
    landing.instance.add_run_tags(died, {"dagster/auto_retry_run_id": "the second try"})
    assert landing.tick().run_requests


def test_files_dropped_become_batches_and_one_model(landing: LandingSensor) -> None:
    from mlplatform.definitions import use_cases

    sample = use_cases(landing.definitions)["job_change"].sample
    landing.drop("june.csv", sample(600, 1, False).to_csv(index=False), age=90)
    landing.drop("july.csv", sample(600, 2, False).to_csv(index=False), age=80)
    landing.drop("broken.csv", "no,such\r\ncolumns,here\r\n", age=70)
    requests = landing.settle().run_requests
    assert [landing.execute(request).success for request in requests] == [True, True, False]
    (training,) = landing.tick().run_requests
    assert landing.execute(training).success
    assert "no new files" in landing.tick().skip_message

    instance = landing.instance
    assert set(latest_by_batch(instance, "job_change", "validated")) == {"june", "july"}
    card, model = (latest(instance, "job_change", asset) for asset in ("model_card", "model"))
    assert card is not None
    assert model is not None
    assert {one["asset"] for one in card.inputs} >= {"evaluation", "model", "quarantine"}
    models = instance.fetch_materializations(dg.AssetKey(["job_change", "model"]), limit=10).records
    assert [one.run_id for one in models] == [card.run_id]

    landing.drop("august.csv", sample(600, 3, False).to_csv(index=False))
    (everything,) = landing.settle().run_requests
    assert landing.execute(everything).success
    newer = latest(instance, "job_change", "model")
    assert newer is not None
    assert newer.run_id != model.run_id
    assert "no new files" in landing.tick().skip_message
