"""What is shown of an entity: the facts of its record that people ask for, as properties. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlplatform.lineage.exports.sagemaker_entities import OWN, Entity, spelled, texts
from mlplatform.lineage.graph import Node

_TYPES = {"model": "Model", "evaluation": "Evaluation", "model_card": "ModelCard"}
_OTHER_ARTIFACTS = "DataSet"  # the service's own words, where it has one
_ACTIONS = {
    "training": "Training",
    "evaluation": "Evaluation",
    "approval": "Approval",
    "deployment": "ModelDeployment",
}
_SHOWN_DIGITS = 12
_INTERNAL = frozenset({"path", "page", "pictures", "files", "document", "use_case", "training"})


def artifact_of(use_case: str, node: Node, uri: str, facts: Mapping[str, Any] | None = None) -> Entity:
    """A stored version; `facts` instead of the record's."""
    return Entity(
        kind="artifact",
        name=spelled(use_case, node.asset, node.batch or "", node.sha256[:_SHOWN_DIGITS]),
        type=_TYPES.get(node.asset, _OTHER_ARTIFACTS),
        uri=uri,
        sha256=node.sha256,
        properties=texts("artifact", _facts(use_case, node) if facts is None else facts),
    )


def action_of(
    use_case: str, node: Node, done: str, identity: str, uri: str, facts: Mapping[str, Any]
) -> Entity:
    """Something that was done. `identity` (hex) makes its name; an approval says who and why first."""
    said = {**_said(facts), **_facts(use_case, node), "asset": done, "record": f"{done} of {node.id}"}
    return Entity(
        kind="action",
        name=spelled(use_case, done, identity[:20]),
        type=_ACTIONS[done],
        uri=uri,
        sha256=node.sha256,
        properties=texts("action", said),
    )


def context_of(name: str, kind: str, uri: str, facts: Mapping[str, Any]) -> Entity:
    """Something that others belong to."""
    return Entity(kind="context", name=spelled(name), type=kind, uri=uri, properties=texts("context", facts))


def _facts(use_case: str, node: Node) -> dict[str, Any]:
    """What every entity says of its record, then the record's own facts."""
    always = {
        OWN: use_case,
        "record": node.id,
        "asset": node.asset,
        "batch": node.batch,
        "sha256": node.sha256,
        "code_version": node.code_version,
        "time": node.time,
        "run_id": node.run_id,
    }
    own = {name: _text(value) for name, value in node.facts.items() if name not in {*_INTERNAL, *always}}
    return {**always, **own}


def _said(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Of an approval: who said what last, and why."""
    statements = facts.get("statements") or ()
    if not statements:
        return {}
    last = statements[-1]
    return {"approver": last["approver"], "reason": last["reason"], "outcome": facts.get("outcome")}


def _text(value: Any) -> Any:
    """Mappings and lists as JSON."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list, tuple)) else value
