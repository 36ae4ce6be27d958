"""A plan becomes entities and associations of SageMaker Lineage, each once.

Everything is looked for before it is made, so that an export that was cut off goes on where it stopped, and
one more after it makes nothing. What somebody else makes in between counts as there.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mlplatform.lineage.exports.sagemaker_entities import Entity, Link, Plan
from mlplatform.resources.aws.clients import Clients
from mlplatform.resources.aws.lineage.finding import Found
from mlplatform.resources.aws.lineage.requests import request_of
from mlplatform.resources.aws.objects import Objects
from mlplatform.resources.aws.refusals import AwsRefused, told

log = logging.getLogger(__name__)

_FULL, _INVALID = "ResourceLimitExceeded", "ValidationException"
_TOLD_EVERY = 100


@dataclass
class Sent:
    """How many entities and associations were `created` and how many `existing`, by kind.

    `absent` are URIs and ARNs of which the service has no lineage (yet): nothing was tied to these.
    """

    created: Counter[str] = field(default_factory=Counter)
    existing: Counter[str] = field(default_factory=Counter)
    absent: list[str] = field(default_factory=list)

    def count(self, kind: str, *, new: bool) -> None:
        """One more."""
        (self.created if new else self.existing)[kind] += 1
        done = self.created.total() + self.existing.total()
        if done % _TOLD_EVERY == 0:
            log.info("lineage: %s entities and associations are there", f"{done:,}")

    def document(self) -> dict[str, Any]:
        """As JSON: `created` and `existing`, each by kind, and `absent`."""
        kinds = ("artifacts", "actions", "contexts", "associations")
        return {
            "created": {kind: self.created[kind] for kind in kinds},
            "existing": {kind: self.existing[kind] for kind in kinds},
            "absent": list(self.absent),
        }


class LineageFull(AwsRefused):
    """The account takes no more entities of a kind; `sent` is what is there."""

    def __init__(self, error: AwsRefused, sent: Sent, plan: Plan) -> None:
        done, all_ = sent.created.total() + sent.existing.total(), len(plan.entities) + len(plan.links)
        super().__init__(
            f"{error} Raise this quota of SageMaker (Service Quotas), or delete lineage that nobody needs, "
            f"and export again. {done:,} of {all_:,} entities and associations are there, "
            f"{sent.created.total():,} of them new; they are found again.",
            _FULL,
        )
        self.sent = sent


class Sender:
    """Sends a plan. `documents` is the folder of the store that the plan's documents go to."""

    def __init__(self, clients: Clients, documents: Objects) -> None:
        self._clients, self._documents = clients, documents
        self._found = Found(clients)
        self._sources: dict[str, set[str]] = {}

    def send(self, plan: Plan) -> Sent:
        """Make what is missing. LineageFull where the account takes no more; repeating makes the rest."""
        sent = Sent()
        try:
            self._send(plan, sent)
        except AwsRefused as error:
            if error.code == _FULL:
                raise LineageFull(error, sent, plan) from error
            raise
        return sent

    def _send(self, plan: Plan, sent: Sent) -> None:
        arns: dict[str, list[str]] = {}
        for entity in plan.entities:
            document = plan.documents.get(entity.id)
            if document is not None:  # before the artifact that points at it
                self._documents.put_once(entity.uri.rpartition("/")[2], document)
            arns[entity.id] = [self._made(entity, sent)]
        for one in plan.theirs:
            arns[one.id] = self._found.theirs(one)
            if not arns[one.id]:
                sent.absent.append(one.uri)
        for link in plan.links:
            for source in arns[link.source]:
                for target in arns[link.target]:
                    sent.count("associations", new=self._tied(link, source, target))

    def _made(self, entity: Entity, sent: Sent) -> str:
        """The ARN of an entity, which is made where it is missing."""
        known = self._found.arn(entity)
        if known:
            sent.count(f"{entity.kind}s", new=False)
            return known
        try:
            arn = self._create(entity)
        except AwsRefused as error:
            # what was made in between, perhaps by this very request, whose answer was lost
            between = self._found.arn(entity) if error.code == _INVALID else None
            if between is None:
                raise
            sent.count(f"{entity.kind}s", new=False)
            return between
        sent.count(f"{entity.kind}s", new=True)
        return arn

    def _create(self, entity: Entity) -> str:
        request = request_of(entity)
        with told(f"creating the {entity.kind} {entity.name} of the lineage"):
            if entity.kind == "artifact":
                return str(self._clients.sagemaker.create_artifact(**request)["ArtifactArn"])
            if entity.kind == "action":
                return str(self._clients.sagemaker.create_action(**request)["ActionArn"])
            return str(self._clients.sagemaker.create_context(**request)["ContextArn"])

    def _tied(self, link: Link, source: str, target: str) -> bool:
        """Whether the association was made just now."""
        if target not in self._sources:
            self._sources[target] = self._found.sources(target)
        if source in self._sources[target]:
            return False
        try:
            with told(f"associating {source} with {target}"):
                self._clients.sagemaker.add_association(
                    SourceArn=source, DestinationArn=target, AssociationType=link.type
                )
        except AwsRefused as error:
            if error.code != _INVALID or source not in self._found.sources(target):
                raise
            return False
        self._sources[target].add(source)
        return True
