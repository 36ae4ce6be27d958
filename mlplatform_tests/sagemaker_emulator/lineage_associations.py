"""Associations: the edges of lineage, from what was used to what came of it."""

from __future__ import annotations

from typing import Any

from mlplatform_tests.sagemaker_emulator.callers import caller
from mlplatform_tests.sagemaker_emulator.errors import ServiceError, invalid
from mlplatform_tests.sagemaker_emulator.lineage_entities import Entity, entity_at, refuse_beyond_quota
from mlplatform_tests.sagemaker_emulator.listing import page
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation
from mlplatform_tests.sagemaker_emulator.shelves import Kept, Shelf

_MOST = 10


class Association(Kept):
    """One edge; there is one at most between two entities in one direction."""

    def __init__(self, source: Entity, destination: Entity, kind: str | None, is_automatic: bool) -> None:
        super().__init__(name_of(source.arn, destination.arn), "", {})
        self.source, self.destination, self.type = source, destination, kind
        self.is_automatic = is_automatic
        self.created_by = caller()

    def edge(self) -> dict[str, Any]:
        """Its members in an answer to a query."""
        ends = {"SourceArn": self.source.arn, "DestinationArn": self.destination.arn}
        return {**ends, **({"AssociationType": self.type} if self.type else {})}

    def summary(self) -> dict[str, Any]:
        """Its members in a listing."""
        names = {"SourceName": self.source.shown_name, "DestinationName": self.destination.shown_name}
        return {
            **self.edge(),
            **{member: name for member, name in names.items() if name},
            "SourceType": self.source.kind,
            "DestinationType": self.destination.kind,
            "CreationTime": self.created,
            "CreatedBy": self.created_by,
        }


def name_of(source: str, destination: str) -> str:
    """What the association of two ARNs is kept as."""
    return f"{source} {destination}"


ASSOCIATIONS: Shelf[Association] = Shelf(
    "association",
    lambda arn: invalid(f"Association already exists: {arn.partition(':association/')[2]}"),
    lambda arn: ServiceError(
        "ResourceNotFound", f"Association does not exist: {arn.partition(':association/')[2]}"
    ),
)


def associated(arn: str) -> list[Association]:
    """The associations that an entity has."""
    return [one for one in ASSOCIATIONS.all() if arn in {one.source.arn, one.destination.arn}]


def associate(source: Entity, destination: Entity, kind: str) -> None:
    """Make one automatically, unless there is one."""
    with ASSOCIATIONS.lock:
        if ASSOCIATIONS.get(name_of(source.arn, destination.arn)) is None:
            ASSOCIATIONS.put(Association(source, destination, kind, is_automatic=True))


@operation("AddAssociation")
def add_association(request: Request) -> Answer:
    with ASSOCIATIONS.lock:
        source, destination = entity_at(request["SourceArn"]), entity_at(request["DestinationArn"])
        refused = name_of(source.arn, destination.arn)
        if ASSOCIATIONS.get(refused) is not None:
            raise invalid(f"Association already exists: {refused}")
        refuse_beyond_quota("Association", ASSOCIATIONS, is_automatic=False)
        ASSOCIATIONS.put(Association(source, destination, request.get("AssociationType"), is_automatic=False))
    return {"SourceArn": source.arn, "DestinationArn": destination.arn}


@operation("DeleteAssociation")
def delete_association(request: Request) -> Answer:
    ASSOCIATIONS.remove(name_of(request["SourceArn"], request["DestinationArn"]))
    return {"SourceArn": request["SourceArn"], "DestinationArn": request["DestinationArn"]}


@operation("ListAssociations")
def list_associations(request: Request) -> Answer:
    for arn in (request.get("SourceArn"), request.get("DestinationArn")):
        if arn is not None:
            entity_at(arn)
    found = [one for one in ASSOCIATIONS.all() if _is_wanted(one, request)]
    by = request.get("SortBy", "CreationTime")
    found.sort(key=lambda one: one.created.timestamp() if by == "CreationTime" else one.summary()[by])
    if request.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    return page(found, request, "AssociationSummaries", Association.summary, _MOST)


def _is_wanted(one: Association, request: Request) -> bool:
    created = one.created.timestamp()
    return (
        request.get("SourceArn", one.source.arn) == one.source.arn
        and request.get("DestinationArn", one.destination.arn) == one.destination.arn
        and request.get("SourceType", one.source.kind) in {one.source.kind, one.source.lineage_type}
        and request.get("DestinationType", one.destination.kind)
        in {one.destination.kind, one.destination.lineage_type}
        and request.get("AssociationType", one.type) == one.type
        and request.get("CreatedAfter", created) <= created <= request.get("CreatedBefore", created)
    )
