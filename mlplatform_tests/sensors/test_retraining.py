"""The retraining sensor: every window is judged, every signal decided once, every retraining started once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from mlplatform.lineage.records import latest_by_batch
from mlplatform.lineage.signals import SIGNAL_TAG, latest_decisions, record, signal_id
from mlplatform.ml.response import RETRAINED, SUPPRESSED, Decision
from mlplatform.sensors.decisions import COMMAND_LINE, SENSOR, answer_signals
from mlplatform.sensors.retraining import judge_requests
from mlplatform_tests.cli.conftest import command_in
from mlplatform_tests.monitored import USE_CASE, Monitored, drifted
from mlplatform_tests.traffic import HOUR


def _signal(monitored: Monitored, hours: int = 0) -> str:
    """Drifted traffic, judged; the signal that it is."""
    window = monitored.capture(drifted(monitored.rows()), hours)
    requests = judge_requests(
        monitored.instance, monitored.declaration, monitored.captured_traffic, datetime.now(UTC)
    )
    assert all(one.success for one in monitored.launch(requests))
    return signal_id(window)


def test_usual_traffic_is_judged_once_and_raises_no_signal(monitored: Monitored) -> None:
    assert "no window to judge" in monitored.tick().skip_message
    window = monitored.capture(monitored.rows())
    first = monitored.tick()
    (request,) = first.run_requests
    assert (request.job_name, request.partition_key) == ("job_change_monitor", window)
    (run,) = monitored.launch(first.run_requests)
    assert run.success
    (psi,) = [one for one in run.get_asset_check_evaluations() if one.check_name == "psi"]
    assert (psi.passed, psi.partition) == (True, window)
    assert monitored.tick().run_requests == []
    assert latest_decisions(monitored.instance, USE_CASE) == []


def test_however_often_it_ticks_drift_is_answered_by_one_retraining(monitored: Monitored) -> None:
    signal = _signal(monitored)
    first = monitored.tick()
    (request,) = first.run_requests
    assert request.job_name == "job_change_update"
    assert request.tags[SIGNAL_TAG] == signal
    assert (
        "training_hours" in request.tags["mlplatform/reason"] or "city" in request.tags["mlplatform/reason"]
    )
    again = monitored.tick()  # what was asked for has not been started yet, or the tick was forgotten
    assert [one.run_key for one in again.run_requests] == [request.run_key]
    for tick in (first, again, monitored.tick(), monitored.tick()):
        assert all(one.success for one in monitored.launch(tick.run_requests))
    assert monitored.tick().run_requests == []
    assert len(monitored.retrainings(signal)) == 1
    (decision,) = latest_decisions(monitored.instance, USE_CASE)
    assert (decision.signal, decision.decision, decision.by) == (signal, RETRAINED, SENSOR)
    assert "the same data gives the same model" in decision.why


def test_a_second_window_that_drifts_meets_the_cool_down(monitored: Monitored) -> None:
    first = _signal(monitored)
    monitored.launch(monitored.tick().run_requests)
    second = _signal(monitored, hours=1)
    tick = monitored.tick()
    assert tick.run_requests == []
    assert "cool-down" in tick.skip_message
    found = {one.signal: one for one in latest_decisions(monitored.instance, USE_CASE)}
    assert {signal: one.decision for signal, one in found.items()} == {first: RETRAINED, second: SUPPRESSED}


def test_signals_that_come_together_start_one_retraining(monitored: Monitored) -> None:
    signals = [_signal(monitored, hours) for hours in range(3)]
    requests = monitored.tick().run_requests
    assert [one.tags[SIGNAL_TAG] for one in requests] == signals[:1]
    others = [one for one in latest_decisions(monitored.instance, USE_CASE) if one.signal != signals[0]]
    assert {one.signal for one in others} == set(signals[1:])
    assert all("in progress" in one.why for one in others)


def test_ticks_and_the_command_line_together_start_one_retraining(monitored: Monitored) -> None:
    monitored.capture(drifted(monitored.rows()))
    command = command_in(monitored.home)
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(command, "monitor", USE_CASE, "--json") for _ in range(2)]
        while not all(call.done() for call in calls):
            monitored.launch(monitored.tick().run_requests)
    monitored.launch(monitored.tick().run_requests)
    answers = [call.result() for call in calls]
    assert {answer.code for answer in answers} <= {0, 3}, [answer.err for answer in answers]
    (decision,) = latest_decisions(monitored.instance, USE_CASE)
    assert len(monitored.retrainings(decision.signal)) == 1


@pytest.mark.parametrize(("by", "minutes", "started"), [(SENSOR, 0, 0), (SENSOR, 3, 1), (COMMAND_LINE, 0, 1)])
def test_the_command_line_starts_what_was_decided_and_not_started(
    monitored: Monitored, by: str, minutes: int, started: int
) -> None:
    """The daemon gets two minutes; another command line that decided is dead, for it held the lock."""
    signal = _signal(monitored)
    window = signal.removeprefix("drift:")
    then = datetime.now(UTC) - timedelta(minutes=minutes)
    record(monitored.instance, USE_CASE, Decision(signal, window, RETRAINED, "drift", then, by))
    due = answer_signals(monitored.instance, monitored.declaration, datetime.now(UTC), COMMAND_LINE).due
    assert len(due) == started
    assert len(latest_decisions(monitored.instance, USE_CASE)) == 1


def test_a_failed_retraining_is_tried_again_under_a_key_of_its_own(monitored: Monitored) -> None:
    signal = _signal(monitored)
    keys = [request.run_key for request in monitored.tick().run_requests]
    for _ in range(3):
        run = dg.DagsterRun(
            "job_change_update", tags={SIGNAL_TAG: signal}, status=dg.DagsterRunStatus.FAILURE
        )
        monitored.instance.add_run(run)
        keys += [request.run_key for request in monitored.tick().run_requests]
    assert keys == [signal, f"{signal}:2", f"{signal}:3"]


def test_while_somebody_decides_a_tick_only_judges(monitored: Monitored) -> None:
    _signal(monitored)
    with monitored.locks.deciding(USE_CASE, wait=True):
        tick = monitored.tick()
    assert tick.run_requests == []
    assert "is deciding" in tick.skip_message
    assert latest_decisions(monitored.instance, USE_CASE) == []


def test_whoever_is_killed_while_deciding_is_in_nobodys_way(monitored: Monitored) -> None:
    signal = _signal(monitored)
    code = (
        "import sys, time\nfrom mlplatform.resources.single_flight.local import LocalSingleFlight\n"
        "with LocalSingleFlight(folder=sys.argv[1]).deciding(sys.argv[2], wait=True):\n"
        "    print('here', flush=True)\n    time.sleep(600)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, monitored.locks.folder, USE_CASE], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "here\n"
    assert monitored.tick().run_requests == []
    holder.kill()
    holder.communicate()
    assert [one.run_key for one in monitored.tick().run_requests] == [signal]


def test_an_open_window_is_judged_again_when_it_has_grown_by_a_quarter(monitored: Monitored) -> None:
    def requested(now: datetime) -> list[dg.RunRequest]:
        traffic = monitored.captured_traffic
        return judge_requests(monitored.instance, monitored.declaration, traffic, now)

    rows = monitored.rows(1200)
    window = monitored.capture(rows[:500])
    first = requested(HOUR)
    assert monitored.launch(first)[0].success
    monitored.capture(rows[500:550], server="two")
    assert requested(HOUR) == []
    monitored.capture(rows[550:1100], server="three")
    second = requested(HOUR)
    assert [one.partition_key for one in second] == [window]
    assert second[0].run_key != first[0].run_key
    assert monitored.launch(second)[0].success
    monitored.capture(rows[1100:], server="four")
    closed = requested(HOUR + timedelta(hours=1))
    assert [one.partition_key for one in closed] == [window]
    assert monitored.launch(closed)[0].success
    assert requested(HOUR + timedelta(hours=1)) == []
    assert latest_by_batch(monitored.instance, USE_CASE, "drift")[window].rows == 1200


def test_a_window_that_is_being_judged_is_left_alone(monitored: Monitored) -> None:
    window = monitored.capture(monitored.rows())
    run = dg.DagsterRun(
        "job_change_monitor", tags={"dagster/partition": window}, status=dg.DagsterRunStatus.STARTED
    )
    monitored.instance.add_run(run)
    assert monitored.tick().run_requests == []


def test_batches_that_landed_since_are_counted(monitored: Monitored, tmp_path: Path) -> None:
    file = tmp_path / "later.csv"
    monitored.rows(200, seed=5).to_csv(file, index=False)
    resources = monitored.definitions.resources or {}
    resources["landed_files"].land(monitored.instance, USE_CASE, file, "later")
    _signal(monitored)
    monitored.tick()
    (decision,) = latest_decisions(monitored.instance, USE_CASE)
    assert "since the latest model was trained: 1, 1 of them not run yet" in decision.why
