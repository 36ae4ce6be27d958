"""Checks that an asset answers while it is made, with their failing cases as a table."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from mlplatform.ml.errors import BlockingCheckFailed, Case
from mlplatform.ml.leakage import Leaked
from mlplatform.ml.steps import Step

SHOWN_CASES = 20

# The blocking check of a step that can refuse its input; it speaks for any refusal: (asset, name, question).
_BLOCKING = {
    "raw": ("raw", "readable", "the landed bytes are a UTF-8 CSV table with a header"),
    "validated": ("validated", "contract", "the batch has every column, unique keys, and few bad rows"),
    "sets": ("training_set", "enough_data", "both sets have enough rows and more than one class"),
    "approval": ("approval", "evidence", "the version exists, was promoted, and nothing it rests on changed"),
    "endpoint": ("endpoint", "ready", "approved and unchanged, and answers as the batch path does"),
}
# A second one, asked once the first has passed, that speaks for refusals of one kind.
_THEN_BLOCKING = {
    "sets": (
        "training_set",
        "no_leakage",
        "nothing that tells the target, or the held-out rows, gets into training",
        Leaked,
    ),
}
_FURTHER = {
    "validated": (
        ("validated", "rows_conserved", "rows in = rows validated + rows quarantined"),
        ("validated", "nothing_quarantined", "every row keeps the contract"),
    ),
    "evaluation": (("evaluation", "gate", "the challenger may take the champion's place"),),
    "captured": (("captured", "readable_traffic", "every captured line of the window could be read"),),
    "drift": (("drift", "psi", "no feature, nor the predictions, lies further off than the threshold"),),
}
_CASE_COLUMNS = dg.TableSchema(
    [
        dg.TableColumn("row", "string", description="data row of the landed file, counted from 1"),
        dg.TableColumn("column", "string"),
        dg.TableColumn("value", "string"),
        dg.TableColumn("rule", "string"),
    ]
)


def blocking_check(step: Step) -> tuple[str, str] | None:
    """(asset, check name) that speaks for a step when it refuses its input, whatever the reason."""
    found = _BLOCKING.get(step.name)
    return (found[0], found[1]) if found else None


def check_specs(
    use_case: str, step: Step, partitions: dg.PartitionsDefinition[Any] | None
) -> list[dg.AssetCheckSpec]:
    """Specs of the checks that a step's body answers; partitioned as the step is."""
    asked = [one[step.name][:3] for one in (_BLOCKING, _THEN_BLOCKING) if step.name in one]
    blocking = [(*one, True) for one in asked]
    further = [(*one, False) for one in _FURTHER.get(step.name, ())]
    with warnings.catch_warnings():
        # partitioned checks are a preview in this Dagster; without them a batch's check names no batch
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                name,
                asset=dg.AssetKey([use_case, asset]),
                description=description,
                blocking=is_blocking,
                partitions_def=partitions,
            )
            for asset, name, description, is_blocking in [*blocking, *further]
        ]


def answered_check(
    use_case: str,
    asset: str,
    name: str,
    passed: bool = True,
    *,
    warn: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetCheckResult:
    """A check's answer; `warn` makes a failing one a warning."""
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey([use_case, asset]),
        check_name=name,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        metadata=metadata or {},
    )


def refusal(use_case: str, step: Step, error: BlockingCheckFailed) -> list[dg.AssetCheckResult]:
    """The blocking check of a step that speaks for this error, failed; the one asked before it, passed."""
    asset, name = blocking_check(step) or (step.outputs[0], step.name)
    then = _THEN_BLOCKING.get(step.name)
    if then and isinstance(error, then[3]):
        return [answered_check(use_case, asset, name), _failed(use_case, then[0], then[1], error)]
    return [_failed(use_case, asset, name, error)]


def _failed(use_case: str, asset: str, name: str, error: BlockingCheckFailed) -> dg.AssetCheckResult:
    """A check that failed for this reason and with these cases."""
    metadata = {"reason": str(error)}
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey([use_case, asset]),
        check_name=name,
        passed=False,
        description=str(error),
        metadata={**metadata, "cases": case_table(error.cases)} if error.cases else metadata,
    )


def case_table(cases: Sequence[Case]) -> dg.TableMetadataValue:
    """The first failing cases, one per line."""
    return table(
        ({"row": c.row, "column": c.column, "value": c.value, "rule": c.rule} for c in cases[:SHOWN_CASES]),
        _CASE_COLUMNS,
    )


def table(lines: Iterable[Mapping[str, Any]], schema: dg.TableSchema) -> dg.TableMetadataValue:
    """A table for the UI; everything is shown as text, missing values as nothing."""
    records = [
        dg.TableRecord({str(name): "" if value is None else str(value) for name, value in line.items()})
        for line in lines
    ]
    return dg.TableMetadataValue(records, schema)


def check_record(check: dg.AssetCheckResult) -> dict[str, Any]:
    """What of a check's answer is kept with the record, to be repeated when the version is reused."""
    return {"name": check.check_name, "passed": check.passed, "severity": check.severity.value}


def repeated_check(use_case: str, asset: str, kept: Mapping[str, Any]) -> dg.AssetCheckResult:
    """The answer that was given when the reused version was made."""
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey([use_case, asset]),
        check_name=kept["name"],
        passed=kept["passed"],
        severity=dg.AssetCheckSeverity(kept["severity"]),
        metadata={"reused": True},
    )
