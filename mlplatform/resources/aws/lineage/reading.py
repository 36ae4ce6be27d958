"""What was exported of a use case, read back from SageMaker Lineage."""

from __future__ import annotations

from mlplatform.lineage.exports.sagemaker_entities import OWN, Entity, Kind, graph_of_entities
from mlplatform.lineage.graph import Graph
from mlplatform.resources.aws.lineage.finding import Found

_KINDS: dict[str, Kind] = {"Artifact": "artifact", "Action": "action", "Context": "context"}


def read_back(found: Found, use_case: str, context: str) -> Graph:
    """Our own entities behind the use case's context (its ARN) and the links between them.

    What the service has made by itself on the way is left out, as it is in the plan's own graph.
    """
    vertices: dict[str, Kind] = {}
    edges: list[tuple[str, str]] = []
    for page in found.behind(context):
        for one in page["Vertices"]:
            if one["LineageType"] in _KINDS:
                vertices[str(one["Arn"])] = _KINDS[one["LineageType"]]
        edges += [(str(one["SourceArn"]), str(one["DestinationArn"])) for one in page["Edges"]]
    described = {arn: found.described(kind, arn) for arn, kind in vertices.items()}
    own: dict[str, Entity] = {
        arn: one for arn, one in described.items() if one.properties.get(OWN) == use_case
    }
    links = [(own[a].id, own[b].id) for a, b in edges if a in own and b in own]
    return graph_of_entities(use_case, own.values(), links)
