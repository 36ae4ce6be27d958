"""CreateEndpointConfig and its kin: which models answer at an endpoint, and what of it is captured."""

from __future__ import annotations

from typing import Any

from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.listing import chosen, ordered, page
from mlplatform_tests.sagemaker_emulator.models import MODELS
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation
from mlplatform_tests.sagemaker_emulator.shelves import Kept, Shelf, shelf_in_words


class EndpointConfig(Kept):
    """Variants, each with a model, and the capture of data."""

    @property
    def variants(self) -> list[dict[str, Any]]:
        """The members of each variant."""
        return list(self.request["ProductionVariants"])

    @property
    def capture(self) -> dict[str, Any]:
        """DataCaptureConfig; empty where nothing is captured."""
        return dict(self.request.get("DataCaptureConfig", {}))

    @property
    def captures(self) -> bool:
        """Whether requests are captured."""
        return bool(self.capture.get("EnableCapture"))


CONFIGS: Shelf[EndpointConfig] = shelf_in_words("endpoint-config", "endpoint configuration")


@operation("CreateEndpointConfig")
def create_endpoint_config(request: Request) -> Answer:
    variants = [one["VariantName"] for one in request["ProductionVariants"]]
    if len(set(variants)) < len(variants):
        raise invalid("Variant names must be unique within an endpoint configuration.")
    for variant in request["ProductionVariants"]:
        MODELS.named(variant.get("ModelName", ""))
        if not {"InstanceType", "ServerlessConfig"} & set(variant):
            raise invalid(f"Variant {variant['VariantName']} names no instance type.")
    name = request["EndpointConfigName"]
    return {"EndpointConfigArn": CONFIGS.put(EndpointConfig(name, CONFIGS.arn(name), request)).arn}


@operation("DescribeEndpointConfig")
def describe_endpoint_config(request: Request) -> Answer:
    config = CONFIGS.named(request["EndpointConfigName"])
    return {**config.request, "EndpointConfigArn": config.arn, "CreationTime": config.created}


@operation("DeleteEndpointConfig")
def delete_endpoint_config(request: Request) -> Answer:
    CONFIGS.remove(request["EndpointConfigName"])
    return {}


@operation("ListEndpointConfigs")
def list_endpoint_configs(request: Request) -> Answer:
    found = ordered(chosen(CONFIGS.all(), request), request)
    return page(found, request, "EndpointConfigs", _summary)


def _summary(config: EndpointConfig) -> dict[str, Any]:
    return {
        "EndpointConfigName": config.name,
        "EndpointConfigArn": config.arn,
        "CreationTime": config.created,
    }
