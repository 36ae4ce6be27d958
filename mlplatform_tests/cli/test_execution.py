"""Runs whose process was killed do not stay in the way."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import dagster as dg
from dagster import DagsterRunStatus

from mlplatform.cli.job_runs import end_orphans


def _run(instance: dg.DagsterInstance, process: str, launched_by: str = "command line") -> str:
    tags = {"mlplatform/launched_by": launched_by, "mlplatform/process": process}
    run = dg.DagsterRun(job_name="job_change_update", status=DagsterRunStatus.STARTED, tags=tags)
    return instance.add_run(run).run_id


def test_only_runs_of_dead_processes_of_this_machine_are_ended(instance: dg.DagsterInstance) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here = socket.gethostname()
    dead = _run(instance, f"{here}:{ended.pid}")
    alive = _run(instance, f"{here}:{os.getpid()}")
    elsewhere = _run(instance, f"another-machine:{ended.pid}")
    of_the_ui = _run(instance, f"{here}:{ended.pid}", launched_by="a click")

    end_orphans(instance)

    def status(run_id: str) -> DagsterRunStatus:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    assert status(dead) is DagsterRunStatus.FAILURE
    for other in (alive, elsewhere, of_the_ui):
        assert status(other) is DagsterRunStatus.STARTED
