"""`python -m mlplatform_tests.sagemaker_emulator`, as somebody runs it who wants to try things."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3

from mlplatform_tests.sagemaker_emulator.asked import is_gone, lines, training, until

REPOSITORY = Path(__file__).parents[2]


def clients_of(variables: dict[str, str]) -> Any:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=variables["AWS_ENDPOINT_URL"],
            region_name=variables["AWS_REGION"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )

    return client


def test_it_says_what_to_set_and_leaves_nothing_running() -> None:
    command = [sys.executable, "-m", "mlplatform_tests.sagemaker_emulator", "--port", "0"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    try:
        assert program.stdout is not None
        variables: dict[str, str] = {}
        while "MLPLATFORM_POLL_SECONDS" not in variables:
            line = program.stdout.readline()
            assert line.startswith("export "), line
            name, _, value = line.removeprefix("export ").strip().partition("=")
            variables[name] = value
        assert variables["MLPLATFORM_ENV"] == "aws"
        client = clients_of(variables)
        script = "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1; done"
        client("sagemaker").create_training_job(**training("tried", script))
        child = int(until(lambda: lines(client("logs"), "/aws/sagemaker/TrainingJobs", "tried"))[0])
        assert Path(f"/proc/{child}").exists()
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=60) == 0
        until(lambda: is_gone(child))
    finally:
        program.kill()
        program.communicate()
