"""Artifacts, actions, contexts and trial components: what lineage is made of, and how many there may be."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, TypeVar

from mlplatform_tests.sagemaker_emulator.callers import caller
from mlplatform_tests.sagemaker_emulator.errors import ServiceError, invalid
from mlplatform_tests.sagemaker_emulator.shelves import Kept, Shelf

_QUOTAS = {"Artifact": 6000, "Action": 3000, "Context": 500, "Association": 6000}
QUOTAS = dict(_QUOTAS)
_MOST_PROPERTIES = 30


class Entity(Kept):
    """One entity; `is_automatic` is what the service has made by itself, which no quota counts."""

    lineage_type = ""  # "Artifact", "Action", "Context" or "TrialComponent"

    def __init__(self, name: str, arn: str, request: Mapping[str, Any], is_automatic: bool) -> None:
        super().__init__(name, arn, request)
        self.is_automatic = is_automatic
        self.created_by = caller()
        self.changed_by: dict[str, Any] | None = None

    @property
    def kind(self) -> str:
        """Its own type, such as "DataSet"."""
        return str(self.request[f"{self.lineage_type}Type"])

    @property
    def shown_name(self) -> str:
        """The name that it was given."""
        return str(self.request.get(f"{self.lineage_type}Name", ""))

    @property
    def properties(self) -> dict[str, str]:
        """Its properties."""
        return dict(self.request.get("Properties", {}))

    @property
    def uri(self) -> str:
        """The URI of its source."""
        return str(self.request["Source"]["SourceUri"])

    def update(self, request: Mapping[str, Any]) -> None:
        """Change what may be changed; properties are added to, or removed by name."""
        removed = request.get("PropertiesToRemove", ())
        properties = {**self.properties, **request.get("Properties", {})}
        properties = {name: value for name, value in properties.items() if name not in removed}
        if len(properties) > _MOST_PROPERTIES:
            raise invalid(f"An entity has at most {_MOST_PROPERTIES} properties.")
        changeable = (
            "Description",
            "Status",
            *(("ArtifactName",) if self.lineage_type == "Artifact" else ()),
        )
        self.change(
            {**{name: request[name] for name in changeable if name in request}, "Properties": properties}
        )
        self.changed_by = caller()

    def summary(self) -> dict[str, Any]:
        """Its members in a listing."""
        kind = self.lineage_type
        shown = (f"{kind}Name", "Source", f"{kind}Type", "Status")
        return {
            **{member: self.request[member] for member in shown if member in self.request},
            f"{kind}Arn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": self.changed,
        }

    def described(self) -> dict[str, Any]:
        """The members of its description."""
        return {
            **self.request,
            **self.summary(),
            "CreatedBy": self.created_by,
            "LastModifiedBy": self.changed_by or self.created_by,
        }


class Artifact(Entity):
    """Something at a URI; no two have the same URI and the same types of source."""

    lineage_type = "Artifact"


class Action(Entity):
    """Something that was done; unique by name."""

    lineage_type = "Action"


class Context(Entity):
    """Something that other entities belong to; unique by name."""

    lineage_type = "Context"


Named = TypeVar("Named", Action, Context)


def _shelf(kind: str, words: str) -> Shelf[Any]:
    return Shelf(
        kind,
        lambda arn: invalid(
            f"{words} names must be unique within an AWS account and region. {words} with name "
            f"({arn.rpartition('/')[2]}) already exists."
        ),
        lambda arn: ServiceError("ResourceNotFound", f"{words} '{arn}' does not exist."),
    )


ARTIFACTS: Shelf[Artifact] = _shelf("artifact", "Artifact")
ACTIONS: Shelf[Action] = _shelf("action", "Action")
CONTEXTS: Shelf[Context] = _shelf("context", "Context")
TRIAL_COMPONENTS: Shelf[Entity] = _shelf("experiment-trial-component", "Trial component")
_ALL: tuple[Shelf[Any], ...] = (ARTIFACTS, ACTIONS, CONTEXTS, TRIAL_COMPONENTS)


def artifact_name(source: Mapping[str, Any]) -> str:
    """What the artifact of a source is kept as: one URI with one set of source types is one artifact."""
    types = sorted((one["SourceIdType"], one["Value"]) for one in source.get("SourceTypes", ()))
    return sha256(repr((source["SourceUri"], types)).encode()).hexdigest()[:32]


def make_artifact(request: Mapping[str, Any], is_automatic: bool = False) -> Artifact:
    """The artifact of this source, which is made unless there is one already."""
    with ARTIFACTS.lock:
        name = artifact_name(request["Source"])
        known = ARTIFACTS.get(name)
        if known is not None:
            return known
        refuse_beyond_quota("Artifact", ARTIFACTS, is_automatic)
        return ARTIFACTS.put(Artifact(name, ARTIFACTS.arn(name), request, is_automatic))


def make_action(request: Mapping[str, Any], is_automatic: bool = False) -> Action:
    """A new action."""
    return _make(Action, ACTIONS, request, is_automatic)


def make_context(request: Mapping[str, Any], is_automatic: bool = False) -> Context:
    """A new context."""
    return _make(Context, CONTEXTS, request, is_automatic)


def _make(kind: type[Named], shelf: Shelf[Named], request: Mapping[str, Any], is_automatic: bool) -> Named:
    """An entity under the name that it is to have, which nobody may have yet."""
    name = request[f"{kind.lineage_type}Name"]
    with shelf.lock:
        shelf.refuse_taken(name)
        refuse_beyond_quota(kind.lineage_type, shelf, is_automatic)
        return shelf.put(kind(name, shelf.arn(name), request, is_automatic))


def entity_at(arn: str) -> Entity:
    """The entity of this ARN. ResourceNotFound where there is none."""
    for shelf in _ALL:
        if f":{shelf.kind}/" in arn:
            found: Entity = shelf.named(arn.rpartition("/")[2])
            return found
    raise ServiceError("ResourceNotFound", f"Entity '{arn}' does not exist.")


def refuse_beyond_quota(kind: str, shelf: Shelf[Any], is_automatic: bool) -> None:
    """ResourceLimitExceeded where one more would be too many of those that were not made automatically."""
    quota, used = QUOTAS[kind], sum(not one.is_automatic for one in shelf.all())
    if not is_automatic and used >= quota:
        raise ServiceError(
            "ResourceLimitExceeded",
            f"The account-level service limit 'Maximum number of {kind.lower()}s' is {quota}, with current "
            f"utilization of {used} and a request delta of 1. Please contact AWS support to request an "
            "increase for this limit.",
        )


def reset_quotas() -> None:
    """As an account has them that has not asked for more."""
    QUOTAS.update(_QUOTAS)
