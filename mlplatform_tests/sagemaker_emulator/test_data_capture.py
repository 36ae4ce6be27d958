"""What is asked and answered is found in S3, in the format that the platform reads."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlplatform.ml.capture import exchanges
from mlplatform_tests.sagemaker_emulator.asked import until
from mlplatform_tests.sagemaker_emulator.hosted import ENDPOINT, Hosted
from mlplatform_tests.sagemaker_emulator.server import BUCKET


def capturing(share: int = 100, *modes: str, **more: Any) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": share,
        "DestinationS3Uri": f"s3://{BUCKET}/captured/",
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes or ("Input", "Output")],
        **more,
    }


def lines(hosted: Hosted) -> dict[str, list[bytes]]:
    """Of each file, by its key."""
    s3 = hosted.emulator.client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="captured/").get("Contents", [])
    return {
        one["Key"]: s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read().splitlines(keepends=True)
        for one in found
    }


@pytest.fixture
def hosted(emulator: Any) -> Hosted:
    return Hosted(emulator)


def test_exchanges_are_captured_by_variant_and_hour(hosted: Hosted) -> None:
    kinds = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}
    hosted.endpoint(hosted.config("one", DataCaptureConfig=capturing(CaptureContentTypeHeader=kinds)))
    shown = hosted.described()["DataCaptureConfig"]
    assert (shown["CaptureStatus"], shown["CurrentSamplingPercentage"]) == ("Started", 100)
    hosted.asked(b"1,2", ContentType="text/csv", InferenceId="mine", CustomAttributes="trace=1")
    hosted.asked(b"\xff", ContentType="text/csv")
    with pytest.raises(ClientError):
        hosted.asked(b"500", ContentType="text/csv")
    [(key, found)] = until(lambda: lines(hosted)).items()  # without being told to
    folder = key.rpartition("/")[0]
    first, second = exchanges(found)
    hour = first.time[:13].replace("-", "/").replace("T", "/")
    assert folder == f"captured/{ENDPOINT}/AllTraffic/{hour}"
    assert (first.id, first.inference_id) == ("mine", "mine")
    assert second.inference_id is None and second.event_id != first.event_id
    assert [one.request.body for one in (first, second)] == [b"1,2", b"\xff"]
    assert json.loads(first.answer.body)["name"] == "one"
    documents = [json.loads(line) for line in found]
    assert [one["captureData"]["endpointInput"]["encoding"] for one in documents] == ["CSV", "BASE64"]
    assert documents[0]["captureData"]["endpointOutput"]["encoding"] == "JSON"
    assert documents[0]["eventMetadata"]["customAttributes"] == ["trace=1"]


def test_what_no_list_names_is_base64_and_what_is_not_asked_for_is_left_out(hosted: Hosted) -> None:
    hosted.endpoint(hosted.config("one", DataCaptureConfig=capturing(100, "Input")))
    hosted.asked(b"{}", ContentType="application/json")
    hosted.sagemaker.delete_endpoint(EndpointName=ENDPOINT)  # nothing is lost with it
    until(lambda: not hosted.sagemaker.list_endpoints()["Endpoints"])
    [[line]] = lines(hosted).values()
    captured = json.loads(line)["captureData"]
    assert captured == {
        "endpointInput": {
            "observedContentType": "application/json",
            "mode": "INPUT",
            "data": base64.b64encode(b"{}").decode(),
            "encoding": "BASE64",
        }
    }


def test_a_sample_of_none_and_capture_that_an_update_begins(hosted: Hosted) -> None:
    hosted.endpoint(hosted.config("none", DataCaptureConfig=capturing(0)))
    hosted.asked(b"")
    hosted.update(hosted.config("all", DataCaptureConfig=capturing(100)))
    hosted.settled()
    hosted.asked(b"")
    hosted.emulator.flush_captures()
    assert [len(found) for found in lines(hosted).values()] == [1]
