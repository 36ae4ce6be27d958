"""`evaluation`: challenger and champion on the same frozen rows, and the verdict."""

import hashlib
from dataclasses import asdict
from typing import Any

import dagster as dg

from mlplatform.assets.challenge import Challenge
from mlplatform.assets.checks import answered_check
from mlplatform.assets.hold_out import HoldOut
from mlplatform.assets.made import Events, Inputs, Made, Production
from mlplatform.assets.production import produce
from mlplatform.assets.specs import step_arguments
from mlplatform.container.scoring import model_in
from mlplatform.lineage.champions import CHAMPION_AFTER, CHAMPION_BEFORE
from mlplatform.lineage.records import Record, latest
from mlplatform.ml import plots
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.looks import Looks, one_more, warning
from mlplatform.ml.steps import BY_NAME
from mlplatform.ml.verdict import Verdict
from mlplatform.resources.single_flight import SingleFlight
from mlplatform.resources.snapshots import Snapshots


def evaluation_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """The verdict, with the hashes of everything it rests on."""
    name, step = declaration.name, BY_NAME["evaluation"]

    @dg.multi_asset(**step_arguments(declaration, step))
    def evaluation(
        context: dg.AssetExecutionContext, snapshots: Snapshots, single_flight: SingleFlight
    ) -> Events:
        single_flight.hold(name)

        def make(inputs: Inputs) -> Production:
            return evaluate(declaration, inputs, snapshots, latest(context.instance, name, "evaluation"))

        yield from produce(context, declaration, step, snapshots, make)

    return evaluation


def evaluate(
    declaration: Declaration, inputs: Inputs, snapshots: Snapshots, before: Record | None
) -> Production:
    """Score, judge, draw. `before` is the evaluation before this one, if any: the looks are counted on."""
    models, validation_set = inputs.all("model"), inputs.one("validation_set")
    challenger, champion = models[0], models[1] if len(models) > 1 else None
    hold_out = HoldOut(declaration, model_in(snapshots.place(challenger.path)), validation_set, snapshots)
    rival = model_in(snapshots.place(champion.path)) if champion else None
    challenge = Challenge(hold_out, rival)
    verdict = challenge.verdict()
    document = {
        "use_case": declaration.name,
        "model": {"version": challenger.details["version"], "sha256": challenger.sha256},
        "champion": {"version": champion.details["version"], "sha256": champion.sha256} if champion else None,
        "validation_set": validation_set.sha256,
        "gate": declaration.gate.model_dump(mode="json"),
        "verdict": verdict.to_json(),
        "importance": challenge.importance(),
        "prediction_baseline": challenge.prediction_baseline().to_json(),
    }
    stored = snapshots.write_json(declaration.name, "evaluation", document)
    drawn = challenge.pictures()
    images = {title: dg.MetadataValue.md(plots.markdown_image(png, title)) for title, png in drawn.items()}
    # beside the document, not in it: what came before must not change what this verdict's hash is
    looks = one_more(before.details if before else {}, hold_out.manifest.split, validation_set.sha256)
    details = {
        **_details(challenger, champion, verdict),
        "pictures": {title: _stored_picture(declaration, snapshots, png) for title, png in drawn.items()},
        **looks.to_details(),
    }
    shown = {"model_version": challenger.details["version"], **_shown(verdict), **_shown_looks(looks)}
    made = Made(stored, {**shown, **images}, details)
    return Production({"evaluation": made}, [_gate_check(declaration, verdict)])


def _gate_check(declaration: Declaration, verdict: Verdict) -> dg.AssetCheckResult:
    return answered_check(
        declaration.name,
        "evaluation",
        "gate",
        verdict.decision == "PROMOTE",
        warn=verdict.decision == "HOLD",
        metadata={"decision": verdict.decision, "reason": verdict.reason},
    )


def _stored_picture(declaration: Declaration, snapshots: Snapshots, png: bytes) -> str:
    sha256 = hashlib.sha256(png).hexdigest()
    return snapshots.write_bytes(declaration.name, "evaluation", png, sha256, "png").path


def _shown(verdict: Verdict) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "verdict": verdict.decision,
        "reason": verdict.reason,
        verdict.metric: verdict.challenger.value,
        "interval": str(verdict.challenger),
    }
    if verdict.baseline is not None:
        shown[verdict.baseline_name] = verdict.baseline
    if verdict.slices:
        lines = [
            {
                "slice": f"{one.column} = {one.value}",
                "rows": one.rows,
                verdict.metric: str(one.estimate),
                "baseline": "" if one.baseline is None else f"{one.baseline:z.4f}",
            }
            for one in verdict.slices
        ]
        shown["slices"] = dg.MetadataValue.md(_markdown_table(lines))
    return shown


def _shown_looks(looks: Looks) -> dict[str, Any]:
    warned = warning(looks.by_rule)
    shown = {"looks": looks.by_rule, "looks_at_this_set": looks.at_this_set}
    return {**shown, "looks_warning": warned} if warned else shown


def _markdown_table(lines: list[dict[str, Any]]) -> str:
    names = list(lines[0])
    rows = ["| " + " | ".join(str(line[name]) for name in names) + " |" for line in lines]
    return "\n".join(["| " + " | ".join(names) + " |", "|" + " --- |" * len(names), *rows])


def _details(challenger: Record, champion: Record | None, verdict: Verdict) -> dict[str, Any]:
    before = champion.storage_id if champion else None
    return {
        "model_sha256": challenger.sha256,
        "model_version": challenger.details["version"],
        "verdict": verdict.decision,
        "reason": verdict.reason,
        "metric": {"name": verdict.metric, **asdict(verdict.challenger)},
        "validation_rows": verdict.rows,
        CHAMPION_BEFORE: before,
        CHAMPION_AFTER: challenger.storage_id if verdict.decision == "PROMOTE" else before,
    }
