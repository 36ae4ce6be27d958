"""What happens to a use case, told once and true in every place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mlplatform.lineage.deployments import live
from mlplatform.lineage.records import latest_by_batch, windows_name
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.steps import ASSETS
from mlplatform.sensors.unjudged import unjudged_windows
from mlplatform_tests.container.served import some_rows
from mlplatform_tests.history import NAME, lenient
from mlplatform_tests.lifecycle.places import Place, asking, on_this_machine

ROWS = some_rows(40)


def tree(leaves: int) -> Declaration:
    """One tree, the better the more leaves it has."""
    return lenient(max_iter=1, min_samples_leaf=20, max_leaf_nodes=leaves)


def first_model(place: Place) -> str:
    """A batch landed, a model trained, approved and live; its version."""
    history = place.history
    history.declaration = tree(leaves=2)
    history.land("monday", seed=1)
    version = history.update("monday")
    history.say(version)
    history.deploy(version)
    return version


def second_model(place: Place) -> str:
    """A better one, approved; its version."""
    history = place.history
    history.declaration = tree(leaves=12)
    history.land("tuesday", seed=2)
    version = history.update("tuesday")
    history.say(version)
    return version


def facts_of(place: Place) -> dict[str, Any]:
    """What must not depend on the place."""
    history = place.history
    version = first_model(place)
    evaluation = history.latest("evaluation")
    hashes = {asset: history.latest(asset).sha256 for asset in ("training_set", "validation_set", "model")}
    return {
        **hashes,
        "version": version,
        "verdict": evaluation.details["verdict"],
        "metric": evaluation.details["metric"],
        "answer": place.ask(ROWS)["predictions"],
    }


def test_from_a_file_to_an_endpoint_and_its_captured_traffic(place: Place) -> None:
    history = place.history
    version = first_model(place)
    answer = place.ask(ROWS)
    assert answer["model_version"] == version
    assert len(answer["predictions"]) == len(ROWS)
    deployed = live(history.instance, NAME)
    assert deployed is not None
    assert (deployed.details["action"], deployed.details["model_version"]) == ("deployed", version)
    assert history.prove(deployed) == []

    place.settle()
    traffic = history.resources["captured_traffic"]
    (window,) = unjudged_windows(
        history.instance, history.declaration, traffic, datetime.now(UTC), by_hand=True
    )
    assert window.window.endswith(version)
    history.instance.add_dynamic_partitions(windows_name(NAME), [window.window])
    assert history.materialize("captured", batch=window.window).success
    captured = latest_by_batch(history.instance, NAME, "captured")[window.window]
    assert (captured.details["exchanges"], captured.rows) == (1, len(ROWS))
    assert captured.details["unreadable"] == 0


def test_a_better_model_takes_over_and_gives_back_without_a_failed_request(place: Place) -> None:
    first = first_model(place)
    second = second_model(place)
    before = place.ask(ROWS)["predictions"]
    with asking(place, ROWS[:2]) as client:
        place.history.deploy(second)
        assert place.ask(ROWS)["model_version"] == second
        assert place.ask(ROWS)["predictions"] != before
        place.history.deploy(first)
        assert place.ask(ROWS) == {"model_version": first, "predictions": before}
    assert client.errors == []
    assert set(client.answered) == {first, second}
    record = live(place.history.instance, NAME)
    assert record is not None
    assert record.details["action"] == "rolled back"


def test_a_deployment_that_fails_never_takes_traffic(place: Place) -> None:
    first = first_model(place)
    second = second_model(place)
    place.fail_next()
    with asking(place, ROWS[:2]) as client:
        refused = place.history.materialize("endpoint", config={"model_version": second})
    assert not refused.success
    assert client.errors == []
    assert set(client.answered) == {first}
    record = live(place.history.instance, NAME)
    assert record is not None
    assert record.details["model_version"] == first
    place.history.deploy(second)
    assert place.ask(ROWS)["model_version"] == second


def test_deploying_and_training_again_changes_nothing(place: Place) -> None:
    version = first_model(place)
    again = place.history.materialize(*ASSETS, batch="monday")
    assert again.success
    assert place.history.latest("model").details["version"] == version
    place.history.deploy(version)
    record = live(place.history.instance, NAME)
    assert record is not None
    assert record.details["action"] == "already live"


def test_both_places_make_the_same(
    sagemaker_place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    there = facts_of(sagemaker_place)
    monkeypatch.delenv("MLPLATFORM_ENV")
    for name in ("MLPLATFORM_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "local"))
    with on_this_machine(tmp_path / "local") as place:
        here = facts_of(place)
    assert here == there
