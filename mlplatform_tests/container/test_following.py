"""Servers that start, follow deployments and end."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import mlplatform
from mlplatform.container.deployments import Deployment, deployment_file, live_reports, write_deployment
from mlplatform.container.serving import ServedModel
from mlplatform.ml.capture import Message, exchanges
from mlplatform_tests.container.served import (
    ENDPOINT,
    Server,
    another_model,
    container,
    deploy,
    environment_of,
    model_folder,
    serving,
    some_rows,
    until,
)
from mlplatform_tests.container.test_server import half_asked


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    shutil.copytree(trained_home / "snapshots", folder / "snapshots")
    return folder


def state_of(home: Path, wanted: Deployment) -> str | None:
    """What the only server says of a deployment, None while it says nothing."""
    [report] = live_reports(home / "endpoints")
    state = report.endpoints.get(wanted.endpoint)
    return state.state if state and state.deployment == wanted.id else None


def predictions(folder: Path, rows: list[dict[str, Any]]) -> list[float]:
    return ServedModel(folder).answer(Message("application/json", json.dumps(rows).encode())).predictions


def captured_ids(server: Server) -> list[str]:
    lines = [line for path in server.captured_files() for line in path.read_bytes().splitlines(True)]
    return [one.event_id for one in exchanges(lines)]


def test_a_server_starts_with_nothing_and_serves_what_comes(home: Path) -> None:
    with serving(home) as server:
        until(lambda: "Nothing is deployed yet" in server.log.read_text(), "the words about it")
        assert server.get("/ping")[0] == 200
        assert server.ask(some_rows(1))[0] == 404
        assert server.ask(some_rows(1), "/invocations")[0] == 404
        [report] = live_reports(home / "endpoints")
        assert (report.address, dict(report.endpoints)) == (server.url, {})
        deploy(home, model_folder(home))
        until(lambda: server.endpoint().get("state") == "live", "the model")
        assert server.ask(some_rows(1))[0] == 200
        deployment_file(home / "endpoints", ENDPOINT).unlink()
        until(lambda: not server.endpoint(), "the end of the endpoint")
        assert server.ask(some_rows(1))[0] == 404


def test_twenty_swaps_fail_no_request(home: Path) -> None:
    folders = [model_folder(home), another_model(home)]
    rows = some_rows(3)
    expected = {folder.name: predictions(folder, rows) for folder in folders}
    assert len({tuple(one) for one in expected.values()}) == 2
    deployments = [deploy(home, folder) for folder in reversed(folders)]
    seen: list[tuple[str, list[float]]] = []
    wrong: list[Any] = []
    ended = threading.Event()

    def client(server: Server) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while not ended.is_set():
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/endpoints/{ENDPOINT}/invocations", json.dumps(rows), headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            version = answer.headers.get("X-Amzn-SageMaker-Custom-Attributes", "").rpartition("=")[2]
            if answer.status != 200 or version != body["model_version"]:
                wrong.append((answer.status, body))
            else:
                seen.append((version, body["predictions"]))

    with serving(home) as server:
        threads = [threading.Thread(target=client, args=(server,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(20):
            wanted = deployments[number % 2]
            write_deployment(home / "endpoints", wanted)
            until(lambda wanted=wanted: state_of(home, wanted) == "live", "the swap")
            reached = len(seen)
            until(lambda reached=reached: len(seen) > reached + 3, "answers of the new model")
            assert seen[-1][0] == wanted.model_version
        ended.set()
        for thread in threads:
            thread.join()
        described = server.endpoint()
    assert not wrong
    assert {version for version, _ in seen} == set(expected)
    assert all(found == expected[version] for version, found in seen)
    assert described["requests"] == len(seen) and described["failed"] == described["refused"] == 0


@pytest.mark.parametrize("damage", ["artifact", "code", "gone", "version", "no code"])
def test_a_model_that_is_not_what_was_approved_is_refused_and_the_old_one_answers_on(
    home: Path, damage: str
) -> None:
    good, other = model_folder(home), another_model(home)
    old = deploy(home, good)
    rows = some_rows(2)
    expected = predictions(good, rows)
    with serving(home) as server:
        marker = home / "was_run"
        wanted = deploy(home, other)
        until(lambda: state_of(home, wanted) == "live", "the good copy")
        write_deployment(home / "endpoints", old)
        until(lambda: state_of(home, old) == "live", "the old one")
        spoil(other, damage, marker)
        again = replace(wanted, evidence="another")
        if damage == "version":
            again = replace(again, model_version="bbbbbbbbbbbb")
        write_deployment(home / "endpoints", again)
        until(lambda: state_of(home, again) == "refused", "the refusal")
        described = server.endpoint()
        assert described["state"] == "refused" and described["reason"]
        assert described["model_version"] == good.name
        status, _, body = server.ask(rows)
        assert (status, body["predictions"]) == (200, expected)
        assert not marker.exists()
        write_deployment(home / "endpoints", old)
        until(lambda: state_of(home, old) == "live", "the way back")
        assert server.endpoint()["reason"] == ""


def spoil(folder: Path, damage: str, marker: Path) -> None:
    if damage == "artifact":
        artifact = folder / "model.skops"
        artifact.write_bytes(artifact.read_bytes() + b"\0")
    if damage == "code":
        features = folder / "code" / "features.py"
        features.write_text(f"open({str(marker)!r}, 'w')\n" + features.read_text())
    if damage == "gone":
        shutil.rmtree(folder)
    if damage == "no code":
        (folder / "code" / "features.py").unlink()


def test_without_a_model_the_endpoint_says_why(home: Path) -> None:
    wanted = deploy(home, model_folder(home), artifact_sha256="0" * 64)
    with serving(home) as server:
        assert state_of(home, wanted) == "refused"
        status, headers, body = server.ask(some_rows(1))
        assert (status, headers["x-amzn-errortype"]) == (503, "ServiceUnavailable")
        assert body["Message"].startswith("job-change has no model that answers: ")
        assert "is not the artifact that was trained" in body["Message"]


def test_a_model_that_was_mended_is_served_without_another_deployment(home: Path) -> None:
    artifact = model_folder(home) / "model.skops"
    content = artifact.read_bytes()
    artifact.write_bytes(b"damaged")
    wanted = deploy(home, model_folder(home))
    with serving(home) as server:
        assert state_of(home, wanted) == "refused"
        artifact.write_bytes(content)
        until(lambda: state_of(home, wanted) == "live", "another try")
        assert server.ask(some_rows(1))[0] == 200


def test_a_broken_deployment_takes_no_other_down(home: Path) -> None:
    deploy(home, model_folder(home))
    deploy(home, model_folder(home), endpoint="second")
    broken = deployment_file(home / "endpoints", "broken")
    broken.parent.mkdir()
    broken.write_text("{")
    with serving(home) as server:
        assert server.ask(some_rows(1))[0] == 200
        assert server.ask(some_rows(1), "/endpoints/second/invocations")[0] == 200
        status, _, body = server.ask(some_rows(1), "/endpoints/broken/invocations")
        assert status == 503 and "cannot be used" in body["Message"]
        status, _, body = server.ask(some_rows(1), "/invocations")
        assert status == 404 and "Served here: broken, job-change, second." in body["Message"]
        deployment_file(home / "endpoints", ENDPOINT).write_text("{}")
        until(lambda: server.endpoint()["state"] == "refused", "the refusal")
        assert server.ask(some_rows(1))[0] == 200  # with the model it had


def test_nothing_of_the_working_tree_is_executed(home: Path, tmp_path: Path) -> None:
    """The server runs from a copy of the package in which the use case's files do nothing but fail."""
    package = tmp_path / "elsewhere" / "mlplatform"
    shutil.copytree(Path(mlplatform.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("contracts", "features", "estimator"):
        (package / "defs" / "job_change" / f"{name}.py").write_text(
            "raise RuntimeError('the working tree')\n"
        )
    environment = {"PYTHONPATH": str(package.parent), "PYTHONSAFEPATH": "1"}
    where = [sys.executable, "-c", "import mlplatform; print(mlplatform.__file__)"]
    found = subprocess.check_output(where, env=environment_of(home, **environment), text=True)
    assert found.strip() == str(package / "__init__.py")
    deploy(home, model_folder(home))
    rows = some_rows(5)
    with serving(home, **environment) as server:
        assert server.ask(rows)[2]["predictions"] == predictions(model_folder(home), rows)


def test_a_request_under_way_is_finished_before_the_server_ends(home: Path) -> None:
    deploy(home, model_folder(home))
    body = json.dumps(some_rows(1)).encode()
    with serving(home) as server:
        connection = half_asked(server, body)
        until(lambda: server.endpoint()["requests"] == 1, "the request")
        server.process.send_signal(signal.SIGTERM)

        def refuses() -> bool:
            try:
                server.get("/ping")
            except OSError:
                return True
            return False

        until(refuses, "the end of listening")
        assert server.process.poll() is None
        connection.sendall(body[-1:])
        assert connection.recv(12) == b"HTTP/1.1 200"
        assert server.process.wait(timeout=60) == 0
        connection.close()
        assert len(captured_ids(server)) == 1
        assert live_reports(home / "endpoints") == []
        assert list((home / "endpoints" / "servers").iterdir()) == []


def test_ctrl_c_is_an_end_without_complaint(home: Path) -> None:
    with serving(home) as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=60) == 0
        assert "Traceback" not in server.log.read_text()


def test_a_killed_server_leaves_whole_lines_and_no_report(home: Path) -> None:
    deploy(home, model_folder(home))
    with serving(home) as server:
        events = []
        for _ in range(20):
            events.append(server.ask(some_rows(2))[1]["x-amzn-requestid"])
        until(lambda: server.endpoint()["captured"] == 20, "the captured requests")
        server.process.kill()
        server.process.wait()
        assert captured_ids(server) == events
        assert live_reports(home / "endpoints") == []


def test_two_servers_follow_one_home(home: Path) -> None:
    other = another_model(home)
    deploy(home, model_folder(home))
    with serving(home) as one, serving(home) as two:
        wanted = deploy(home, other)
        servers = (one, two)
        for server in servers:
            until(lambda server=server: server.endpoint()["deployment"] == wanted.id, "the swap at both")
            assert server.ask(some_rows(2))[2]["model_version"] == other.name
        reports = live_reports(home / "endpoints")
        assert sorted(report.address for report in reports) == sorted(server.url for server in servers)
        for server in servers:
            until(lambda server=server: server.endpoint()["captured"] == 1, "the captured request")
        assert [path.read_bytes().count(b"\n") for path in one.captured_files()] == [1, 1]
        os.kill(two.process.pid, signal.SIGKILL)
        two.process.wait()
        [report] = live_reports(home / "endpoints")
        assert report.address == one.url


def test_the_container_serves_the_model_it_was_given(home: Path, tmp_path: Path) -> None:
    base = tmp_path / "opt"
    shutil.copytree(model_folder(home), base / "model")
    with container(base, tmp_path / "container.log") as server:
        rows = some_rows(2)
        assert server.get("/ping")[0] == 200
        status, headers, body = server.ask(rows, "/invocations")
        assert (status, body["predictions"]) == (200, predictions(model_folder(home), rows))
        assert headers["x-amzn-sagemaker-custom-attributes"] == f"model-version={model_folder(home).name}"
        assert server.stop() == 0


def test_a_container_with_a_damaged_model_does_not_start(home: Path, tmp_path: Path) -> None:
    base = tmp_path / "opt"
    shutil.copytree(model_folder(home), base / "model")
    (base / "model" / "code" / "features.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "mlplatform.container.serve", str(base)],
        env=environment_of(home, SAGEMAKER_BIND_TO_PORT="0"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "is not the code it was trained with" in done.stderr and "Traceback" not in done.stderr
