"""The way of an invocation to whoever answers it, and what is refused on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlplatform_tests.sagemaker_emulator.errors import ServiceError
from mlplatform_tests.sagemaker_emulator.operations import RUNTIME, Invocation, RawAnswer


@pytest.fixture
def runtime(emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def echo(asked: Invocation) -> RawAnswer:
        if asked.body == b"fail":
            raise ServiceError("ServiceUnavailable", "no instance", 503)
        body = json.dumps([asked.endpoint, asked.headers["X-Amzn-SageMaker-Inference-Id"], asked.body.hex()])
        return 200, {"Content-Type": "application/json"}, body.encode()

    monkeypatch.setitem(RUNTIME, "InvokeEndpoint", echo)
    return emulator.client("sagemaker-runtime")


def test_an_invocation_arrives_as_it_was_sent(runtime: Any) -> None:
    answer = runtime.invoke_endpoint(EndpointName="here", Body=b"\xff\x00", InferenceId="one")
    assert (answer["ContentType"], json.loads(answer["Body"].read())) == (
        "application/json",
        ["here", "one", "ff00"],
    )


def test_invocations_are_checked_and_upset(runtime: Any, emulator: Any) -> None:
    with pytest.raises(ClientError, match=r"'body' .* less than or equal to 6291456") as error:
        runtime.invoke_endpoint(EndpointName="here", Body=b"x" * 6291457, InferenceId="one")
    assert error.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match=r"'inferenceId' .* less than or equal to 64"):
        runtime.invoke_endpoint(EndpointName="here", Body=b"x", InferenceId="x" * 65)
    with pytest.raises(ClientError, match=r"ServiceUnavailable.*no instance"):
        runtime.invoke_endpoint(EndpointName="here", Body=b"fail", InferenceId="one")
    emulator.faults.add("InvokeEndpoint", "throttling")
    again = runtime.invoke_endpoint(EndpointName="here", Body=b"x", InferenceId="one")
    assert again["ResponseMetadata"]["RetryAttempts"] == 1
