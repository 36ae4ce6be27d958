"""Capture files as SageMaker leaves them in S3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlplatform.ml.traffic import captured_rows
from mlplatform.ml.windows import UNKNOWN_MODEL
from mlplatform.resources.aws.captured import S3CapturedTraffic
from mlplatform.resources.aws.endpoint_names import hosted_name, variant_of
from mlplatform_tests.sagemaker_emulator.server import BUCKET, Emulator

ENDPOINT, SPAN = "job-change", "2026-03-01T17"
FIRST, SECOND = "a" * 12, "b" * 12


@pytest.fixture
def traffic(tmp_path: Path, aws_environment: Emulator) -> S3CapturedTraffic:
    return S3CapturedTraffic(root=str(tmp_path / "front"))


def line(number: int) -> bytes:
    """As the service writes it: it does not know which model answers."""

    def message(mode: str, data: str) -> dict[str, str]:
        return {"observedContentType": "application/json", "mode": mode, "data": data, "encoding": "JSON"}

    document: dict[str, Any] = {
        "captureData": {
            "endpointInput": message("INPUT", json.dumps({"instances": [{"hours": number}]})),
            "endpointOutput": message("OUTPUT", json.dumps({"predictions": [0.5]})),
        },
        "eventMetadata": {"eventId": f"e{number}", "inferenceTime": "2026-03-01T17:25:49Z"},
        "eventVersion": "0",
    }
    return json.dumps(document).encode() + b"\n"


def put(emulator: Emulator, variant: str, place: str, content: bytes) -> None:
    key = f"mlplatform/captured/{hosted_name(ENDPOINT)}/{variant}/{place}"
    emulator.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)


def test_spans_of_all_variants_newest_first(traffic: S3CapturedTraffic, emulator: Emulator) -> None:
    put(emulator, variant_of(FIRST), "2026/03/01/17/x.jsonl", line(1))
    put(emulator, variant_of(SECOND), "2026/03/01/17/y.jsonl", line(2))
    put(emulator, variant_of(SECOND), "2026/03/02/09/z.jsonl", line(3))
    put(emulator, variant_of(FIRST), "2025/12/31/23/z.jsonl", line(4))
    put(emulator, variant_of(FIRST), "2026/02/30/23/z.jsonl", line(5))
    assert list(traffic.spans(ENDPOINT, "hour")) == ["2026-03-02T09", SPAN, "2025-12-31T23"]
    assert list(traffic.spans(ENDPOINT, "day")) == ["2026-03-02", "2026-03-01", "2025-12-31"]
    assert list(traffic.spans("another", "hour")) == []


def test_the_variant_says_which_model_answered(traffic: S3CapturedTraffic, emulator: Emulator) -> None:
    put(emulator, variant_of(FIRST), "2026/03/01/17/x.jsonl", line(1))
    put(emulator, variant_of(SECOND), "2026/03/01/17/y.jsonl", line(2) + line(3))
    put(emulator, "AllTraffic", "2026/03/01/17/y.jsonl", line(4))
    read = traffic.read(ENDPOINT, SPAN, True, keep=SECOND)
    assert set(read.versions) == {FIRST, SECOND, UNKNOWN_MODEL}
    assert [one for _, one in read.lines] == [line(2), line(3)]
    assert read.lines[1][0] == traffic.where(ENDPOINT, SPAN, f"{variant_of(SECOND)}/y.jsonl") + ", line 2"
    assert dict(read.files) == traffic.files(ENDPOINT, SPAN)
    assert dict(traffic.read(ENDPOINT, "2026-03-01", True).versions) == dict(read.versions)

    rows = captured_rows(read.lines, ["hours"], answered_by=SECOND).rows.to_pylist()
    assert [(one["model_version"], one["hours"]) for one in rows] == [(SECOND, "2"), (SECOND, "3")]
    assert captured_rows(read.lines, ["hours"]).unreadable == 2
    assert list(Path(traffic.root).iterdir()) == []
