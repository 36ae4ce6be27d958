import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from filelock import FileLock, Timeout

from mlplatform.resources.single_flight import SingleFlight

HOLDING = """
import sys, time
from mlplatform.resources.single_flight import SingleFlight
flight = SingleFlight(folder=sys.argv[1])
flight.hold("case")
print("held", flush=True)
sys.stdin.readline()
flight.release()
print("released", flush=True)
sys.stdin.readline()
"""


class Holder:
    """Another process that holds the lock until it is told, or killed."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", HOLDING, str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.line() == "held"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def release(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.line() == "released"

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "locks"


def is_free(folder: Path, use_case: str = "case") -> bool:
    try:
        with FileLock(folder / f"{use_case}.lock", timeout=0):
            return True
    except Timeout:
        return False


def test_one_process_at_a_time_holds_a_use_case(folder: Path) -> None:
    other = Holder(folder)
    try:
        assert not is_free(folder)
        assert is_free(folder, "another_case")
        other.release()
        flight = SingleFlight(folder=str(folder))
        flight.hold("case")
        assert not is_free(folder)
        flight.release()
        assert is_free(folder)
    finally:
        other.kill()


def test_a_killed_process_frees_its_lock(folder: Path) -> None:
    Holder(folder).kill()
    flight = SingleFlight(folder=str(folder))
    flight.hold("case")
    assert not is_free(folder)
    flight.release()


def test_a_second_run_waits_and_says_so(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Holder(folder)
    caplog.set_level("INFO", "mlplatform.resources.single_flight")
    # what the wait writes is the signal on which the other process ends: no clock is involved
    monkeypatch.setattr(caplog.handler, "emit", lambda record: other.kill())
    flight = SingleFlight(folder=str(folder))
    flight.hold("case")
    assert other.process.returncode == -signal.SIGKILL
    flight.release()


def test_holding_again_is_nothing_and_so_is_releasing_what_is_free(folder: Path) -> None:
    flight = SingleFlight(folder=str(folder))
    flight.release()
    for _ in range(2):
        flight.hold("case")
    flight.release()
    assert is_free(folder)


def test_a_run_frees_it_at_its_end_however_it_ends(folder: Path, instance: dg.DagsterInstance) -> None:
    seen = []

    @dg.op
    def holding(context: dg.OpExecutionContext, single_flight: SingleFlight) -> None:
        single_flight.hold("case")
        seen.append(is_free(folder))
        raise RuntimeError("no luck")

    @dg.job(resource_defs={"single_flight": SingleFlight(folder=str(folder))})
    def flight() -> None:
        holding()

    result = flight.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    assert seen == [False]
    assert is_free(folder)
