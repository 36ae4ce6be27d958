"""`training_set` and `validation_set`: manifests over the features of all batches."""

from contextlib import suppress

import dagster as dg

from mlplatform.assets.checks import answered_check, table
from mlplatform.assets.made import Events, Inputs, Made, Production
from mlplatform.assets.production import produce, refuse_other_code
from mlplatform.assets.specs import step_arguments
from mlplatform.lineage.records import latest
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.leakage import (
    Looked,
    Roles,
    known_later,
    look_for_leaks,
    measure,
    newest_rows,
    newest_validated,
    refuse_leaks,
)
from mlplatform.ml.manifests import FeaturesVersion, SetManifest, draw_sets
from mlplatform.ml.plots import class_balance, markdown_image
from mlplatform.ml.splits import Side, TimeSplit, column_of
from mlplatform.ml.steps import BY_NAME
from mlplatform.ml.sufficiency import refuse_too_little
from mlplatform.resources.single_flight import SingleFlight
from mlplatform.resources.snapshots import Snapshot, Snapshots

_SHOWN_FEATURES = 10


def set_assets(declaration: Declaration) -> dg.AssetsDefinition:
    """Both sets in one step, since one rule draws both."""
    name, step = declaration.name, BY_NAME["sets"]

    @dg.multi_asset(**step_arguments(declaration, step))
    def sets(context: dg.AssetExecutionContext, snapshots: Snapshots, single_flight: SingleFlight) -> Events:
        single_flight.hold(name)

        def make(inputs: Inputs) -> Production:
            refuse_other_code(declaration, inputs.all("features"))
            previous = _previous_manifests(context.instance, name, snapshots)
            drawn = _draw(declaration, inputs, snapshots, previous)
            for manifest in drawn.values():
                refuse_too_little(manifest, minimum_rows=declaration.minimum_rows, task=declaration.task)
            looked = _refuse_leaks(declaration, drawn, snapshots)
            return _production(declaration, drawn, snapshots, looked)

        yield from produce(context, declaration, step, snapshots, make)

    return sets


def read_manifest(snapshots: Snapshots, path: str) -> SetManifest:
    """A stored set."""
    return SetManifest.from_json(snapshots.read_json(path))


def _previous_manifests(
    instance: dg.DagsterInstance, use_case: str, snapshots: Snapshots
) -> list[SetManifest]:
    records = [latest(instance, use_case, asset) for asset in BY_NAME["sets"].outputs]
    manifests = []
    for record in records:
        with suppress(DamagedSnapshot, ValueError):  # they only save counting again
            if record:
                manifests.append(read_manifest(snapshots, record.path))
    return manifests


def _draw(
    declaration: Declaration, inputs: Inputs, snapshots: Snapshots, previous: list[SetManifest]
) -> dict[Side, SetManifest]:
    decides, target = column_of(declaration.split, declaration.entity), declaration.target
    versions = [
        FeaturesVersion(str(r.batch), r.sha256, r.path, str(r.details["validated"]))
        for r in inputs.all("features")
    ]
    return draw_sets(
        declaration.name,
        declaration.split,
        versions,
        lambda version: snapshots.read_frame(version.path, [decides, target]).rename(
            columns={decides: "decides", target: "target"}
        ),
        previous,
        classes=declaration.task != "regression",
    )


def _refuse_leaks(declaration: Declaration, drawn: dict[Side, SetManifest], snapshots: Snapshots) -> Looked:
    """What was looked at. Leaked where the newest rows show a leak."""
    time = declaration.split.column if isinstance(declaration.split, TimeSplit) else None
    roles = Roles(declaration.entity, declaration.target, declaration.task, time)
    forecast = {declaration.gate.naive} & {*declaration.carried}  # it travels along for the gate, no feature
    rows = newest_rows(
        drawn, declaration.entity, lambda part: snapshots.read_frame(part.path).drop(columns=[*forecast])
    )
    looked = look_for_leaks(rows["training"], rows["validation"], roles, declaration.leakage)
    later = known_later(
        newest_validated(drawn, lambda part: snapshots.read_frame(part.validated)),
        declaration.build_features,
        list(declaration.features.to_schema().columns),
        roles,
        declaration.unseen,
        declaration.leakage,
    )
    refuse_leaks(declaration.name, [*looked.leaks, *later])
    return looked


def _no_leakage(declaration: Declaration, looked: Looked) -> dg.AssetCheckResult:
    """What the check saw when it passed: rows of the newest batches, twins, and the most telling features."""
    columns = dg.TableSchema([dg.TableColumn("feature", "string"), dg.TableColumn("score", "string")])
    best = [{"feature": name, "score": f"{score:.4f}"} for name, score in looked.alone.items()]
    metadata = {
        "training_rows_looked_at": looked.training_rows,
        "validation_rows_looked_at": looked.validation_rows,
        "held_out_rows_with_a_twin": looked.twins.share,
        "copied_rows": looked.twins.copied,
        "score": measure(declaration.task),
        "features_alone": table(best[:_SHOWN_FEATURES], columns),
    }
    return answered_check(declaration.name, "training_set", "no_leakage", metadata=metadata)


def _production(
    declaration: Declaration, drawn: dict[Side, SetManifest], snapshots: Snapshots, looked: Looked
) -> Production:
    name, outputs = declaration.name, {}
    pictures = _pictures(drawn) if declaration.task != "regression" else {}
    for side, manifest in drawn.items():
        stored = snapshots.write_json(name, f"{side}_set", manifest.to_json(), manifest.digest)
        outputs[f"{side}_set"] = Made(
            snapshot=Snapshot(stored.sha256, stored.path, manifest.rows),
            metadata={
                "batches": len(manifest.parts),
                "rule": manifest.split.model_dump(mode="json"),
                **pictures,
                "dagster/uri": dg.MetadataValue.path(str(snapshots.place(stored.path))),
            },
            details={
                "rows_per_class": manifest.classes,
                "batches": len(manifest.parts),
                "rows_per_batch": {part.batch: part.rows for part in manifest.parts if part.rows},
                "entity": declaration.entity,
            },
        )
    rows = {f"{side}_rows": manifest.rows for side, manifest in drawn.items()}
    enough = answered_check(name, "training_set", "enough_data", metadata=rows)
    return Production(outputs, [enough, _no_leakage(declaration, looked)])


def _pictures(drawn: dict[Side, SetManifest]) -> dict[str, dg.MarkdownMetadataValue]:
    png = class_balance({side: manifest.classes for side, manifest in drawn.items()})
    return {"class_balance": dg.MetadataValue.md(markdown_image(png, "rows per class in each set"))}
