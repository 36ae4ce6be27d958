"""CreateEndpoint and its kin."""

from __future__ import annotations

from typing import Any

from mlplatform_tests.sagemaker_emulator.deployments import Deployment
from mlplatform_tests.sagemaker_emulator.dispatch import fault_of_this_request
from mlplatform_tests.sagemaker_emulator.endpoint_configs import CONFIGS
from mlplatform_tests.sagemaker_emulator.endpoint_descriptions import described
from mlplatform_tests.sagemaker_emulator.endpoint_fleets import Fleet
from mlplatform_tests.sagemaker_emulator.endpoints import ENDPOINTS, Endpoint
from mlplatform_tests.sagemaker_emulator.listing import chosen, ordered, page
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation


@operation("CreateEndpoint")
def create_endpoint(request: Request) -> Answer:
    name = request["EndpointName"]
    with ENDPOINTS.lock:
        ENDPOINTS.refuse_taken(name)
        config, deployment = CONFIGS.named(request["EndpointConfigName"]), _deployment(request)
        fleet = Fleet(name, config, fault_of_this_request())
        endpoint = ENDPOINTS.put(Endpoint(name, ENDPOINTS.arn(name), request, fleet, deployment))
    endpoint.create()
    return {"EndpointArn": endpoint.arn}


@operation("UpdateEndpoint")
def update_endpoint(request: Request) -> Answer:
    endpoint = ENDPOINTS.named(request["EndpointName"])
    config = CONFIGS.named(request["EndpointConfigName"])
    endpoint.refuse_unless_settled()
    retained = request.get("RetainDeploymentConfig") and "DeploymentConfig" not in request
    deployment = endpoint.deployment if retained else _deployment(request)
    endpoint.update(Fleet(endpoint.name, config, fault_of_this_request()), deployment)
    return {"EndpointArn": endpoint.arn}


@operation("DescribeEndpoint")
def describe_endpoint(request: Request) -> Answer:
    return described(ENDPOINTS.named(request["EndpointName"]))


@operation("DeleteEndpoint")
def delete_endpoint(request: Request) -> Answer:
    endpoint = ENDPOINTS.named(request["EndpointName"])
    endpoint.delete(lambda: ENDPOINTS.discard(endpoint))
    return {}


@operation("UpdateEndpointWeightsAndCapacities")
def update_endpoint_weights_and_capacities(request: Request) -> Answer:
    endpoint = ENDPOINTS.named(request["EndpointName"])
    wanted = {
        one["VariantName"]: float(one["DesiredWeight"])
        for one in request["DesiredWeightsAndCapacities"]
        if "DesiredWeight" in one
    }
    endpoint.weigh(wanted)
    return {"EndpointArn": endpoint.arn}


@operation("ListEndpoints")
def list_endpoints(request: Request) -> Answer:
    return page(ordered(chosen(ENDPOINTS.all(), request), request), request, "Endpoints", _summary)


def _summary(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.changed,
        "EndpointStatus": endpoint.status,
    }


def _deployment(request: Request) -> Deployment:
    return Deployment(request.get("DeploymentConfig", {}))
