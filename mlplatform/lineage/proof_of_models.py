"""Whether a stored model is the one that was recorded, with the code and the data that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlplatform.container.code import folder_sha256
from mlplatform.container.layout import ARTIFACT
from mlplatform.container.train import model_sha256
from mlplatform.lineage.records import Record
from mlplatform.ml.hashing import file_sha256
from mlplatform.ml.manifests import SetManifest

if TYPE_CHECKING:
    from mlplatform.resources.snapshots import Snapshots

MANIFEST = "manifest.json"


def model_facts(record: Record, read: list[Record], snapshots: Snapshots) -> Iterator[tuple[str, Any, Any]]:
    """Bytes of a model's files, its identity, and the set it was trained on: see `lineage.proof`."""
    folder, path, details = snapshots.place(record.path), record.path, record.details
    yield f"{path}/{ARTIFACT}", details["artifact_sha256"], file_sha256(folder / ARTIFACT)
    if "code_sha256" in details:  # an earlier version of the platform did not record it
        yield f"{path}/code", details["code_sha256"], folder_sha256(folder / "code")
    for name, sha256 in details.get("files", {}).items():
        yield f"{path}/{name}", sha256, file_sha256(folder / name)
    document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    identity = model_sha256(document)
    said = (record.sha256, record.sha256[:12], details["artifact_sha256"], record.code_version)
    found = (identity, document["version"], document["artifact_sha256"], document["code_version"])
    yield f"identity in {path}/{MANIFEST}", said, found
    yield f"version of {path}", record.sha256[:12], path.rpartition("/")[2]
    for one in read:
        yield f"training set in {path}/{MANIFEST}", one.sha256, document["training_set"]
        drawn = SetManifest.from_json(snapshots.read_json(one.path))
        parts = [{"batch": part.batch, "sha256": part.sha256, "rows": part.rows} for part in drawn.parts]
        yield f"inputs in {path}/{MANIFEST}", parts, document["inputs"]
