"""Create, describe, list, update and delete artifacts, actions and contexts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlplatform_tests.sagemaker_emulator.errors import invalid
from mlplatform_tests.sagemaker_emulator.lineage_associations import associated
from mlplatform_tests.sagemaker_emulator.lineage_entities import (
    ACTIONS,
    ARTIFACTS,
    CONTEXTS,
    Entity,
    artifact_name,
    make_action,
    make_artifact,
    make_context,
)
from mlplatform_tests.sagemaker_emulator.listing import ordered, page
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation
from mlplatform_tests.sagemaker_emulator.shelves import Shelf

_MOST = 10  # of a page, unless the request says otherwise


@operation("CreateArtifact")
def create_artifact(request: Request) -> Answer:
    return {"ArtifactArn": make_artifact(request).arn}


@operation("CreateAction")
def create_action(request: Request) -> Answer:
    return {"ActionArn": make_action(request).arn}


@operation("CreateContext")
def create_context(request: Request) -> Answer:
    return {"ContextArn": make_context(request).arn}


@operation("DeleteArtifact")
def delete_artifact(request: Request) -> Answer:
    if ("ArtifactArn" in request) == ("Source" in request):
        raise invalid("Specify either ArtifactArn or Source.")
    if "ArtifactArn" in request:
        return _deleted(ARTIFACTS, request["ArtifactArn"])
    return _deleted(ARTIFACTS, artifact_name(request["Source"]))


@operation("DeleteAction")
def delete_action(request: Request) -> Answer:
    return _deleted(ACTIONS, request["ActionName"])


@operation("DeleteContext")
def delete_context(request: Request) -> Answer:
    return _deleted(CONTEXTS, request["ContextName"])


def _deleted(shelf: Shelf[Any], name_or_arn: str) -> Answer:
    one = shelf.named(name_or_arn.rpartition("/")[2])
    if associated(one.arn):
        raise invalid(f"'{one.arn}' cannot be deleted because it has associations. Delete them first.")
    shelf.remove(one.name)
    return {f"{one.lineage_type}Arn": one.arn}


def _register(kind: str, key: str, shelf: Shelf[Any]) -> None:
    """The operations that are the same for each kind; `key` names the one that is meant."""

    def one(request: Request) -> Entity:
        found: Entity = shelf.named(request[key].rpartition("/")[2])
        return found

    def describe(request: Request) -> Answer:
        return one(request).described()

    def update(request: Request) -> Answer:
        found = one(request)
        found.update(request)
        return {f"{kind}Arn": found.arn}

    def listing(request: Request) -> Answer:
        found = [entity for entity in shelf.all() if _is_wanted(entity, request)]
        return page(ordered(found, request), request, f"{kind}Summaries", Entity.summary, _MOST)

    named: dict[str, Callable[[Request], Answer]] = {
        f"Describe{kind}": describe,
        f"Update{kind}": update,
        f"List{kind}s": listing,
    }
    for name, function in named.items():
        operation(name)(function)


def _is_wanted(entity: Entity, request: Request) -> bool:
    created = entity.created.timestamp()
    return bool(
        request.get("SourceUri", entity.uri) == entity.uri
        and request.get(f"{entity.lineage_type}Type", entity.kind) == entity.kind
        and request.get("CreatedAfter", created) <= created <= request.get("CreatedBefore", created)
    )


_register("Artifact", "ArtifactArn", ARTIFACTS)
_register("Action", "ActionName", ACTIONS)
_register("Context", "ContextName", CONTEXTS)
