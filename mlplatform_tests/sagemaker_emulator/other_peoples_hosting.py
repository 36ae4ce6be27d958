"""Hosting with the `sagemaker` package as its users write it; prints what became of it.

`python -m mlplatform_tests.sagemaker_emulator.other_peoples_hosting ROLE IMAGE MODEL_URL BUCKET`, with the
emulator in the environment. A program of its own, because importing the package takes seconds.
"""

from __future__ import annotations

import json
import sys


def main(role: str, image: str, url: str, bucket: str) -> None:
    """Host a model, ask it, look where it came from, delete it."""
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.lineage.query import LineageQuery
    from sagemaker.core.lineage.visualizer import LineageTableVisualizer
    from sagemaker.core.resources import Endpoint, EndpointConfig, Model
    from sagemaker.core.shapes import ContainerDefinition, ProductionVariant

    container = ContainerDefinition(image=image, model_data_url=url)
    Model.create(model_name="other", primary_container=container, execution_role_arn=role)
    variant = ProductionVariant(
        variant_name="a", model_name="other", instance_type="ml.m5.large", initial_instance_count=1
    )
    EndpointConfig.create(endpoint_config_name="other", production_variants=[variant])
    endpoint = Endpoint.create(endpoint_name="other", endpoint_config_name="other")
    endpoint.wait_for_status("InService", poll=1, timeout=60)
    said = json.loads(endpoint.invoke(body=b"x", content_type="text/csv").body.read())

    session = Session(default_bucket=bucket)
    table = LineageTableVisualizer(session).show(endpoint_arn=endpoint.endpoint_arn)
    summary = session.sagemaker_client.list_artifacts(SourceUri=url)["ArtifactSummaries"][0]
    reached = LineageQuery(session).query(start_arns=[summary["ArtifactArn"]]).vertices
    endpoint.delete()
    endpoint.wait_for_delete(poll=1, timeout=60)
    became = {
        "left": [one.endpoint_name for one in Endpoint.get_all()],
        "said": said["name"],
        "deployments": list(table["Type"]),
        "reached": sorted({vertex.lineage_source for vertex in reached}),
    }
    sys.stdout.write("became " + json.dumps(became))


if __name__ == "__main__":
    main(*sys.argv[1:])
