"""Per batch: raw, validated + quarantine, features."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from mlplatform.assets.batch_range import produce_batches
from mlplatform.assets.checks import SHOWN_CASES, answered_check, case_table
from mlplatform.assets.display import table_metadata
from mlplatform.assets.made import Events, Inputs, Made, Production
from mlplatform.assets.specs import step_arguments
from mlplatform.ml import plots
from mlplatform.ml.contracts import Validated, validate
from mlplatform.ml.contracts.conservation import conserved
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import Case
from mlplatform.ml.reading import ROW_ID, read_landed
from mlplatform.ml.steps import BY_NAME, LANDED_FILE
from mlplatform.resources.landed_files import LandedFiles
from mlplatform.resources.processing import FeaturesRequest, Processing
from mlplatform.resources.snapshots import Snapshots

if TYPE_CHECKING:
    import pandas as pd


def raw_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """`raw`: the landed bytes as a table of text."""
    name, step = declaration.name, BY_NAME["raw"]

    @dg.multi_asset(**step_arguments(declaration, step))
    def raw(context: dg.AssetExecutionContext, snapshots: Snapshots, landed_files: LandedFiles) -> Events:
        def make(inputs: Inputs) -> Production:
            landed = inputs.one(LANDED_FILE)
            file, batch = str(landed.details["file"]), str(landed.batch)
            table = read_landed(landed_files.proven(landed.sha256), file, batch, declaration.file)
            snapshot = snapshots.write_table(name, "raw", batch, table)
            shown = {"file": file, **table_metadata(table, snapshot, snapshots)}
            readable = answered_check(name, "raw", "readable", metadata={"rows": table.num_rows})
            details = {"file": file, "spelling": _spelling(declaration)}
            return Production({"raw": Made(snapshot, shown, details)}, [readable])

        yield from produce_batches(context, declaration, step, snapshots, make)

    return raw


def validated_assets(declaration: Declaration) -> dg.AssetsDefinition:
    """`validated` and `quarantine`: every row of raw is in exactly one of them."""
    step = BY_NAME["validated"]

    @dg.multi_asset(**step_arguments(declaration, step))
    def validated(context: dg.AssetExecutionContext, snapshots: Snapshots) -> Events:
        def make(inputs: Inputs) -> Production:
            raw = inputs.one("raw")
            table = snapshots.read_table(raw.path)
            judged = validate(
                table,
                declaration.raw,
                source_file=str(raw.details["file"]),
                max_quarantined_share=declaration.max_quarantined_share,
                file_format=declaration.file,
            )
            return _validated_production(declaration, snapshots, str(raw.batch), judged, table.column(ROW_ID))

        yield from produce_batches(context, declaration, step, snapshots, make)

    return validated


def _validated_production(
    declaration: Declaration, snapshots: Snapshots, batch: str, judged: Validated, landed_ids: Any
) -> Production:
    name, rows, quarantine = declaration.name, judged.rows, judged.quarantine
    kept = snapshots.write_table(name, "validated", batch, rows)
    aside = snapshots.write_table(name, "quarantine", batch, quarantine)
    counts = {"rows_in": len(landed_ids), "validated": len(rows), "quarantined": len(quarantine)}
    per_rule = judged.rows_per_rule()
    why = _why_set_aside(quarantine, per_rule)
    shown = {**counts, **table_metadata(rows, kept, snapshots, declaration.raw)}
    aside_shown = {**why, **_picture(per_rule), **table_metadata(quarantine, aside, snapshots)}
    all_there = conserved(landed_ids, rows[ROW_ID], quarantine[ROW_ID])
    nothing_aside = answered_check(
        name, "validated", "nothing_quarantined", not len(quarantine), warn=True, metadata={**counts, **why}
    )
    return Production(
        {
            "validated": Made(kept, shown, {**counts, "spelling": _spelling(declaration)}),
            "quarantine": Made(aside, aside_shown, {"rows_per_rule": per_rule, **counts}),
        },
        [
            answered_check(name, "validated", "contract", metadata=counts),
            answered_check(name, "validated", "rows_conserved", all_there, metadata=counts),
            nothing_aside,
        ],
    )


def _spelling(declaration: Declaration) -> dict[str, Any]:
    """How the file was read, so that its record alone says how to read it again."""
    return declaration.file.model_dump(mode="json")


def _why_set_aside(quarantine: "pd.DataFrame", per_rule: dict[str, int]) -> dict[str, Any]:
    """Rows per rule, and the first failing cases as a table."""
    first = quarantine.head(SHOWN_CASES).astype(object)
    first = first.where(first.notna(), None)
    cases = [Case(one.rule, one.column, one.value, one.row) for one in first.itertuples()]
    return {"rows_per_rule": per_rule, "cases": case_table(cases)}


def _picture(per_rule: dict[str, int]) -> dict[str, Any]:
    """The same counts to look at; nothing to draw for a batch without a fault."""
    if not per_rule:
        return {}
    png = plots.rows_per_rule(list(per_rule.items()))
    return {"broken_rules": dg.MetadataValue.md(plots.markdown_image(png, "quarantined rows per rule"))}


def features_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """`features`: the use case's function over the validated rows, wherever `processing` runs it."""
    name, step = declaration.name, BY_NAME["features"]

    @dg.multi_asset(**step_arguments(declaration, step))
    def features(
        context: dg.AssetExecutionContext, snapshots: Snapshots, processing: dg.ResourceParam[Processing]
    ) -> Events:
        run_id = context.op_execution_context.run_id

        def make(inputs: Inputs) -> Production:
            validated = inputs.one("validated")
            made = processing.features(FeaturesRequest(declaration, snapshots, validated.path, run_id))
            snapshot = snapshots.write_table(name, "features", validated.batch, made.table)
            job = {"job": dict(made.job)} if made.job else {}
            shown = {**table_metadata(made.table, snapshot, snapshots, declaration.features), **job}
            return Production({"features": Made(snapshot, shown, {"validated": validated.path, **job})})

        yield from produce_batches(context, declaration, step, snapshots, make)

    return features
