"""What DescribeEndpoint says of an endpoint, its fleet and the one that is on its way."""

from __future__ import annotations

from typing import Any

from mlplatform_tests.sagemaker_emulator.endpoint_fleets import Fleet
from mlplatform_tests.sagemaker_emulator.endpoints import Endpoint


def described(endpoint: Endpoint) -> dict[str, Any]:
    """The members of DescribeEndpoint."""
    fleet, coming = endpoint.shown, endpoint.coming
    capture, deployed = fleet.config.capture, endpoint.live is not None
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": fleet.config.name,
        "EndpointStatus": endpoint.status,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.changed,
        **({"ProductionVariants": _variants(fleet)} if deployed else {}),
        **({"FailureReason": endpoint.reason} if endpoint.reason else {}),
        **({"LastDeploymentConfig": endpoint.deployment.config} if endpoint.deployment.config else {}),
        **({"DataCaptureConfig": _capture(capture, deployed)} if capture else {}),
        **({"PendingDeploymentSummary": _pending(endpoint, coming)} if coming and deployed else {}),
    }


def _variants(fleet: Fleet) -> list[dict[str, Any]]:
    return [
        {
            "VariantName": name,
            "DeployedImages": [
                {
                    "SpecifiedImage": model["Image"],
                    "ResolvedImage": model["Image"],
                    "ResolutionTime": fleet.since,
                }
            ],
            "CurrentWeight": fleet.weights[name],
            "DesiredWeight": fleet.weights[name],
            "CurrentInstanceCount": fleet.counts[name],
            "DesiredInstanceCount": fleet.counts[name],
        }
        for name, model in fleet.models.items()
    ]


def _capture(capture: dict[str, Any], deployed: bool) -> dict[str, Any]:
    on = bool(capture.get("EnableCapture"))
    return {
        "EnableCapture": on,
        "CaptureStatus": "Started" if on and deployed else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }


def _pending(endpoint: Endpoint, fleet: Fleet) -> dict[str, Any]:
    status = {"Status": endpoint.phase or "Deleting", "StartTime": endpoint.changed}
    return {
        "EndpointConfigName": fleet.config.name,
        "StartTime": fleet.since,
        "ProductionVariants": [{**one, "VariantStatus": [status]} for one in _variants(fleet)],
    }
