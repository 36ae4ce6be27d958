"""`model_card`: what a person should read before approving the model."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from mlplatform.assets.made import Events, Inputs, Made, Production
from mlplatform.assets.production import produce
from mlplatform.assets.sets import read_manifest
from mlplatform.assets.specs import step_arguments
from mlplatform.container.scoring import model_in
from mlplatform.lineage.approvals import Judged
from mlplatform.ml import plots
from mlplatform.ml.cards import ModelCard, stated, to_html
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.held_out import held_out
from mlplatform.ml.manifests import SIDES
from mlplatform.ml.steps import BY_NAME
from mlplatform.resources.registry import Candidate, Registry
from mlplatform.resources.single_flight import SingleFlight
from mlplatform.resources.snapshots import Snapshots


def model_card_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """The card as a page in the store, and its main picture in the UI."""
    name, step = declaration.name, BY_NAME["model_card"]

    @dg.multi_asset(**step_arguments(declaration, step))
    def model_card(
        context: dg.AssetExecutionContext,
        snapshots: Snapshots,
        single_flight: SingleFlight,
        registry: dg.ResourceParam[Registry],
    ) -> Events:
        single_flight.hold(name)

        def make(inputs: Inputs) -> Production:
            return _production(declaration, inputs, snapshots, registry)

        yield from produce(context, declaration, step, snapshots, make)

    return model_card


def _production(
    declaration: Declaration, inputs: Inputs, snapshots: Snapshots, registry: Registry
) -> Production:
    judged = snapshots.read_json(inputs.one("evaluation").path)
    importance = [(str(column), float(loss)) for column, loss in judged["importance"]]
    picture = plots.importance(importance)
    card = _card(declaration, inputs, snapshots, judged["verdict"], importance, picture)
    page = to_html(card).encode()
    stored = snapshots.write_bytes(
        declaration.name, "model_card", page, hashlib.sha256(page).hexdigest(), "html"
    )
    shown = {
        "model_version": card.model_version,
        "page": dg.MetadataValue.path(str(snapshots.place(stored.path))),
        "importance": dg.MetadataValue.md(plots.markdown_image(picture, "importance of features")),
        "intended_use": stated(card.intended_use),
        "limits": stated(card.limits),
    }
    details: dict[str, Any] = {"model_version": card.model_version}
    if judged["verdict"]["decision"] == "PROMOTE":
        registered = registry.register(Candidate(_judged(inputs), card, stored.path))
        details |= registered
        shown |= registered
    return Production({"model_card": Made(stored, shown, details)})


def _judged(inputs: Inputs) -> Judged:
    sets = (inputs.one("training_set"), inputs.one("validation_set"))
    return Judged(inputs.one("model"), inputs.one("evaluation"), sets)


def _card(
    declaration: Declaration,
    inputs: Inputs,
    snapshots: Snapshots,
    verdict: dict[str, Any],
    importance: list[tuple[str, float]],
    picture: bytes,
) -> ModelCard:
    model, evaluation = inputs.one("model"), inputs.one("evaluation")
    sets = {"training": inputs.one("training_set"), "validation": inputs.one("validation_set")}
    trained = model_in(snapshots.place(model.path)).manifest
    used = set(part["batch"] for part in trained["inputs"])
    counts = [record.details for record in inputs.all("quarantine") if record.batch in used]
    pictures = {
        title: snapshots.place(path).read_bytes() for title, path in evaluation.details["pictures"].items()
    }
    return ModelCard(
        use_case=declaration.name,
        model_version=str(model.details["version"]),
        task=declaration.task,
        created=datetime.fromtimestamp(model.time, UTC).isoformat(timespec="seconds"),
        description=declaration.description,
        intended_use=declaration.intended_use,
        limits=declaration.limits,
        owners=declaration.owners,
        verdict=verdict,
        metrics={verdict["metric"]: verdict["challenger"]["value"]},
        training_rows=sets["training"].rows or 0,
        validation_rows=sets["validation"].rows or 0,
        batches=len(used),
        rows_in=sum(one["rows_in"] for one in counts),
        quarantined_rows=sum(one["quarantined"] for one in counts),
        training_digest=sets["training"].sha256,
        validation_digest=sets["validation"].sha256,
        hyperparameters=trained["hyperparameters"],
        environment=trained["environment"],
        class_balance={side: record.details["rows_per_class"] for side, record in sets.items()},
        importance=importance,
        looks=int(evaluation.details.get("looks", 0)),
        looks_at_this_set=int(evaluation.details.get("looks_at_this_set", 0)),
        plots={**pictures, "Importance of features": picture},
        held_out=held_out(
            *(read_manifest(snapshots, sets[side].path) for side in SIDES), entity=declaration.entity
        ),
    )
