"""A set's landed files as one artifact: a quota of artifacts is not spent on batches.

The artifact is a JSON document in the store that names every landed file of the set with its sha256 and URI,
and what was made of it on the way. It is named after its content: sets over the same batches share it, and
one more batch makes one more document, however many batches there are. The newest files are artifacts, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mlplatform.lineage.graph import Node
from mlplatform.ml.hashing import canonical_json
from mlplatform.ml.steps import LANDED_FILE

FILES_SHOWN = 10
"""How many landed files of a document, the last ones to land, are artifacts of their own."""
_FACTS = ("rows_in", "quarantined")
_MADE = ("raw", "validated", "features")


@dataclass(frozen=True)
class Batch:
    """One batch of a set: the landed file, and every step up to the features that the set draws from."""

    landed: tuple[Node, ...]
    made: Mapping[str, Node]

    @property
    def job(self) -> str:
        """ARN of the processing job that made the features; empty where none did."""
        features = self.made.get("features")
        return str((features.facts.get("job") or {}).get("arn", "")) if features else ""


class Batches:
    """The way back from features to landed files, each walked once. `sources` by the id of what was made."""

    def __init__(self, sources: Mapping[str, list[Node]]) -> None:
        self._sources = sources
        self._known: dict[str, Batch] = {}

    def of(self, features: Node) -> Batch:
        """What is behind one version of a batch's features."""
        if features.id not in self._known:
            self._known[features.id] = self._walked(features)
        return self._known[features.id]

    def _walked(self, features: Node) -> Batch:
        made, landed, waiting = {features.asset: features}, dict[str, Node](), [features]
        while waiting:
            for one in self._sources.get(waiting.pop().id, ()):
                if one.asset == LANDED_FILE:
                    landed[one.id] = one
                elif one.asset not in made:
                    made[one.asset] = one
                    waiting.append(one)
        return Batch(tuple(landed.values()), made)


def files_document(
    use_case: str, batches: Iterable[Batch], landed: Callable[[str], str], stored: Callable[[str], str]
) -> bytes:
    """Canonical JSON: {"use_case", "files": [...]}, one object per landed file in the order of batches.

    Each has batch, file, sha256 and uri; `made`: sha256 and uri of raw, validated and features; the rows that
    came in and were set aside; the processing job, and the whole file that it was a part of, where there are
    any. `landed` and `stored` give the URIs of a landed file and of a snapshot.
    """
    files = [_file(batch, file, landed, stored) for batch in batches for file in batch.landed]
    files.sort(key=lambda one: (str(one["batch"]), one["sha256"]))
    return canonical_json({"use_case": use_case, "files": files})


def newest(batches: Iterable[Batch]) -> list[tuple[Node, Batch]]:
    """The landed files that are artifacts of their own, the last to land first."""
    files = {file.id: (file, batch) for batch in batches for file in batch.landed}
    return sorted(files.values(), key=lambda one: _recorded(one[0]), reverse=True)[:FILES_SHOWN]


def _recorded(node: Node) -> int:
    """The place of an event in the log."""
    return int(node.id.rpartition(":")[2])


def _file(
    batch: Batch, file: Node, landed: Callable[[str], str], stored: Callable[[str], str]
) -> dict[str, Any]:
    made = {
        asset: {"sha256": batch.made[asset].sha256, "uri": stored(str(batch.made[asset].facts["path"]))}
        for asset in _MADE
        if asset in batch.made and "path" in batch.made[asset].facts
    }
    validated = batch.made.get("validated")
    facts = {name: validated.facts[name] for name in _FACTS if validated and name in validated.facts}
    whole = {"part_of": file.facts["from"]} if "from" in file.facts else {}
    job = {"job": batch.job} if batch.job else {}
    name = str(file.facts.get("file", ""))
    uri = landed(file.sha256)
    return {
        **{"batch": file.batch, "file": name, "sha256": file.sha256, "uri": uri, "made": made},
        **{**facts, **whole, **job},
    }
