"""What of the lineage is in the service already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlplatform.lineage.exports.sagemaker_entities import Entity, Kind, Theirs
from mlplatform.resources.aws.clients import Clients
from mlplatform.resources.aws.lineage.requests import entity_of, sha256_of
from mlplatform.resources.aws.refusals import AwsRefused, told

_GONE = {"ResourceNotFound", "ResourceNotFoundException"}


class Found:
    """Looks entities and associations up; what the service refuses is an AwsRefused or OSError."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients

    def arn(self, entity: Entity) -> str | None:
        """The ARN of an entity of ours; None where it is not there."""
        if entity.kind == "artifact":
            known = (arn for arn, sha256 in self._artifacts(entity.uri) if sha256 == entity.sha256)
            return next(known, None)
        return self.named(entity.kind, entity.name)

    def named(self, kind: Kind, name: str) -> str | None:
        """The ARN of an action or a context of this name; None where there is none."""
        try:
            with told(f"looking at the {kind} {name}"):
                if kind == "action":
                    return str(self.clients.sagemaker.describe_action(ActionName=name)["ActionArn"])
                return str(self.clients.sagemaker.describe_context(ContextName=name)["ContextArn"])
        except AwsRefused as error:
            if error.code in _GONE:
                return None
            raise

    def theirs(self, one: Theirs) -> list[str]:
        """The ARNs of what the service has made by itself; none where it has not."""
        if one.kind == "artifact":
            return [arn for arn, sha256 in self._artifacts(one.uri) if not sha256]
        with told(f"looking for the lineage of {one.uri}"):
            if one.kind == "job":
                pages = self.clients.sagemaker.get_paginator("list_trial_components")
                members, arn, by = "TrialComponentSummaries", "TrialComponentArn", {"SourceArn": one.uri}
            else:
                pages = self.clients.sagemaker.get_paginator("list_contexts")
                members, arn, by = "ContextSummaries", "ContextArn", {"SourceUri": one.uri}
            return [str(found[arn]) for page in pages.paginate(**by) for found in page[members]]

    def sources(self, target: str) -> set[str]:
        """The ARNs of everything that is associated as a source of this one."""
        with told(f"listing the associations of {target}"):
            pages = self.clients.sagemaker.get_paginator("list_associations")
            return {
                str(one["SourceArn"])
                for page in pages.paginate(DestinationArn=target, PaginationConfig={"PageSize": 100})
                for one in page["AssociationSummaries"]
            }

    def described(self, kind: Kind, arn: str) -> Entity:
        """An entity by its ARN."""
        name = arn.rpartition("/")[2]
        with told(f"looking at {arn}"):
            if kind == "artifact":
                return entity_of(kind, self.clients.sagemaker.describe_artifact(ArtifactArn=arn))
            if kind == "action":
                return entity_of(kind, self.clients.sagemaker.describe_action(ActionName=name))
            return entity_of(kind, self.clients.sagemaker.describe_context(ContextName=name))

    def behind(self, arn: str) -> Iterator[dict[str, Any]]:
        """Pages of QueryLineage over everything behind an entity: `Vertices` and `Edges`."""
        request: dict[str, Any] = {"StartArns": [arn], "Direction": "Ascendants", "IncludeEdges": True}
        while True:
            with told(f"asking what is behind {arn}"):
                page = self.clients.sagemaker.query_lineage(**request)
            yield page
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]

    def _artifacts(self, uri: str) -> Iterator[tuple[str, str]]:
        """ARN and sha256 of the artifacts of a URI; those of the service's own have none."""
        with told(f"looking for artifacts of {uri}"):
            pages = self.clients.sagemaker.get_paginator("list_artifacts")
            for page in pages.paginate(SourceUri=uri):
                for one in page["ArtifactSummaries"]:
                    yield str(one["ArtifactArn"]), sha256_of(one["Source"])
