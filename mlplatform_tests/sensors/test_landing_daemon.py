"""The landing sensor as Dagster's daemon runs it: evaluated in a code server, launched by name."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

import dagster as dg
import pytest
from dagster._core.remote_representation.external import RemoteSensor
from dagster._core.scheduler.instigation import InstigatorTick, SensorInstigatorData
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.sensor import execute_sensor_iteration

from mlplatform_tests.sensors.conftest import NAME, LandingSensor

Iterate = Callable[[], InstigatorTick]


@pytest.fixture
def daemon(landing: LandingSensor) -> Iterator[tuple[RemoteSensor, Iterate]]:
    """The sensor, switched on, and one round of the daemon. Runs are queued, and stay in the queue."""
    instance = landing.instance
    target = ModuleTarget("mlplatform.definitions", None, None, "mlplatform")
    with create_test_daemon_workspace_context(target, instance) as workspace:
        (repository,) = (
            workspace.create_request_context().get_code_location("mlplatform").get_repositories().values()
        )
        sensor = repository.get_sensor(NAME)
        instance.start_sensor(sensor)
        clock = time.time()

        def iterate() -> InstigatorTick:
            nonlocal clock
            clock += 11  # the sensor's interval
            with freeze_time(clock):
                list(execute_sensor_iteration(workspace, logging.getLogger(__name__), None, None))
            return instance.get_ticks(sensor.get_remote_origin_id(), sensor.selector_id, limit=1)[0]

        yield sensor, iterate


def forget(instance: dg.DagsterInstance, sensor: RemoteSensor, cursor: str | None) -> None:
    """Put an earlier cursor back."""
    state = instance.get_instigator_state(sensor.get_remote_origin_id(), sensor.selector_id)
    assert state is not None
    assert isinstance(state.instigator_data, SensorInstigatorData)
    data = state.instigator_data._replace(cursor=cursor)
    instance.update_instigator_state(state.with_data(data))


def test_the_daemon_queues_each_landing_once(
    landing: LandingSensor, daemon: tuple[RemoteSensor, Iterate]
) -> None:
    sensor, iterate = daemon
    landing.drop("june.csv", "a,b\r\n1,2\r\n", age=70)
    landing.drop("july.csv", "a,b\r\n3,4\r\n", age=60)
    looked = iterate()
    assert "2 files" in str(looked.skip_reason)
    requested = iterate()
    assert len(requested.run_ids) == 2, requested.error
    runs = landing.instance.get_runs()
    assert {run.tags["dagster/partition"] for run in runs} == {"june", "july"}
    for cursor in (looked.cursor, None):
        forget(landing.instance, sensor, cursor)
        iterate()
        again = iterate()
        assert "training waits for 2 unfinished runs" in str(again.skip_reason), again.error
    assert len(landing.instance.get_runs()) == 2
    assert landing.versions == 2
