"""From the records of released models to the entities and associations of SageMaker Lineage. Pure.

    landed files -> files of a set -> training set -> training -> model -> evaluation -> verdict -> card
    model, verdict -> approval -> deployment -> endpoint -> use case

and, from these, on to what the service has made by itself: the trial components of jobs, the model's
artifact, the model package and the endpoint's context.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from mlplatform.lineage.answering import ALREADY_LIVE
from mlplatform.lineage.exports.sagemaker_entities import (
    OWN,
    End,
    Entity,
    Link,
    LinkType,
    Plan,
    Theirs,
    spelled,
)
from mlplatform.lineage.exports.sagemaker_facts import action_of, artifact_of, context_of
from mlplatform.lineage.exports.sagemaker_files import Batches, files_document, newest
from mlplatform.lineage.graph import Graph, Node
from mlplatform.ml.hashing import digest


@dataclass(frozen=True)
class Places:
    """Where the store keeps things, as URIs of a path: snapshots, landed files, documents of the lineage.

    `installation` tells apart the platforms of one account, `endpoint` is the service's name of the use
    case's endpoint, `invocations` the URL at which it is asked.
    """

    snapshot: Callable[[str], str]
    landed: Callable[[str], str]
    document: Callable[[str], str]
    installation: str
    endpoint: str
    invocations: str


def use_case_context_name(endpoint: str) -> str:
    """What the context of a use case is called, after the service's name of its endpoint."""
    return spelled(f"{endpoint}-use-case")


def plan_of(graph: Graph, places: Places) -> Plan:
    """What an export of the released models (`exports.released`) makes. The same graph gives the same plan;
    a longer history gives the same entities and more."""
    planning = _Planning(graph, places)
    for node in graph.nodes:
        plan = _PLANNED.get(node.asset)
        if plan:
            plan(planning, node)
    return planning.plan()


class _Planning:
    """What is planned so far. An entity that is planned twice stays as it was first recorded."""

    def __init__(self, graph: Graph, places: Places) -> None:
        self.use_case, self.places = str(graph.subject["use_case"]), places
        nodes = graph.by_id()
        self.sources: dict[str, list[Node]] = {one.id: [] for one in graph.nodes}
        for source, target in graph.edges:
            self.sources[target].append(nodes[source])
        self.batches = Batches(self.sources)
        cards = graph.of("model_card")
        self.packages = {one.facts["model_version"]: str(one.facts.get("package") or "") for one in cards}
        self._ends: dict[str, End] = {}
        self._links: dict[tuple[str, str], Link] = {}
        self._documents: dict[str, bytes] = {}
        self._files: dict[tuple[str, ...], Entity] = {}

    def plan(self) -> Plan:
        """All of it."""
        ends = self._ends.values()
        return Plan(
            use_case=self.use_case,
            entities=tuple(one for one in ends if isinstance(one, Entity)),
            theirs=tuple(one for one in ends if isinstance(one, Theirs)),
            links=tuple(self._links.values()),
            documents=self._documents,
        )

    def link(self, source: End, kind: LinkType, target: End) -> None:
        """One association; its ends are planned with it."""
        for end in (source, target):
            self._ends.setdefault(end.id, end)
        link = Link(source.id, target.id, kind)
        self._links.setdefault((link.source, link.target), link)

    def artifact(self, node: Node) -> Entity:
        """The artifact of a version."""
        return artifact_of(self.use_case, node, self.places.snapshot(str(node.facts["path"])))

    def action(self, node: Node, done: str, identity: Any, uri: str, facts: Mapping[str, Any]) -> Entity:
        """What was done; `identity` are the values that make it one and the same."""
        whole = digest([self.places.installation, self.use_case, done, identity])
        return action_of(self.use_case, node, done, whole, uri, facts)

    def use_case_context(self) -> Entity:
        """What all models of the use case belong to."""
        name = use_case_context_name(self.places.endpoint)
        facts = {"asset": "use_case", OWN: self.use_case}
        return context_of(name, "UseCase", self.places.installation, facts)

    def endpoint_context(self) -> Entity:
        """What all deployments of the use case belong to."""
        facts = {"asset": "endpoint", OWN: self.use_case, "endpoint": self.places.endpoint}
        return context_of(
            f"{self.places.endpoint}-deployments", "UseCaseEndpoint", self.places.invocations, facts
        )

    def belongs(self, one: Entity) -> None:
        """Lets an entity be found from the use case."""
        self.link(one, "AssociatedWith", self.use_case_context())

    def read(self, node: Node, asset: str) -> list[Node]:
        """The versions of an asset that a node was made from."""
        return [one for one in self.sources[node.id] if one.asset == asset]

    def files(self, drawn: Node) -> Entity:
        """The landed files of a set, as one artifact; the last ones also as their own."""
        features = self.read(drawn, "features")
        key = tuple(one.id for one in features)
        if key in self._files:
            return self._files[key]
        batches, places = [self.batches.of(one) for one in features], self.places
        document = files_document(self.use_case, batches, places.landed, places.snapshot)
        hashed = sha256(document).hexdigest()
        files = {file.id: file for one in batches for file in one.landed}
        facts = {
            "asset": "landed_files",
            OWN: self.use_case,
            "sha256": hashed,
            "files": len(files),
            "first_batch": min((str(one.batch) for one in files.values()), default=None),
            "last_batch": max((str(one.batch) for one in files.values()), default=None),
        }
        found = artifact_of(
            self.use_case,
            Node("", "landed_files", None, hashed, "", "", ""),
            places.document(f"{hashed}.json"),
            facts,
        )
        self._ends.setdefault(found.id, found)
        self._documents[found.id] = document
        for file, batch in newest(batches):
            landed = artifact_of(self.use_case, file, places.landed(file.sha256))
            self.link(landed, "ContributedTo", found)
            if batch.job:
                self.link(landed, "ContributedTo", Theirs("job", batch.job))
                self.link(Theirs("job", batch.job), "ContributedTo", found)
        self._files[key] = found
        return found


def _model(planning: _Planning, node: Node) -> None:
    model = planning.artifact(node)
    job = str((node.facts.get("job") or {}).get("arn", ""))
    training = planning.action(node, "training", node.sha256, job or model.uri, node.facts)
    for drawn in planning.read(node, "training_set"):
        training_set = planning.artifact(drawn)
        planning.link(planning.files(drawn), "DerivedFrom", training_set)
        planning.link(training_set, "ContributedTo", training)
        if job:
            planning.link(training_set, "ContributedTo", Theirs("job", job))
    planning.link(training, "Produced", model)
    if job:
        planning.link(Theirs("job", job), "Produced", model)
    planning.link(model, "SameAs", Theirs("artifact", model.uri))
    planning.belongs(model)


def _evaluation(planning: _Planning, node: Node) -> None:
    verdict = planning.artifact(node)
    evaluation = planning.action(node, "evaluation", node.sha256, verdict.uri, node.facts)
    for model in planning.read(node, "model"):
        if model.sha256 == node.facts["model_sha256"]:  # the champion is no part of what was judged
            planning.link(planning.artifact(model), "ContributedTo", evaluation)
    for drawn in planning.read(node, "validation_set"):
        validation_set = planning.artifact(drawn)
        planning.link(planning.files(drawn), "DerivedFrom", validation_set)
        planning.link(validation_set, "ContributedTo", evaluation)
    planning.link(evaluation, "Produced", verdict)
    planning.belongs(verdict)


def _model_card(planning: _Planning, node: Node) -> None:
    card = planning.artifact(node)
    for evaluation in planning.read(node, "evaluation"):
        planning.link(planning.artifact(evaluation), "DerivedFrom", card)
    package = str(node.facts.get("package") or "")
    if package:
        planning.link(card, "AssociatedWith", Theirs("artifact", package))
    planning.belongs(card)


def _approval(planning: _Planning, node: Node) -> None:
    approval = _approval_action(planning, node)
    for asset in ("model", "evaluation"):
        for one in planning.read(node, asset):
            planning.link(planning.artifact(one), "ContributedTo", approval)
    registered = planning.packages.get(node.facts["model_version"], "")
    judged = (str(one.get("source")) for one in node.facts["statements"])
    for package in dict.fromkeys((registered, *judged)):
        if package.startswith("arn:"):
            planning.link(approval, "AssociatedWith", Theirs("artifact", package))
    planning.belongs(approval)


def _deployment(planning: _Planning, node: Node) -> None:
    if node.facts["action"] == ALREADY_LIVE:
        return
    uri = planning.places.snapshot(str(node.facts["path"]))
    # the same model may go live twice, with the same document
    identity = [node.sha256, node.facts["since"]]
    deployment = planning.action(node, "deployment", identity, uri, node.facts)
    for approval in planning.read(node, "approval"):
        planning.link(_approval_action(planning, approval), "ContributedTo", deployment)
    for model in planning.read(node, "model"):
        planning.link(planning.artifact(model), "ContributedTo", deployment)
    endpoint = planning.endpoint_context()
    planning.link(deployment, "AssociatedWith", endpoint)
    arn = str(node.facts["document"].get("endpoint_arn") or "")
    if arn:
        planning.link(endpoint, "AssociatedWith", Theirs("context", arn))
    planning.belongs(endpoint)


def _approval_action(planning: _Planning, node: Node) -> Entity:
    uri = planning.places.snapshot(str(node.facts["path"]))
    return planning.action(node, "approval", node.sha256, uri, node.facts)


_PLANNED: Mapping[str, Callable[[_Planning, Node], None]] = {
    "model": _model,
    "evaluation": _evaluation,
    "model_card": _model_card,
    "approval": _approval,
    "endpoint": _deployment,
}
