"""QueryLineage: what is reached from one entity, nearest first, page by page."""

from __future__ import annotations

from collections import deque
from typing import Any

from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.lineage_associations import ASSOCIATIONS, Association
from mlplatform_tests.sagemaker_emulator.lineage_entities import Entity, entity_at
from mlplatform_tests.sagemaker_emulator.listing import page
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation

_DEEPEST, _MOST = 10, 50


@operation("QueryLineage")
def query_lineage(request: Request) -> Answer:
    if len(request.get("StartArns", ())) != 1:
        raise invalid("QueryLineage needs one StartArn.")
    if (
        not 1 <= request.get("MaxDepth", _DEEPEST) <= _DEEPEST
        or not 1 <= request.get("MaxResults", _MOST) <= _MOST
    ):
        raise invalid(f"MaxDepth is 1 to {_DEEPEST}, MaxResults 1 to {_MOST}.")
    start = entity_at(request["StartArns"][0])
    reached, passed = _reached(start, request.get("Direction", "Both"), request.get("MaxDepth", _DEEPEST))
    vertices = [one for one in reached if one is start or _is_wanted(one, request.get("Filters", {}))]
    answer = page(vertices, request, "Vertices", _vertex, _MOST)
    if request.get("IncludeEdges", True):
        place = {one.arn: number for number, one in enumerate(vertices)}
        shown = {one["Arn"] for one in answer["Vertices"]}
        # an edge comes with the page on which the later one of its ends is
        ends = [
            (one, max((one.source.arn, one.destination.arn), key=lambda arn: place.get(arn, -1)))
            for one in passed
            if one.source.arn in place and one.destination.arn in place
        ]
        answer["Edges"] = [one.edge() for one, later in ends if later in shown]
    return answer


def _reached(start: Entity, direction: str, depth: int) -> tuple[list[Entity], list[Association]]:
    """Entities by their distance, and the associations on the ways to them."""
    ways: dict[str, list[tuple[Association, Entity]]] = {}
    for one in ASSOCIATIONS.all():
        if direction in {"Descendants", "Both"}:
            ways.setdefault(one.source.arn, []).append((one, one.destination))
        if direction in {"Ascendants", "Both"}:
            ways.setdefault(one.destination.arn, []).append((one, one.source))
    distances, waiting = {start.arn: 0}, deque([start])
    reached, passed = [start], dict[str, Association]()
    while waiting:
        here = waiting.popleft()
        if distances[here.arn] == depth:
            continue
        for association, there in ways.get(here.arn, ()):
            passed[association.name] = association
            if there.arn not in distances:
                distances[there.arn] = distances[here.arn] + 1
                reached.append(there)
                waiting.append(there)
    return reached, list(passed.values())


def _is_wanted(entity: Entity, filters: dict[str, Any]) -> bool:
    created, changed = entity.created.timestamp(), entity.changed.timestamp()
    properties = filters.get("Properties", {})
    return (
        entity.kind in filters.get("Types", [entity.kind])
        and entity.lineage_type in filters.get("LineageTypes", [entity.lineage_type])
        and filters.get("CreatedAfter", created) <= created <= filters.get("CreatedBefore", created)
        and filters.get("ModifiedAfter", changed) <= changed <= filters.get("ModifiedBefore", changed)
        and (
            not properties or any(entity.properties.get(name) == value for name, value in properties.items())
        )
    )


def _vertex(entity: Entity) -> dict[str, str]:
    return {"Arn": entity.arn, "Type": entity.kind, "LineageType": entity.lineage_type}
