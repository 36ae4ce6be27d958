"""The real rows as traffic: answered as on the batch path; quiet as they are, a signal when they drift."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlplatform_tests.cli.conftest import Command, command_in
from mlplatform_tests.container.served import serving

Rows = list[dict[str, str]]
_PER_REQUEST = 100


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Path:
    """A home in which a model of the real file is live."""
    folder = tmp_path_factory.mktemp("real_traffic")
    run = command_in(folder / "home")
    assert run("land", "job_change", real_data / "job_change_train.csv").code == 0
    version = run("run", "job_change", "--json").json["model_version"]
    assert run("approve", "job_change", version, "--by", "anna", "--reason", "fine").code == 0
    assert run("deploy", "job_change").code == 0
    return folder


def _csv(rows: Rows) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _json(rows: Rows) -> bytes:
    return json.dumps([{name: value or None for name, value in row.items()} for row in rows]).encode()


def _json_lines(rows: Rows) -> bytes:
    return b"\n".join(
        json.dumps({name: value or None for name, value in row.items()}).encode() for row in rows
    )


def _client(url: str) -> Any:
    import boto3

    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def _answers(client: Any, rows: Rows, content_type: str, body: Callable[[Rows], bytes]) -> list[float]:
    found: list[float] = []
    for start in range(0, len(rows), _PER_REQUEST):
        piece = rows[start : start + _PER_REQUEST]
        answer = client.invoke_endpoint(
            EndpointName="job-change",
            ContentType=content_type,
            Body=body(piece),
            InferenceId=f"person-{piece[0]['enrollee_id']}",
        )
        found += json.loads(answer["Body"].read())["predictions"]
    return found


@pytest.fixture
def people(real_data: Path) -> Rows:
    with (real_data / "job_change_test.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_is_answered_as_on_the_batch_path(live: Path, real_data: Path, people: Rows) -> None:
    run: Command = command_in(live / "home")
    done = run("predict", "job_change", real_data / "job_change_test.csv", "--json")
    assert done.json["refused"] == []
    expected = [one["prediction"] for one in done.json["predictions"]]
    assert len(expected) == 2129
    with serving(live / "home") as server:
        client = _client(server.url)
        for content_type, body in {
            "text/csv": _csv,
            "application/json": _json,
            "application/jsonlines": _json_lines,
        }.items():
            given = _answers(client, people, content_type, body)
            assert len(given) == 2129
            assert max(abs(a - b) for a, b in zip(given, expected, strict=True)) <= 1e-9
        assert server.stop() == 0  # what waits to be captured is written

    quiet = run("monitor", "job_change", "--json")
    assert quiet.code == 0, quiet.err
    assert quiet.json["signals"] == []
    assert sum(window["rows"] for window in quiet.json["windows"]) == 3 * 2129
    assert all(check["passed"] for window in quiet.json["windows"] for check in window["checks"])


def test_drifted_rows_raise_one_signal_and_one_retraining(live: Path, people: Rows) -> None:
    run: Command = command_in(live / "home")
    drifted = [
        {**row, "training_hours": str(3 * int(row["training_hours"])), "city_development_index": "0.45"}
        for row in people
    ]
    with serving(live / "home") as server:
        assert len(_answers(_client(server.url), drifted, "text/csv", _csv)) == 2129
        assert server.stop() == 0

    first = run("monitor", "job_change", "--json")
    assert first.code == 3
    (signal,) = first.json["signals"]
    (decision,) = first.json["decisions"]
    assert decision["decision"] == "retrained"
    assert decision["signal"] == signal["signal"]
    (retraining,) = first.json["retrainings"]
    assert len(retraining["run_ids"]) == 1

    again = run("monitor", "job_change", "--json")
    assert again.code == 0
    assert again.json["decisions"] == first.json["decisions"]
    assert again.json["retrainings"] == []
    assert len(run("status", "job_change", "--json").json["decisions"]) == 1
