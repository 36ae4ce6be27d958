"""The command line on SageMaker: the same commands, told by the environment alone where to work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlplatform.resources.aws.endpoint_names import hosted_name
from mlplatform_tests.cli.conftest import Answer, command_in
from mlplatform_tests.container.served import some_rows
from mlplatform_tests.lifecycle.places import ENDPOINT
from mlplatform_tests.sagemaker_emulator.server import Emulator


def ask(emulator: Emulator, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the endpoint says."""
    answer = emulator.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=hosted_name(ENDPOINT), ContentType="application/json", Body=json.dumps(rows).encode()
    )
    return json.loads(answer["Body"].read())  # type: ignore[no-any-return]


def test_every_command_works_on_sagemaker(
    tmp_path: Path, aws_environment: Emulator, postgres: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ENV": "aws", "PROCESSING": "sagemaker", "BAKE_SECONDS": "20"}.items():
        monkeypatch.setenv(f"MLPLATFORM_{name}", value)
    home = tmp_path / "home"
    mlplatform = command_in(home)

    def done(*arguments: str | Path) -> Answer:
        answer = mlplatform(*arguments, MLPLATFORM_ENV="aws")
        assert answer.code == 0, answer.err
        return answer

    done("sample", "job_change", "--out", tmp_path / "files", "--rows", "1500", "--batches", "2")
    first, second = sorted((tmp_path / "files").glob("*.csv"))
    done("land", "job_change", first)
    ran = done("run", "job_change", "--json").json
    version = ran["model_version"]
    assert ran["verdict"] == "PROMOTE"
    done("approve", "job_change", version, "--by", "anna", "--reason", "fine")
    live = done("deploy", "job_change", "--json").json["live"]
    assert (live["model_version"], live["url"]) == (
        version,
        f"/endpoints/{hosted_name(ENDPOINT)}/invocations",
    )
    for of_this_machine in ("serve", "demo"):
        refused = mlplatform(of_this_machine, MLPLATFORM_ENV="aws")
        assert refused.code == 1
        assert "MLPLATFORM_ENV=aws" in refused.first_error
    rows = some_rows(30)
    answer = ask(aws_environment, rows)
    assert answer["model_version"] == version

    # another machine: nothing but the bucket, the database and the service
    elsewhere = command_in(tmp_path / "elsewhere")
    status = elsewhere("status", "job_change", "--json", MLPLATFORM_ENV="aws")
    assert status.code == 0, status.err
    assert status.json["live"]["model_version"] == version
    assert elsewhere("run", "job_change", "--json", MLPLATFORM_ENV="aws").json["ran"] == []
    told = elsewhere("predict", "job_change", second, "--out", tmp_path / "scores.csv", MLPLATFORM_ENV="aws")
    assert told.code == 0, told.err
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 1501

    aws_environment.flush_captures()
    monitored = done("monitor", "job_change", "--json").json
    (window,) = monitored["windows"]
    assert window["window"].endswith(version)
    done("land", "job_change", second)
    again = mlplatform("run", "job_change", "--json", MLPLATFORM_ENV="aws")
    assert again.code in {0, 3}, again.err  # 3: the gate is not sure that the second one is better
    assert again.json["model_version"] != version
    trace = done("lineage", "trace", "job_change", "--json").json
    assert {node["asset"] for node in trace["nodes"]} >= {"landed_file", "model", "approval", "endpoint"}
    jobs_of = {node["asset"]: node["facts"].get("job", {}).get("arn", "") for node in trace["nodes"]}
    assert ":training-job/" in jobs_of["model"]
    assert ":processing-job/" in jobs_of["features"]
    assert version in done("status", "job_change").out
    done("gc")
    jobs = aws_environment.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert len(jobs) == 2
    assert aws_environment.client("sagemaker").list_processing_jobs()["ProcessingJobSummaries"]
