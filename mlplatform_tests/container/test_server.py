"""One server for all of these: what it answers, and to whom."""

import http.client
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from mlplatform.container.scoring import Model
from mlplatform.container.serving import MAX_BODY, MAX_ROWS, ServedModel
from mlplatform.ml.capture import Message, exchanges
from mlplatform.ml.wire import predictions_of
from mlplatform_tests.container.served import (
    ENDPOINT,
    Server,
    deploy,
    environment_of,
    model_folder,
    serving,
    some_rows,
    until,
)

TOKEN = "a-token-of-more-than-sixteen-characters"


@pytest.fixture(scope="module")
def home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(trained_home / "snapshots", folder / "snapshots")
    deploy(folder, model_folder(folder))
    return folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with serving(home) as running:
        yield running


def runtime(server: Server) -> Any:
    """boto3's own client, told only where to go."""
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=server.url,
        region_name="eu-central-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        config=Config(retries={"max_attempts": 1}),
    )


def batch_path(home: Path, rows: list[dict[str, Any]]) -> np.ndarray:
    model = Model(model_folder(home))
    asked = Message("application/json", json.dumps(rows).encode())
    return np.asarray(model.predict(model.features_of(ServedModel(model.folder).rows_of(asked))))


def as_csv(rows: list[dict[str, Any]], header: bool = False) -> str:
    lines = [",".join("" if value is None else str(value) for value in row.values()) for row in rows]
    return "\n".join([",".join(rows[0]), *lines] if header else lines)


@pytest.mark.parametrize("name", [ENDPOINT, "job_change"])
@pytest.mark.parametrize("accept", ["", "application/json", "text/csv", "application/jsonlines"])
def test_boto3_asks_in_every_form_and_gets_the_predictions_of_the_batch_path(
    server: Server, home: Path, accept: str, name: str
) -> None:
    rows = some_rows(20)
    expected = batch_path(home, rows)
    bodies = {
        "application/json": json.dumps(rows),
        "application/json; charset=utf-8": json.dumps({"instances": rows}),
        "application/jsonlines": "\n".join(map(json.dumps, rows)),
        "text/csv": as_csv(rows),
        "text/csv; header=present": as_csv(rows, header=True),
    }
    for content_type, body in bodies.items():
        asked = {"EndpointName": name, "ContentType": content_type, "Body": body}
        answer = runtime(server).invoke_endpoint(**asked, **({"Accept": accept} if accept else {}))
        assert answer["InvokedProductionVariant"] == "AllTraffic"
        assert answer["CustomAttributes"] == f"model-version={model_folder(home).name}"
        assert answer["ContentType"] == (accept or "application/json")
        found = predictions_of(Message(answer["ContentType"], answer["Body"].read()))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_boto3_shows_why_a_row_is_refused(server: Server) -> None:
    [row] = some_rows(1)
    with pytest.raises(ClientError) as caught:
        runtime(server).invoke_endpoint(
            EndpointName=ENDPOINT,
            ContentType="application/json",
            Body=json.dumps({**row, "training_hours": 0}),
        )
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Error"] == {
        "Code": "ValidationError",
        "Message": "row 1, column 'training_hours': '0' breaks the rule 'greater_than_or_equal_to(1)'. "
        "Mend the row.",
    }


def test_the_cases_of_a_refusal_are_in_the_body(server: Server) -> None:
    rows = some_rows(3)
    rows[2]["city"] = "Oslo"
    status, headers, body = server.ask(rows)
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationError")
    assert (body["OriginalStatusCode"], body["OriginalMessage"]) == (400, body["Message"])
    [case] = body["cases"]
    assert case == {"rule": "str_matches('^city_\\d+$')", "column": "city", "value": "Oslo", "row": 3}


def test_a_misspelled_column_is_never_a_missing_value(server: Server) -> None:
    rows = [
        {("gendr" if name == "gender" else name): value for name, value in row.items()}
        for row in some_rows(2)
    ]
    status, _, body = server.ask(rows)
    assert status == 400
    assert body["Message"].startswith("the request lacks the column 'gender' (did you mean 'gendr'?)")


def test_ping_and_the_contract_of_a_container(server: Server, home: Path) -> None:
    assert server.get("/ping")[0] == 200
    status, headers, body = server.ask(some_rows(2), "/invocations")
    assert status == 200 and body["model_version"] == model_folder(home).name
    assert headers["x-amzn-invoked-production-variant"] == "AllTraffic"


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/endpoints/other/invocations", 404, "no endpoint is called 'other'. Served here: job-change."),
        ("/endpoints", 405, "POST /endpoints is nothing that this server answers."),
        ("/nowhere", 404, "POST /nowhere is nothing that this server answers."),
    ],
)
def test_other_paths_are_refused_in_words(server: Server, path: str, status: int, message: str) -> None:
    found, _, body = server.ask(some_rows(1), path)
    assert (found, body["Message"]) == (status, message)


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"Content_Type": "text/plain"}, 415, "'text/plain' cannot be read."),
        ({"Content_Encoding": "gzip"}, 415, "the request is compressed."),
        ({"Accept": "text/html"}, 406, "no answer is 'text/html'."),
        ({"X_Amzn_SageMaker_Inference_Id": "x" * 65}, 400, "an inference id has 1 to 64 printable"),
        ({"X_Amzn_SageMaker_Inference_Id": ""}, 400, "an inference id has 1 to 64 printable"),
        ({"X_Amzn_SageMaker_Inference_Id": "caf\xe9"}, 400, "an inference id has 1 to 64 printable"),
    ],
)
def test_headers_that_cannot_be_met_are_refused(
    server: Server, headers: dict[str, str], status: int, message: str
) -> None:
    found, _, body = server.ask(some_rows(1), **headers)
    assert found == status and body["Message"].startswith(message)


def test_bodies_are_limited_by_what_is_said_and_by_what_comes(server: Server) -> None:
    path, headers = f"/endpoints/{ENDPOINT}/invocations", {"Content-Type": "application/json"}
    said = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    said.putrequest("POST", path)
    said.putheader("Content-Length", str(MAX_BODY + 1))
    said.endheaders()
    answer = said.getresponse()
    assert answer.status == 413 and b"6,291,456 bytes" in answer.read()
    said.close()
    comes = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    pieces = [b" " * 65536] * (MAX_BODY // 65536) + [b" "]
    comes.request("POST", path, iter(pieces), headers, encode_chunked=True)
    assert comes.getresponse().status == 413
    comes.close()
    assert server.ask(b" " * MAX_BODY)[0] == 400  # not too long, but empty
    assert server.ask(some_rows(1))[0] == 200


def test_rows_are_limited(server: Server) -> None:
    lines = as_csv(some_rows(1) * MAX_ROWS).encode()
    one_more = lines + b"\n" + as_csv(some_rows(1)).encode()
    status, _, body = server.ask(one_more, Content_Type="text/csv")
    assert (status, body["Message"]) == (413, "more than 10,000 rows in one request. Send several.")
    status, _, body = server.ask(lines, Content_Type="text/csv")
    assert status == 200 and len(body["predictions"]) == MAX_ROWS


def test_what_is_answered_is_captured_and_joined_by_the_clients_id(server: Server, home: Path) -> None:
    rows = some_rows(2, seed=8)
    answer = runtime(server).invoke_endpoint(
        EndpointName=ENDPOINT, ContentType="application/json", Body=json.dumps(rows), InferenceId="order 17/b"
    )
    event_id = answer["ResponseMetadata"]["RequestId"]
    assert server.ask([{"enrollee_id": "no row"}], X_Amzn_SageMaker_Inference_Id="refused")[0] == 400

    def captured() -> list[Any]:
        lines = [line for path in server.captured_files() for line in path.read_bytes().splitlines(True)]
        return [one for one in exchanges(lines) if one.inference_id in ("order 17/b", "refused")]

    until(captured, "the captured request")
    [one] = captured()
    assert (one.id, one.event_id, one.model_version) == ("order 17/b", event_id, model_folder(home).name)
    assert json.loads(one.request.body) == rows
    assert predictions_of(one.answer) == json.loads(answer["Body"].read())["predictions"]
    [path] = server.captured_files()
    assert (
        path.relative_to(home / "captured")
        .as_posix()
        .startswith(f"job-change/AllTraffic/{one.time[:13].replace('-', '/').replace('T', '/')}/")
    )


def test_the_server_tells_what_it_has_done(server: Server, home: Path) -> None:
    before = server.endpoint()
    server.ask(some_rows(3))
    server.ask(b"nonsense")
    until(lambda: server.endpoint()["captured"] > before["captured"], "the captured request")
    after = server.endpoint()
    assert after["model_version"] == model_folder(home).name and after["state"] == "live"
    changes = {name: after[name] - before[name] for name in ("requests", "rows", "refused", "failed", "lost")}
    assert changes == {"requests": 2, "rows": 3, "refused": 1, "failed": 0, "lost": 0}


def half_asked(server: Server, body: bytes) -> socket.socket:
    """A request whose last byte is still to come."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    head = [
        "POST /invocations HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    connection.sendall("\r\n".join([*head, "", ""]).encode() + body[:-1])
    return connection


def test_too_many_requests_at_a_time_are_told_so_at_once(server: Server) -> None:
    body = json.dumps(some_rows(300)).encode()  # takes longer to answer than to arrive
    before = server.endpoint()["requests"]
    waiting = [half_asked(server, body) for _ in range(160)]
    until(lambda: server.endpoint()["requests"] == before + 160, "160 requests begun")
    assert server.get("/ping")[0] == 200
    for connection in waiting:
        connection.sendall(body[-1:])
    answers = [http.client.HTTPResponse(connection) for connection in waiting]
    for answer in answers:
        answer.begin()
    refused = [answer for answer in answers if answer.status == 503]
    assert {answer.status for answer in answers} == {200, 503}
    assert len(answers) - len(refused) >= 64
    assert all(answer.headers["x-amzn-ErrorType"] == "ServiceUnavailable" for answer in refused)
    assert json.loads(refused[0].read())["Message"].startswith("64 requests are under way.")


def test_a_taken_port_is_said_at_once(server: Server, home: Path) -> None:
    done = run_serve(home, "--port", str(server.port))
    assert done.returncode == 1
    assert f"127.0.0.1:{server.port} cannot be listened at: Address already in use." in done.stderr


def run_serve(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`mlplatform serve` where it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "mlplatform", "serve", *arguments],
        env=environment_of(home, **environment),
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_other_machines_need_a_token(home: Path) -> None:
    for host in ("0.0.0.0", "::"):
        done = run_serve(home, "--host", host, "--port", "0")
        assert done.returncode != 0
        assert "so a token is needed. Set MLPLATFORM_SERVE_TOKEN" in done.stderr
    done = run_serve(home, "--port", "0", MLPLATFORM_SERVE_TOKEN="too short")
    assert done.returncode != 0 and "at least 16 printable ASCII characters" in done.stderr
    assert "too short" not in done.stderr


def test_with_a_token_only_ping_is_open(home: Path) -> None:
    rows = some_rows(1)
    with serving(home, "--host", "0.0.0.0", MLPLATFORM_SERVE_TOKEN=TOKEN) as server:
        assert server.get("/ping")[0] == 200
        for path in ("/endpoints", "/invocations", "/nowhere"):
            assert server.get(path)[0] == 401
            assert server.get(path, X_Mlplatform_Token=TOKEN + "x")[0] == 403
            assert server.get(path, Authorization="Bearer " + TOKEN[:-1])[0] == 403
            assert server.get(path, Authorization="Basic " + TOKEN)[0] == 401
        status, headers, body = server.ask(rows)
        assert (status, headers["x-amzn-errortype"]) == (401, "AccessDeniedException")
        assert body["Message"].startswith("a token is needed")
        assert server.ask(rows, Authorization="bearer " + TOKEN)[0] == 200
        assert server.ask(rows, X_Mlplatform_Token=TOKEN)[0] == 200
        client = runtime(server)
        with pytest.raises(ClientError, match="AccessDenied"):
            client.invoke_endpoint(
                EndpointName=ENDPOINT, ContentType="application/json", Body=json.dumps(rows)
            )
        client.meta.events.register(
            "before-sign.sagemaker-runtime.InvokeEndpoint",
            lambda request, **_: request.headers.add_header("X-Mlplatform-Token", TOKEN),
        )
        answer = client.invoke_endpoint(
            EndpointName=ENDPOINT, ContentType="application/json", Body=json.dumps(rows)
        )
        assert len(json.loads(answer["Body"].read())["predictions"]) == 1
        assert server.stop() == 0
        assert TOKEN not in server.log.read_text()


def test_slow_clients_take_up_nobodys_place(server: Server) -> None:
    head = b"POST /endpoints/job-change/invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n["
    with ExitStack() as stack:
        for _ in range(100):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            slow.sendall(head)
        for _ in range(5):
            assert server.ask(some_rows(1))[0] == 200
