"""`captured`: the rows that were asked and answered in a window of traffic."""

import time
from datetime import UTC, datetime

import dagster as dg

from mlplatform.assets.checks import answered_check, case_table
from mlplatform.assets.display import table_metadata
from mlplatform.assets.made import Events, Inputs, Made, Production
from mlplatform.assets.production import guarded, reusable, stamp_of
from mlplatform.assets.publishing import publish, reuse
from mlplatform.assets.specs import step_arguments
from mlplatform.container.scoring import model_in
from mlplatform.lineage.records import Record, newest
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.naming import endpoint_name
from mlplatform.ml.planning import Input
from mlplatform.ml.steps import BY_NAME
from mlplatform.ml.traffic import Captured, captured_rows
from mlplatform.ml.windows import UNKNOWN_MODEL, Window, closed
from mlplatform.resources.captured import CapturedTraffic, Traffic
from mlplatform.resources.snapshots import Snapshots

_STEP = BY_NAME["captured"]


def captured_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """`captured`: the window's lines as a table."""

    @dg.multi_asset(**step_arguments(declaration, _STEP))
    def captured(
        context: dg.AssetExecutionContext, snapshots: Snapshots, captured_traffic: CapturedTraffic
    ) -> Events:
        events = _captured(context, declaration, snapshots, captured_traffic)
        yield from guarded(declaration, _STEP, snapshots, events)

    return captured


def one_window(context: dg.AssetExecutionContext) -> Window:
    """The window of a run; WrongUsage for a run over none or several, or over a partition that is none."""
    keys = context.partition_keys if context.has_partition_key or context.has_partition_key_range else []
    if len(keys) != 1:
        raise WrongUsage(f"this run is over {len(keys)} windows, each window needs a run of its own.")
    return Window.named(str(keys[0]))


def _captured(
    context: dg.AssetExecutionContext,
    declaration: Declaration,
    snapshots: Snapshots,
    traffic: CapturedTraffic,
) -> Events:
    started = time.perf_counter()
    name, window = declaration.name, one_window(context)
    is_closed = closed(window.span, datetime.now(UTC))
    read = traffic.read(endpoint_name(name), window.span, is_closed, keep=window.model_version)
    if window.model_version not in read.versions:
        raise WrongUsage(f"nothing captured in {window.span} was answered by model {window.model_version}.")
    deployment = newest(
        context.instance, name, "endpoint", lambda one: one.details["model_version"] == window.model_version
    )
    inputs = Inputs((deployment,) if deployment else ())
    # the captured lines count as an input, although they are no asset
    lines = Input("capture", window.key, read.versions[window.model_version])
    stamp = stamp_of(declaration, _STEP, inputs, lines)
    previous = reusable(context.instance, name, _STEP, window.key, stamp, snapshots)
    if previous:
        yield from reuse(name, inputs, previous)
        return
    captured = _answered_rows(context.instance, name, window, read, snapshots)
    made = _captured_production(name, window, read, captured, snapshots)
    context.log.info(f"{window.key}: {made.outputs['captured'].snapshot.rows:,} rows captured")
    yield from publish(name, inputs, stamp, made, time.perf_counter() - started)


def _answered_rows(
    instance: dg.DagsterInstance, use_case: str, window: Window, read: Traffic, snapshots: Snapshots
) -> Captured:
    """The lines' rows, with the columns that the window's model is asked with by its own contract."""
    if window.model_version == UNKNOWN_MODEL:
        return captured_rows(read.lines, [])
    code = model_in(snapshots.place(_model(instance, use_case, window).path)).code
    declared = code.declared
    columns = code.named(declared.raw).to_schema().columns
    asked = [column for column in columns if column not in declared.unseen]
    classes = declared.task == "multiclass_classification"
    return captured_rows(read.lines, asked, classes=classes, answered_by=window.model_version)


def _model(instance: dg.DagsterInstance, use_case: str, window: Window) -> Record:
    found = newest(instance, use_case, "model", lambda one: one.details["version"] == window.model_version)
    if found is None:
        raise WrongUsage(
            f"window {window.key} was answered by model {window.model_version}, which {use_case} has no "
            "record of. Was its traffic captured with another home folder?"
        )
    return found


def _captured_production(
    use_case: str, window: Window, read: Traffic, captured: Captured, snapshots: Snapshots
) -> Production:
    snapshot = snapshots.write_table(use_case, "captured", window.key, captured.rows)
    counts = {
        "exchanges": captured.exchanges,
        "rows": captured.rows.num_rows,
        "repeated": captured.repeated,
        "unreadable": captured.unreadable,
    }
    details = {
        **counts,
        "model_version": window.model_version,
        "span": window.span,
        "sha256": read.versions[window.model_version],
        **read.state,
    }
    shown = {
        "model_version": window.model_version,
        **{name: counts[name] for name in ("exchanges", "repeated", "unreadable")},
        **table_metadata(captured.rows, snapshot, snapshots),
    }
    readable = answered_check(
        use_case,
        "captured",
        "readable_traffic",
        not captured.unreadable,
        warn=True,
        metadata={**counts, "cases": case_table(captured.cases)},
    )
    return Production({"captured": Made(snapshot, shown, details)}, [readable])
