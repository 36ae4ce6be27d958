"""What is sent to create an entity, and how a description is read back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplatform.lineage.exports.sagemaker_entities import Entity, Kind

_BY_CONTENT = "Custom"  # the service's word for a type of source that is none of its own


def request_of(entity: Entity) -> dict[str, Any]:
    """The members of CreateArtifact, CreateAction or CreateContext."""
    kind = entity.kind.capitalize()
    members: dict[str, Any] = {
        f"{kind}Name": entity.name,
        f"{kind}Type": entity.type,
        "Source": _source(entity),
        "Properties": dict(entity.properties),
    }
    return {**members, "Status": "Completed"} if entity.kind == "action" else members


def entity_of(kind: Kind, described: Mapping[str, Any]) -> Entity:
    """The reverse of `request_of`, from what DescribeArtifact, DescribeAction or DescribeContext answers."""
    named, source = kind.capitalize(), described["Source"]
    return Entity(
        kind=kind,
        name=str(described.get(f"{named}Name", "")),
        type=str(described.get(f"{named}Type", "")),
        uri=str(source["SourceUri"]),
        sha256=sha256_of(source) if kind == "artifact" else str(source.get("SourceId", "")),
        properties=dict(described.get("Properties", {})),
    )


def sha256_of(source: Mapping[str, Any]) -> str:
    """The hash in the types of an artifact's source; empty for one of the service's own."""
    types = source.get("SourceTypes") or ()
    return next((str(one["Value"]) for one in types if one["SourceIdType"] == _BY_CONTENT), "")


def _source(entity: Entity) -> dict[str, Any]:
    if entity.kind == "artifact":
        types = [{"SourceIdType": _BY_CONTENT, "Value": entity.sha256}]
        return {"SourceUri": entity.uri, "SourceTypes": types}
    kind = "ARN" if entity.uri.startswith("arn:") else "URI"
    by_content = {"SourceId": entity.sha256} if entity.sha256 else {}
    return {"SourceUri": entity.uri, "SourceType": kind, **by_content}
