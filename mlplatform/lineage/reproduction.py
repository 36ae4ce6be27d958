"""Whether a recorded model comes out again: what it was made from is proven, then all of it is made again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import dagster as dg

from mlplatform.container.code import Code
from mlplatform.container.layout import Layout
from mlplatform.container.rebuild import Outcome
from mlplatform.container.rebuild_order import RebuildOrder
from mlplatform.lineage.approvals import model_named
from mlplatform.lineage.batch_orders import batch_orders, spelling_recorded
from mlplatform.lineage.own_process import rebuilt_in
from mlplatform.lineage.proof import prove
from mlplatform.lineage.reasons import (
    code_notes,
    damage,
    environment_differences,
    why_bytes_differ,
)
from mlplatform.lineage.records import Record, newest
from mlplatform.lineage.walk import read_by, walk
from mlplatform.ml.environment import environment
from mlplatform.ml.hashing import digest
from mlplatform.ml.manifests import SetManifest
from mlplatform.ml.steps import BY_NAME

if TYPE_CHECKING:
    from mlplatform.ml.declaration import Declaration
    from mlplatform.resources.landed_files import LandedFiles
    from mlplatform.resources.snapshots import Snapshots

Result = Literal["identical", "within_tolerance", "different"]


@dataclass(frozen=True)
class Reproduction:
    """Whether a model came out again, and `because` of what not, or not quite.

    Of an identical one, `because` names what is another here than at training and made no difference.
    """

    result: Result
    because: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"result": self.result, "because": list(self.because)}


def reproduce(
    instance: dg.DagsterInstance,
    declaration: Declaration,
    version: str,
    snapshots: Snapshots,
    landed_files: LandedFiles,
    scratch: Path,
    *,
    at_most: float = 3600,
) -> Reproduction:
    """Rebuild a model version below `scratch`, in a process of its own, and compare it with what is stored.

    The way begins at the landed files, and everything is made by the model's own code, with the number of
    threads that it was trained with. The declaration says only what early records do not.
    Raises WrongUsage for an unknown version, MLPlatformError after `at_most` seconds.
    """
    model = model_named(instance, declaration.name, version)
    walked = {one.storage_id: one for one in walk(instance, declaration.name, model)}
    findings = prove(walked.values(), snapshots, landed_files)
    if findings:
        return Reproduction("different", damage(findings, model, snapshots))
    folder = snapshots.place(model.path)
    recorded = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    _lay_out(instance, declaration, model, walked, snapshots, landed_files, Layout(scratch))
    outcome = rebuilt_in(scratch, at_most)
    here = (outcome.manifest or {}).get("environment") or environment(
        recorded["environment"]["threads"], Code(folder / "code").imports
    )
    notes = (
        *code_notes(declaration, folder / "code", walked.values()),
        *environment_differences(recorded["environment"], here),
    )
    return _judged(outcome, recorded, notes)


def _lay_out(
    instance: dg.DagsterInstance,
    declaration: Declaration,
    model: Record,
    walked: Mapping[int, Record],
    snapshots: Snapshots,
    landed_files: LandedFiles,
    layout: Layout,
) -> None:
    """The inputs of the rebuilding program: parameters and code of the model, and the order."""
    folder = snapshots.place(model.path)
    recorded = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    layout.make()
    text = {name: json.dumps(value) for name, value in recorded["hyperparameters"].items()}
    layout.hyperparameters.write_text(json.dumps(text), encoding="utf-8")
    shutil.copytree(folder / "code", layout.channel("code"), ignore=shutil.ignore_patterns("__pycache__"))
    layout.channel("training").mkdir(parents=True, exist_ok=True)
    [drawn] = read_by(model, walked)
    training_set = SetManifest.from_json(snapshots.read_json(drawn.path))
    frozen = _frozen(instance, declaration.name, str(model.details["version"]), snapshots) or training_set
    parts = (*training_set.parts, *frozen.parts)
    RebuildOrder(
        model=str(folder.absolute()),
        training_set=training_set.to_json(),
        frozen=frozen.to_json(),
        places={one.path: str(snapshots.place(one.path).absolute()) for one in parts},
        batches=batch_orders(
            training_set,
            drawn,
            walked,
            snapshots,
            landed_files,
            lambda record: spelling_recorded(record) or _spelling_declared(declaration, record),
        ),
    ).write(layout.base)


def _spelling_declared(declaration: Declaration, record: Record) -> Mapping[str, Any] | None:
    """How the use case's files are spelled now, where the record's parameters prove that they were then."""
    same = record.parameters == digest(declaration.parameters(BY_NAME[record.asset]))
    return declaration.file.model_dump(mode="json") if same else None


def _frozen(
    instance: dg.DagsterInstance, use_case: str, version: str, snapshots: Snapshots
) -> SetManifest | None:
    """The rows that the version was judged on; None for one that was not, or whose rows are gone."""
    evaluation = newest(instance, use_case, "evaluation", lambda one: one.details["model_version"] == version)
    if evaluation is None:
        return None
    named = next(one for one in evaluation.inputs if one["asset"] == "validation_set")
    path = f"{use_case}/validation_set/{named['sha256']}.json"
    if not snapshots.exists(path):
        return None
    found = SetManifest.from_json(snapshots.read_json(path))
    return found if all(snapshots.exists(one.path) for one in found.parts) else None


def _judged(outcome: Outcome, recorded: Mapping[str, Any], notes: tuple[str, ...]) -> Reproduction:
    made, alike = outcome.manifest, outcome.alike
    if made is None:
        return Reproduction("different", (str(outcome.difference), *notes))
    if alike is None:
        same = made["sha256"] == recorded["sha256"]
        other = "the artifact's bytes are the same, but not what else makes the model's version"
        return Reproduction("identical", notes) if same else Reproduction("different", (other, *notes))
    result: Result = "within_tolerance" if alike.within else "different"
    return Reproduction(result, why_bytes_differ(alike, notes))
