"""Signals are read from failed checks, decisions from the asset `decision`: each signal has at most one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from mlplatform.lineage.records import Version, record_metadata
from mlplatform.lineage.signals import (
    SIGNAL_TAG,
    attempts_of,
    decisions_of,
    latest_decisions,
    open_signals,
    record,
    signal_id,
)
from mlplatform.ml.response import RETRAINED, SUPPRESSED, Attempt, Decision

# partitioned checks are a preview in this Dagster
pytestmark = pytest.mark.filterwarnings("ignore:Specifying a partitions_def")
USE_CASE, NOW = "job_change", datetime(2026, 3, 1, 12, tzinfo=UTC)


def _window(number: int) -> str:
    return f"{NOW + timedelta(hours=number):%Y-%m-%dT%H}_ab12cd34ef56"


def _drift() -> dg.AssetsDefinition:
    """The asset `drift` without its body: a report and a check of the run's window, as its tags say."""
    key, windows = dg.AssetKey([USE_CASE, "drift"]), dg.DynamicPartitionsDefinition(name="windows")
    check = dg.AssetCheckSpec("psi", asset=key, partitions_def=windows)

    @dg.multi_asset(specs=[dg.AssetSpec(key, partitions_def=windows)], check_specs=[check])
    def drift(context: dg.AssetExecutionContext) -> Iterator[Any]:
        drifted = context.run.tags["drifted"] == "True"
        details = {
            "drifted": drifted,
            "model_version": "ab12cd34ef56",
            "feature": "hours",
            "max_psi": 0.9,
            "threshold": 0.2,
            "rows": 500,
        }
        written = record_metadata(Version("0" * 64), details=details)
        yield dg.MaterializeResult(key, metadata=written, data_version=dg.DataVersion("v"))
        yield dg.AssetCheckResult(asset_key=key, check_name="psi", passed=not drifted)

    return drift


def _judged(instance: dg.DagsterInstance, number: int, drifted: bool = True) -> str:
    """A window is judged; the signal that it is or would be."""
    window = _window(number)
    instance.add_dynamic_partitions("windows", [window])
    dg.materialize([_drift()], partition_key=window, instance=instance, tags={"drifted": str(drifted)})
    return signal_id(window)


def _decide(instance: dg.DagsterInstance, number: int, decision: str = SUPPRESSED) -> None:
    at = NOW + timedelta(minutes=number)
    one = Decision(signal_id(_window(number)), _window(number), decision, "why", at, "sensor")  # type: ignore[arg-type]
    record(instance, USE_CASE, one)


def test_a_failed_check_is_a_signal_until_it_is_decided(instance: dg.DagsterInstance) -> None:
    _judged(instance, 1, drifted=False)
    signal = _judged(instance, 2)
    (found,) = open_signals(instance, USE_CASE)
    assert (found.id, found.window, found.feature, found.value) == (signal, _window(2), "hours", 0.9)
    _decide(instance, 2)
    assert open_signals(instance, USE_CASE) == []
    _judged(instance, 2)  # the window grew and still fails
    assert open_signals(instance, USE_CASE) == []


def test_a_signal_stays_one_when_the_window_passes_later(instance: dg.DagsterInstance) -> None:
    signal = _judged(instance, 1)
    _judged(instance, 1, drifted=False)
    assert [one.id for one in open_signals(instance, USE_CASE)] == [signal]


@pytest.mark.parametrize("decided", [0, 3, 23])
def test_open_signals_come_oldest_first_however_many(instance: dg.DagsterInstance, decided: int) -> None:
    signals = [_judged(instance, number) for number in range(25)]
    for number in range(decided):
        _decide(instance, number)
    assert [one.id for one in open_signals(instance, USE_CASE)] == signals[decided:]


def test_decisions_are_read_as_they_were_written(instance: dg.DagsterInstance) -> None:
    for number in range(3):
        _decide(instance, number, RETRAINED if number == 1 else SUPPRESSED)
    last = latest_decisions(instance, USE_CASE, limit=2)
    assert [one.signal for one in last] == [signal_id(_window(2)), signal_id(_window(1))]
    assert (last[1].decision, last[1].time, last[1].why) == (RETRAINED, NOW + timedelta(minutes=1), "why")
    assert decisions_of(instance, USE_CASE, [_window(0), _window(9)]).keys() == {signal_id(_window(0))}
    assert decisions_of(instance, USE_CASE, []) == {}


def test_how_runs_ended(instance: dg.DagsterInstance) -> None:
    statuses = {
        "a": dg.DagsterRunStatus.FAILURE,
        "b": dg.DagsterRunStatus.STARTED,
        "c": dg.DagsterRunStatus.SUCCESS,
        "d": dg.DagsterRunStatus.CANCELED,
    }
    for signal, status in statuses.items():
        instance.add_run(dg.DagsterRun("job_change_update", tags={SIGNAL_TAG: signal}, status=status))
    found = attempts_of(instance, SIGNAL_TAG, [*statuses, "e"])
    assert found == {
        "a": [Attempt("failed")],
        "b": [Attempt("unfinished")],
        "c": [Attempt("ended")],
        "d": [Attempt("ended")],
        "e": [],
    }
