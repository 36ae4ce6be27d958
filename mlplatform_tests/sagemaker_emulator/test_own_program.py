"""The platform's own serving program, hosted: its model, its /ping, its answers."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlplatform_tests.container.served import model_folder, some_rows
from mlplatform_tests.sagemaker_emulator.hosted import ENDPOINT, Hosted
from mlplatform_tests.sagemaker_emulator.server import BUCKET, ROLE


def test_a_trained_model_answers_as_an_endpoint(emulator: Any, trained_home: Path) -> None:
    hosted, service = Hosted(emulator), emulator.client("sagemaker")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.add(model_folder(trained_home), ".")
    emulator.client("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=content.getvalue())
    image = emulator.environment()["MLPLATFORM_IMAGE"]
    container = {"Image": image, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
    service.create_model(ModelName="ours", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "AllTraffic", "ModelName": "ours", "InstanceType": "ml.m5.large"}
    service.create_endpoint_config(EndpointConfigName="ours", ProductionVariants=[variant])
    hosted.endpoint("ours")
    row = some_rows(1)[0]
    answer = hosted.runtime.invoke_endpoint(
        EndpointName=ENDPOINT,
        ContentType="application/json",
        Body=json.dumps([row]).encode(),
        InferenceId="mine",
    )
    assert len(json.loads(answer["Body"].read())["predictions"]) == 1
    assert answer["CustomAttributes"] == f"model-version={model_folder(trained_home).name}"
    with pytest.raises(ClientError) as error:
        hosted.asked(b"{}", ContentType="application/json")
    assert error.value.response["OriginalStatusCode"] == 400
