"""A run of the deployment becomes a task on ECS, which is emulated: no container starts."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from runpy import run_path
from typing import Any

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget

from mlplatform_tests.conftest import REPOSITORY
from mlplatform_tests.sagemaker_emulator.server import Emulator

LOCATION = """
import dagster as dg

@dg.op
def says():
    pass

@dg.job
def saying():
    says()
"""


@contextmanager
def metadata_of(task: str, cluster: str, container: str) -> Iterator[str]:
    """What ECS tells a container of itself, at this address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"Name": container, "TaskARN": task, "Cluster": cluster}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def daemon_of(emulator: Emulator) -> str:
    """The ARN of a task of the daemon, in a cluster where the tasks of deploy/ecs are registered."""
    ecs, ec2 = emulator.client("ecs"), emulator.client("ec2")
    for file in sorted((REPOSITORY / "deploy" / "ecs").glob("*.json")):
        task = json.loads(file.read_text())
        for container in task["containerDefinitions"]:
            container["memory"] = int(task["memory"])  # the emulated ECS adds them up, ECS need not be told
        ecs.register_task_definition(**task)
    ecs.create_cluster(clusterName="mlplatform")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    placed = {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}}
    (started,) = ecs.run_task(
        cluster="mlplatform",
        taskDefinition="mlplatform-daemon",
        launchType="FARGATE",
        networkConfiguration=placed,
    )["tasks"]
    return str(started["taskArn"])


def test_a_run_is_a_task_of_the_definition_of_runs(
    tmp_path: Path, aws_environment: Emulator, postgres: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("MLPLATFORM_RUN_TASK", "mlplatform-run")
    shutil.copy(REPOSITORY / "deploy" / "dagster.yaml", tmp_path)
    code = tmp_path / "location.py"
    code.write_text(LOCATION)
    target = PythonFileTarget(
        python_file=str(code), attribute=None, working_directory=None, location_name="here"
    )
    daemon = daemon_of(aws_environment)
    with (
        metadata_of(daemon, "mlplatform", "daemon") as address,
        dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path))) as instance,
        WorkspaceProcessContext(instance, target) as context,
    ):
        monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", address)
        workspace = context.create_request_context()
        (repository,) = workspace.get_code_location("here").get_repositories().values()
        job = repository.get_full_job("saying")
        run = instance.create_run_for_job(
            run_path(str(code))["saying"],
            remote_job_origin=job.get_remote_origin(),
            job_code_origin=job.get_python_origin(),
        )
        instance.launch_run(run.run_id, workspace)
        tags = instance.get_run_by_id(run.run_id).tags  # type: ignore[union-attr]
    (task,) = aws_environment.client("ecs").describe_tasks(
        cluster="mlplatform", tasks=[tags["ecs/task_arn"]]
    )["tasks"]
    assert "task-definition/mlplatform-run:" in task["taskDefinitionArn"]
    (override,) = task["overrides"]["containerOverrides"]
    assert override["name"] == "run"
    assert override["command"][:3] == ["dagster", "api", "execute_run"]
    assert (override["cpu"], override["memory"]) == (1024, 4096)
