"""Requests and answers as SageMaker Data Capture writes them: one JSON object a line.

Source of the format: Amazon SageMaker developer guide, "Capture data from real-time endpoint".
The version of the model that answered stands in `customAttributes`, as `model-version=<version>`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MODEL_VERSION = "model-version="
_ENCODINGS = {"text/csv": "CSV", "application/json": "JSON", "application/jsonlines": "JSON"}


@dataclass(frozen=True)
class Message:
    """A body as it was sent."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Exchange:
    """One request and its answer.

    `event_id` is the server's own and unique; `inference_id` is the client's, if it sent one. `time` is when
    the request was answered: ISO 8601, UTC, whole seconds, such as `2026-01-31T17:25:49Z`.
    """

    event_id: str
    time: str
    model_version: str
    request: Message
    answer: Message
    inference_id: str | None = None

    @property
    def id(self) -> str:
        """By what ground truth is joined: the client's id, else the server's."""
        return self.inference_id or self.event_id


def capture_line(exchange: Exchange) -> bytes:
    """The exchange as one line, newline included."""
    metadata: dict[str, Any] = {
        "eventId": exchange.event_id,
        "inferenceTime": exchange.time,
        "customAttributes": [MODEL_VERSION + exchange.model_version],
    }
    if exchange.inference_id is not None:
        metadata["inferenceId"] = exchange.inference_id
    document = {
        "captureData": {
            "endpointInput": _captured(exchange.request, "INPUT"),
            "endpointOutput": _captured(exchange.answer, "OUTPUT"),
        },
        "eventMetadata": metadata,
        "eventVersion": "0",
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def exchanges(lines: Iterable[bytes]) -> Iterator[Exchange]:
    """The exchanges that whole lines hold.

    A last line without a newline is still being written, or its writer was killed: it is left out.
    Raises ValueError naming the line for one that is no capture record.
    """
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            return
        try:
            yield _exchange(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"line {number} is no capture record: {error!r}") from None


def _captured(message: Message, mode: str) -> dict[str, str]:
    kind = message.content_type.partition(";")[0].strip().lower()
    encoding = _ENCODINGS.get(kind, "BASE64")
    try:
        data = message.body.decode() if encoding != "BASE64" else ""
    except UnicodeDecodeError:
        encoding = "BASE64"
    if encoding == "BASE64":
        data = base64.b64encode(message.body).decode()
    return {
        "observedContentType": message.content_type,
        "mode": mode,
        "data": data,
        "encoding": encoding,
    }


def _message(captured: dict[str, str]) -> Message:
    data = captured["data"]
    _refuse_other_than_text(data, captured["encoding"], captured["observedContentType"])
    try:
        body = base64.b64decode(data) if captured["encoding"] == "BASE64" else data.encode()
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    return Message(captured["observedContentType"], body)


def _refuse_other_than_text(*values: Any) -> None:
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is no text")
        value.encode()  # half a character is none


def _exchange(document: dict[str, Any]) -> Exchange:
    metadata, data = document["eventMetadata"], document["captureData"]
    _refuse_other_than_text(metadata["eventId"], metadata["inferenceTime"], metadata.get("inferenceId", ""))
    named = [one for one in metadata.get("customAttributes", []) if one.startswith(MODEL_VERSION)]
    return Exchange(
        event_id=metadata["eventId"],
        time=metadata["inferenceTime"],
        model_version=named[0].removeprefix(MODEL_VERSION) if named else "",
        request=_message(data["endpointInput"]),
        answer=_message(data["endpointOutput"]),
        inference_id=metadata.get("inferenceId"),
    )
