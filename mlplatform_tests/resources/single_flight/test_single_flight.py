"""The same promises of a lock of this machine and of one of all machines."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg2
import pytest

from mlplatform.resources.single_flight import SingleFlight
from mlplatform.resources.single_flight.local import LocalSingleFlight
from mlplatform.resources.single_flight.postgres import PostgresSingleFlight

HOLDING = """
import sys, time
from mlplatform.resources.single_flight.local import LocalSingleFlight
from mlplatform.resources.single_flight.postgres import PostgresSingleFlight
flight = {flight}
flight.hold("case")
print("held", flush=True)
sys.stdin.readline()
flight.release()
print("released", flush=True)
sys.stdin.readline()
"""

Make = Callable[[], SingleFlight]


@pytest.fixture(params=["local", "postgres"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes the resource as a process of its own would."""
    if request.param == "local":
        return lambda: LocalSingleFlight(folder=str(tmp_path / "locks"))
    request.getfixturevalue("postgres")
    return PostgresSingleFlight


class Holder:
    """Another process that holds the lock until it is told, or killed."""

    def __init__(self, flight: SingleFlight) -> None:
        command = [sys.executable, "-c", HOLDING.format(flight=repr(flight))]
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


def is_free(flight: SingleFlight, use_case: str = "case") -> bool:
    lock = flight.lock(use_case)
    taken = lock.take()
    lock.free()
    return taken


def test_one_process_at_a_time_holds_a_use_case(make: Make) -> None:
    other = Holder(make())
    try:
        assert not is_free(make())
        assert is_free(make(), "another_case")
        other.release()
        flight = make()
        flight.hold("case")
        assert not is_free(make())
        flight.release()
        assert is_free(make())
    finally:
        other.kill()


def test_a_killed_process_frees_its_lock(make: Make) -> None:
    Holder(make()).kill()
    flight = make()
    flight.hold("case")
    assert not is_free(make())
    flight.release()


def test_a_second_run_waits_and_says_so(
    make: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Holder(make())
    caplog.set_level("INFO", "mlplatform.resources.single_flight")
    # what the wait writes is the signal on which the other process ends: no clock is involved
    monkeypatch.setattr(caplog.handler, "emit", lambda record: other.kill())
    flight = make()
    flight.hold("case")
    assert other.process.returncode == -signal.SIGKILL
    flight.release()


def test_holding_again_is_nothing_and_so_is_releasing_what_is_free(make: Make) -> None:
    flight = make()
    flight.release()
    for _ in range(2):
        flight.hold("case")
    flight.release()
    assert is_free(make())


def test_one_decides_at_a_time_beside_whoever_runs(make: Make) -> None:
    running = make()
    running.hold("case")
    with make().deciding("case", wait=True) as first, make().deciding("case", wait=False) as second:
        assert (first, second) == (True, False)
    with make().deciding("case", wait=False) as again:
        assert again
    running.release()


def test_a_run_frees_it_at_its_end_however_it_ends(make: Make, instance: dg.DagsterInstance) -> None:
    seen = []

    @dg.op
    def holding(context: dg.OpExecutionContext, single_flight: dg.ResourceParam[Any]) -> None:
        single_flight.hold("case")
        seen.append(is_free(make()))
        raise RuntimeError("no luck")

    @dg.job(resource_defs={"single_flight": make()})
    def flight() -> None:
        holding()

    result = flight.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    assert seen == [False]
    assert is_free(make())


@pytest.fixture
def database(postgres: int) -> Iterator[Any]:
    """Somebody else's connection to the same server."""
    connection = psycopg2.connect(host="127.0.0.1", port=postgres, user="mlplatform", dbname="postgres")
    connection.autocommit = True
    yield connection
    connection.close()


def test_a_run_whose_lock_was_lost_goes_no_further(database: Any) -> None:
    flight = PostgresSingleFlight()
    flight.hold("case")
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    with pytest.raises(OSError, match="the lock with it"):
        flight.hold("case")
    flight.release()
    assert is_free(PostgresSingleFlight())


def test_a_database_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_PG_HOST", "127.0.0.1")
    monkeypatch.setenv("DAGSTER_PG_PORT", "9")
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "hunter2")
    with pytest.raises(OSError, match="the database behind Dagster cannot be reached") as caught:
        PostgresSingleFlight().hold("case")
    assert "hunter2" not in str(caught.value)
