"""CreateModel and its kin: what a container of an endpoint is made of."""

from __future__ import annotations

from typing import Any

from mlplatform_tests.sagemaker_emulator.buckets import client, split
from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.listing import chosen, ordered, page
from mlplatform_tests.sagemaker_emulator.model_packages import package_named
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation
from mlplatform_tests.sagemaker_emulator.shelves import Kept, Shelf, shelf_in_words


class Model(Kept):
    """One container's image, model data and environment."""

    @property
    def container(self) -> dict[str, Any]:
        """How the request, or the model package that it names, defines the container."""
        container = self.request.get("PrimaryContainer") or self.request["Containers"][0]
        package = container.get("ModelPackageName")
        return {**(package_named(package).container if package else {}), **container}


MODELS: Shelf[Model] = shelf_in_words("model", "model")


@operation("CreateModel")
def create_model(request: Request) -> Answer:
    containers = request.get(
        "Containers", [request["PrimaryContainer"]] if "PrimaryContainer" in request else []
    )
    if len(containers) != 1:
        raise invalid(f"a model of the emulator has one container, and not {len(containers)}")
    name = request["ModelName"]
    model = Model(name, MODELS.arn(name), request)
    url = model.container.get("ModelDataUrl")
    if url is not None and not _exists(url):
        raise invalid(f"Could not find model data at {url}.")
    if "Image" not in model.container:
        raise invalid("Containers must have an image or a model package.")
    return {"ModelArn": MODELS.put(model).arn}


@operation("DescribeModel")
def describe_model(request: Request) -> Answer:
    model = MODELS.named(request["ModelName"])
    isolated = {"EnableNetworkIsolation": model.request.get("EnableNetworkIsolation", False)}
    return {**model.request, **isolated, "ModelArn": model.arn, "CreationTime": model.created}


@operation("DeleteModel")
def delete_model(request: Request) -> Answer:
    MODELS.remove(request["ModelName"])
    return {}


@operation("ListModels")
def list_models(request: Request) -> Answer:
    return page(ordered(chosen(MODELS.all(), request), request), request, "Models", _summary)


def _summary(model: Model) -> dict[str, Any]:
    return {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": model.created}


def _exists(url: str) -> bool:
    bucket, key = split(url)
    s3 = client("s3")
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except s3.exceptions.ClientError:
        return False
    return True
