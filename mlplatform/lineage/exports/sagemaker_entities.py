"""What SageMaker Lineage is made of, in plain values, cut to what the service takes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mlplatform.lineage.graph import Graph, Node
from mlplatform.ml.hashing import digest

Kind = Literal["artifact", "action", "context"]
LinkType = Literal["ContributedTo", "AssociatedWith", "DerivedFrom", "Produced", "SameAs"]

LONGEST_NAME, MOST_PROPERTIES = 120, 30
LONGEST_VALUE: Mapping[Kind, int] = {"artifact": 4096, "action": 2500, "context": 2500}
OWN = "mlplatform:use_case"
"""The property that every entity of ours has, and none of the service's own."""
_OF_A_NODE = ("record", "asset", "batch", "sha256", "code_version", "time", "run_id")
_DIGITS = 12


@dataclass(frozen=True)
class Entity:
    """An artifact, which is known by its URI and sha256, or an action or a context, known by its name.

    `properties` are what is shown of it, at most 30 texts; `type` is the service's word for what it is.
    """

    kind: Kind
    name: str
    type: str
    uri: str
    sha256: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What makes it one and the same, whoever exports it."""
        return f"{self.uri}#{self.sha256}" if self.kind == "artifact" else f"{self.kind}:{self.name}"

    def node(self) -> Node:
        """As a node of a graph; its id is the record's that it was first exported from."""
        said = {name: self.properties.get(name, "") for name in _OF_A_NODE}
        facts = {name: text for name, text in self.properties.items() if name not in _OF_A_NODE}
        own = {"kind": self.kind, "name": self.name, "type": self.type, "uri": self.uri}
        return Node(
            id=said["record"] or self.id,
            asset=said["asset"],
            batch=said["batch"] or None,
            sha256=said["sha256"],
            code_version=said["code_version"],
            time=said["time"],
            run_id=said["run_id"],
            facts={**own, **facts},
        )


@dataclass(frozen=True)
class Theirs:
    """What the service has made by itself: the trial component of a job, the artifact of a URI (or of a model
    package), the context of an endpoint. `uri` is the URI or ARN by which it is found."""

    kind: Literal["job", "artifact", "context"]
    uri: str

    @property
    def id(self) -> str:
        """What makes it one and the same."""
        return f"service {self.kind}:{self.uri}"


End = Entity | Theirs


@dataclass(frozen=True)
class Link:
    """An association, from what was there before to what came of it. The ends are ids."""

    source: str
    target: str
    type: LinkType


@dataclass(frozen=True)
class Plan:
    """Everything that is to be there after an export.

    `entities` in the order in which they are made, `links` between these and `theirs`. `documents` are the
    JSON bytes that must lie at the URI of an artifact, by the artifact's id.
    """

    use_case: str
    entities: tuple[Entity, ...] = ()
    theirs: tuple[Theirs, ...] = ()
    links: tuple[Link, ...] = ()
    documents: Mapping[str, bytes] = field(default_factory=dict)

    def graph(self) -> Graph:
        """Our own entities and the links between them: what reading back gives."""
        return graph_of_entities(
            self.use_case, self.entities, ((one.source, one.target) for one in self.links)
        )


def graph_of_entities(use_case: str, entities: Iterable[Entity], links: Iterable[tuple[str, str]]) -> Graph:
    """Entities as a graph, in the order of their ids; links to anything else are left out."""
    nodes = {one.id: one.node() for one in sorted(entities, key=lambda one: one.id)}
    edges = {(nodes[a].id, nodes[b].id) for a, b in links if a in nodes and b in nodes}
    subject = {"kind": "export", "use_case": use_case}
    return Graph(subject, tuple(nodes.values()), tuple(sorted(edges)))


def spelled(*words: str) -> str:
    """Letters, digits and single hyphens, at most 120; where some had to go, a hash tells texts apart."""
    whole = " ".join(words)
    plain = re.sub(r"[^A-Za-z0-9]+", "-", whole).strip("-") or "it"
    if len(plain) <= LONGEST_NAME:
        return plain
    return f"{plain[: LONGEST_NAME - _DIGITS - 1].rstrip('-')}-{digest(whole)[:_DIGITS]}"


def texts(kind: Kind, facts: Mapping[str, Any]) -> dict[str, str]:
    """Facts as properties: on one line, cut to the service's length, the empty ones and the 31st left out."""
    found: dict[str, str] = {}
    for name, value in facts.items():
        text = " ".join(str(value).split()) if value is not None else ""
        if text and len(found) < MOST_PROPERTIES:
            longest = LONGEST_VALUE[kind]
            found[name] = text if len(text) <= longest else f"{text[: longest - 3]}..."
    return found
