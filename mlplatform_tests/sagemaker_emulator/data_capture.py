"""Data Capture: requests and answers of endpoints in S3, a moment later.

    <DestinationS3Uri>/<endpoint>/<variant>/yyyy/mm/dd/hh/<minute>-<second>-<millisecond>-<id>.jsonl

Hours are UTC, of the invocation. A file is never written again; the next lines go into another.
"""

from __future__ import annotations

import base64
import json
import random
import threading
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from mlplatform_tests.sagemaker_emulator.buckets import client, split
from mlplatform_tests.sagemaker_emulator.shelves import now

_GATHER_SECONDS = 0.5
_WAITING: dict[tuple[str, str], list[bytes]] = defaultdict(list)  # lines by destination and hour
_LOCK = threading.Lock()  # of the lines
_WRITING = threading.Lock()  # one at a time, so that flushing means written


@dataclass(frozen=True)
class Body:
    """What was sent, one way or the other."""

    content_type: str
    content: bytes


def capture(
    config: Mapping[str, Any], place: str, asked: Body, answer: Body, metadata: Mapping[str, Any]
) -> None:
    """Take over one exchange, if the sample includes it; `place` is `<endpoint>/<variant>`."""
    if random.random() * 100 >= config["InitialSamplingPercentage"]:
        return
    time = now()
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    kinds = config.get("CaptureContentTypeHeader", {})
    sides = (("Input", "endpointInput", asked), ("Output", "endpointOutput", answer))
    event = {"eventId": str(uuid4()), "inferenceTime": time.strftime("%Y-%m-%dT%H:%M:%SZ")}
    document = {
        "captureData": {
            member: _captured(body, mode.upper(), kinds)
            for mode, member, body in sides
            if modes & {mode, "InputAndOutput"}
        },
        "eventMetadata": {**event, **metadata},
        "eventVersion": "0",
    }
    line = json.dumps(document, separators=(",", ":")).encode() + b"\n"
    where = f"{config['DestinationS3Uri'].rstrip('/')}/{place}"
    with _LOCK:
        if not _WAITING:
            timer = threading.Timer(_GATHER_SECONDS, flush)
            timer.daemon = True
            timer.start()
        _WAITING[where, time.strftime("%Y/%m/%d/%H")].append(line)


def flush() -> None:
    """Write whatever waits."""
    with _WRITING:
        with _LOCK:
            taken = dict(_WAITING)
            _WAITING.clear()
        s3: Any = client("s3") if taken else None
        for (where, hour), lines in taken.items():
            bucket, key = split(f"{where}/{hour}/{now().strftime('%M-%S-%f')[:-3]}-{uuid4()}.jsonl")
            with suppress(s3.exceptions.ClientError):  # no such bucket: nobody is told of it
                s3.put_object(Bucket=bucket, Key=key, Body=b"".join(lines))


def forget_captures() -> None:
    """Let what waits be lost."""
    with _LOCK:
        _WAITING.clear()


def _captured(body: Body, mode: str, kinds: Mapping[str, list[str]]) -> dict[str, str]:
    kind = body.content_type.partition(";")[0].strip().lower()
    encoding = "BASE64"  # of what no list names
    if kind in {one.lower() for one in kinds.get("CsvContentTypes", ())}:
        encoding = "CSV"
    if kind in {one.lower() for one in kinds.get("JsonContentTypes", ())}:
        encoding = "JSON"
    try:
        data = base64.b64encode(body.content).decode() if encoding == "BASE64" else body.content.decode()
    except UnicodeDecodeError:
        data, encoding = base64.b64encode(body.content).decode(), "BASE64"
    return {"observedContentType": body.content_type, "mode": mode, "data": data, "encoding": encoding}
