"""InvokeEndpoint: a request on its way to the container of a variant, and back."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any

from mlplatform_tests.sagemaker_emulator.data_capture import Body, capture
from mlplatform_tests.sagemaker_emulator.endpoint_fleets import answered
from mlplatform_tests.sagemaker_emulator.endpoints import ENDPOINTS
from mlplatform_tests.sagemaker_emulator.errors import ServiceError, invalid
from mlplatform_tests.sagemaker_emulator.operations import Invocation, RawAnswer, runtime_operation
from mlplatform_tests.sagemaker_emulator.serving_containers import ServingContainer
from mlplatform_tests.sagemaker_emulator.shelves import ACCOUNT

_PREFIX = "X-Amzn-SageMaker-"
# all that reaches a container; whatever else a client sends is left out
_PASSED_ON = (
    "Content-Type",
    "Accept",
    f"{_PREFIX}Custom-Attributes",
    f"{_PREFIX}Inference-Id",
    f"{_PREFIX}Target-Model",
    f"{_PREFIX}Session-Id",
)
_PASSED_BACK = ("Content-Type", f"{_PREFIX}Custom-Attributes", f"{_PREFIX}New-Session-Id")
_LOG = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group="


@runtime_operation("InvokeEndpoint")
def invoke_endpoint(asked: Invocation) -> RawAnswer:
    endpoint = ENDPOINTS.get(asked.endpoint)
    fleet = endpoint.fleet_for_request() if endpoint is not None else None
    if fleet is None:
        raise invalid(f"Endpoint {asked.endpoint} of account {ACCOUNT} not found.")
    with answered(fleet):
        container = fleet.variant_for(asked.headers.get(f"{_PREFIX}Target-Variant"))
        passed = {name: asked.headers[name] for name in _PASSED_ON if name in asked.headers}
        status, headers, body = _asked(container, passed, asked.body)
    if not 200 <= status < 300:
        return _model_error(container, status, body)
    given = {name.lower(): value for name, value in headers.items()}
    back = {name: given[name.lower()] for name in _PASSED_BACK if name.lower() in given}
    if fleet.config.captures:
        answer = Body(back.get("Content-Type", ""), body)
        _capture(fleet.config.capture, f"{asked.endpoint}/{container.variant}", passed, asked.body, answer)
    return 200, {**back, "x-Amzn-Invoked-Production-Variant": container.variant}, body


def _asked(container: ServingContainer, headers: Mapping[str, str], body: bytes) -> RawAnswer:
    try:
        return container.invoke(headers, body)
    except TimeoutError:
        words = "Your invocation timed out while waiting for a response from container primary."
        return 0, {}, words.encode()
    except (OSError, http.client.HTTPException) as error:  # it has died: the service would start another
        raise ServiceError("ServiceUnavailable", f"The container does not answer: {error}", 503) from error


def _capture(
    config: Mapping[str, Any], place: str, headers: Mapping[str, str], content: bytes, answer: Body
) -> None:
    metadata: dict[str, Any] = {}
    if f"{_PREFIX}Inference-Id" in headers:
        metadata["inferenceId"] = headers[f"{_PREFIX}Inference-Id"]
    if f"{_PREFIX}Custom-Attributes" in headers:  # the client's: what the container says is not captured
        metadata["customAttributes"] = [headers[f"{_PREFIX}Custom-Attributes"]]
    capture(config, place, Body(headers.get("Content-Type", ""), content), answer, metadata)


def _model_error(container: ServingContainer, status: int, body: bytes) -> RawAnswer:
    said, side = body.decode(errors="replace"), "client" if 400 <= status < 500 else "server"
    document = {
        "Message": f'Received {side} error ({status}) from primary with message "{said}". '
        f"See {_LOG}{container.group} in account {ACCOUNT} for more information.",
        "OriginalStatusCode": status,
        "OriginalMessage": said,
        "LogStreamArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{container.group}",
    }
    headers = {"x-amzn-ErrorType": "ModelError", "Content-Type": "application/json"}
    return 424, headers, json.dumps(document).encode()
