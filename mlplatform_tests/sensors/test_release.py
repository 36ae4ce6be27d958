"""The sensor that lets approved models go live, on a laptop: there is no registry to listen to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlplatform.definitions import defs
from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.registry.local import LocalRegistry
from mlplatform_tests.history import History, history_in, lenient

SENSOR = "job_change_release"


def tick(history: History) -> Any:
    return history.tick(SENSOR)


def test_an_approved_model_goes_live_once(tmp_path: Path) -> None:
    with history_in(tmp_path / "home") as history:
        assert "nothing new" in tick(history).skip_message
        history.declaration = lenient(max_iter=1)
        history.land("monday", seed=1)
        version = history.update("monday")
        assert tick(history).run_requests == []
        history.say(version)
        (request,) = tick(history).run_requests
        assert (request.job_name, request.run_key) == (
            "job_change_release",
            f"{version}:{history.latest('approval').storage_id}",
        )
        # under way, as the daemon has launched it
        run = dg.DagsterRun("job_change_release", tags=dict(request.tags), status=dg.DagsterRunStatus.STARTED)
        history.instance.add_run(run)
        assert "under way" in tick(history).skip_message
        history.deploy(version)
        assert "has been live" in tick(history).skip_message


def test_nobody_can_have_spoken_in_a_registry_that_there_is_not() -> None:
    with pytest.raises(WrongUsage, match="no model registry in this environment"):
        LocalRegistry().statement("arn:aws:sagemaker:eu-west-1:123456789012:model-package/x/1")


def test_the_sensor_ships_stopped() -> None:
    assert defs().resolve_sensor_def(SENSOR).default_status is dg.DefaultSensorStatus.STOPPED
