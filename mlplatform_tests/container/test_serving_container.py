"""The contract of a serving container, kept by the image's program: /ping, limits, and how it ends."""

from __future__ import annotations

import asyncio
import http.client
import json
import shutil
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mlplatform.container import routes
from mlplatform.container.answering import Answering
from mlplatform.container.code import folder_sha256
from mlplatform.container.fleet import Endpoint, Live
from mlplatform.container.serving import MAX_BODY, MAX_ROWS, ServedModel
from mlplatform_tests.container.served import Server, container, model_folder, some_rows, until

WAITING = """
import time as _time
from pathlib import Path as _Path
def _wait_for(name):
    folder = _Path({folder!r})
    (folder / (name + ".begun")).touch()
    while not (folder / name).exists():
        _time.sleep(0.05)
"""
Based = Callable[..., Path]


@pytest.fixture
def based(trained_home: Path, tmp_path: Path) -> Based:
    """`based(at_import, at_a_request)`: a base folder whose model does this when its code runs."""

    def make(at_import: str = "", at_a_request: str = "") -> Path:
        base = tmp_path / "opt"
        shutil.copytree(model_folder(trained_home), base / "model")
        features = base / "model" / "code" / "features.py"
        head, future, rest = features.read_text().rpartition("from __future__ import annotations\n")
        slow = f"    if (rows['training_hours'] == 300).any():\n        {at_a_request or 'pass'}\n"
        rest = rest.replace("    features = {\n", f"{slow}    features = {{\n", 1)
        assert slow in rest
        waiting = WAITING.format(folder=str(tmp_path))
        features.write_text(f"{head}{future}{waiting}{at_import}\n{rest}")
        manifest = json.loads((base / "model" / "manifest.json").read_text())
        manifest["code_sha256"] = folder_sha256(base / "model" / "code")
        (base / "model" / "manifest.json").write_text(json.dumps(manifest))
        return base

    return make


def slow_row() -> dict[str, Any]:
    return some_rows(1)[0] | {"training_hours": 300}


def test_ping_is_answered_before_the_model_is_loaded_and_says_when_it_is(
    based: Based, tmp_path: Path
) -> None:
    with container(based("_wait_for('load')"), tmp_path / "log", ready=False) as server:
        until((tmp_path / "load.begun").exists, "the loading of the model")
        assert server.get("/ping")[0] == 503
        status, _, body = server.ask(some_rows(1), "/invocations")
        assert (status, body["Message"]) == (503, "the model is being loaded. Try again in a moment.")
        (tmp_path / "load").touch()
        until(lambda: server.get("/ping")[0] == 200, "a model that answers")
        assert server.ask(some_rows(1), "/invocations")[0] == 200
        assert server.stop() == 0


def test_sigterm_ends_it_while_the_model_is_being_loaded(based: Based, tmp_path: Path) -> None:
    with container(based("_wait_for('load')"), tmp_path / "log", ready=False) as server:
        until((tmp_path / "load.begun").exists, "the loading of the model")
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("at_import", "reason"),
    [
        ("raise ValueError('no such table')", "no such table"),
        ("raise SystemExit(0)", "SystemExit"),
        ("import nowhere", "nowhere"),
    ],
)
def test_a_model_that_cannot_be_loaded_ends_the_process_with_its_reason(
    based: Based, tmp_path: Path, at_import: str, reason: str
) -> None:
    with container(based(at_import), tmp_path / "log", ready=False) as server:
        assert server.process.wait(timeout=60) == 1
        assert reason in server.log.read_text()


def test_no_model_at_all_ends_the_process_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "opt" / "model").mkdir(parents=True)
    with container(tmp_path / "opt", tmp_path / "log", ready=False) as server:
        assert server.process.wait(timeout=60) == 1
        assert "manifest.json" in server.log.read_text()


def test_requests_are_answered_up_to_the_services_limits(based: Based, tmp_path: Path) -> None:
    with container(based(), tmp_path / "log") as server:
        row = json.dumps(some_rows(1)[0]).encode()
        full = b"[" + row + b" " * (MAX_BODY - len(row) - 2) + b"]"
        assert (len(full), server.ask(full, "/invocations")[0]) == (6 * 1024 * 1024, 200)
        assert _refused_for_its_length(server, MAX_BODY + 1) == (
            413,
            "a request has at most 6,291,456 bytes. Send several.",
        )
        lines = b"\n".join([row] * (MAX_ROWS + 1))
        status, _, body = server.ask(lines, "/invocations", Content_Type="application/jsonlines")
        assert status == 413 and f"{MAX_ROWS:,}" in body["Message"], body
        assert server.get("/ping")[0] == 200
        assert server.stop() == 0


def _refused_for_its_length(server: Server, length: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", "/invocations")
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    answer = connection.getresponse()
    message = json.loads(answer.read())["Message"]
    connection.close()
    return answer.status, message


def test_a_request_with_no_header_but_what_the_service_leaves_is_answered(
    based: Based, tmp_path: Path
) -> None:
    with container(based(), tmp_path / "log") as server:
        body = json.dumps(some_rows(2)).encode()
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            lines = ["POST /invocations HTTP/1.1", "Host: model.aws.local:8080", "Connection: close"]
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
            connection.sendall("\r\n".join(lines).encode() + body)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert len(json.loads(answer.partition(b"\r\n\r\n")[2])["predictions"]) == 2


def test_sigterm_lets_a_request_under_way_be_answered(based: Based, tmp_path: Path) -> None:
    with container(based(at_a_request="_wait_for('answer')"), tmp_path / "log") as server:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(server.ask, [slow_row()], "/invocations")
            until((tmp_path / "answer.begun").exists, "the request under way")
            server.process.terminate()
            until(lambda: _refuses(server), "a server that takes no more requests")
            (tmp_path / "answer").touch()
            assert asked.result(timeout=60)[0] == 200
        assert server.process.wait(timeout=60) == 0


def _refuses(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
    except OSError:
        return True
    return False


class _One:
    is_loaded = True

    def __init__(self, model: ServedModel) -> None:
        self.endpoints = {"job-change": Endpoint("job-change", Live("one", model))}


def test_a_request_without_an_answer_gets_an_error_before_the_service_gives_up(
    trained_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert routes._ANSWER_SECONDS < 60
    monkeypatch.setattr(routes, "_ANSWER_SECONDS", 0.1)
    held = _One(ServedModel(model_folder(trained_home)))
    app = routes.Routes(held, Answering(), None).app()  # nobody answers: its thread is not started
    sent: list[dict[str, Any]] = []

    async def ask() -> None:
        body = json.dumps(some_rows(1)).encode()
        arriving = [{"type": "http.request", "body": body, "more_body": False}]
        scope = {"type": "http", "method": "POST", "path": "/invocations", "query_string": b""}
        headers = [(b"content-type", b"application/json")]

        async def receive() -> dict[str, Any]:
            return arriving.pop()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app({**scope, "headers": headers}, receive, send)  # type: ignore[arg-type]

    asyncio.run(asyncio.wait_for(ask(), 60))
    assert sent[0]["status"] == 503
    assert "there was no answer within" in json.loads(sent[1]["body"])["Message"]
    assert held.endpoints["job-change"].failed == 1
