"""`mlplatform predict`: the live model's predictions for a file, on the batch path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlplatform.cli.output import json_option, report, report_json, tell
from mlplatform.ml.errors import WrongUsage

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from mlplatform.cli.location import Location
    from mlplatform.container.scoring import Model
    from mlplatform.ml.errors import Case
    from mlplatform.ml.file_format import FileFormat

_SHOWN = 5


@click.command(
    help="Predictions of the live model of USE_CASE for the rows of FILE, which needs no target. "
    "Rows that break a rule are left out and told. CSV on stdout, or in --out."
)
@click.argument("use_case")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--version", help="An approved version to use instead of the live one.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write to.")
@json_option
def command(use_case: str, file: Path, version: str | None, out: Path | None, as_json: bool) -> int:
    """Predict."""
    from mlplatform.cli.location import open_location
    from mlplatform.container.scoring import Model
    from mlplatform.resources.processing import ScoresRequest

    if out is not None and as_json:
        raise click.UsageError("--out writes CSV, --json prints to stdout: choose one.")
    location = open_location()
    declaration = location.use_case(use_case)
    name = declaration.name
    path = _approved_model(location, name, version)
    model = Model(location.snapshots.place(path))

    def score(rows: pd.DataFrame) -> np.ndarray:
        return location.processing.scores(ScoresRequest(name, location.snapshots, path, rows)).predictions

    predicted, cases = predictions_for(model, file, declaration.file, score)
    _tell_cases(file, cases)
    if as_json:
        report_json(
            {
                "use_case": name,
                "model_version": model.manifest["version"],
                "predictions": predicted.to_dict("records"),
                "refused": [vars(case) for case in cases],
            }
        )
    elif out is None:
        report(predicted.to_csv(index=False).rstrip())
    else:
        _write(predicted, out)
        tell(f"{len(predicted):,} predictions of model {model.manifest['version']}: {out}")
    return 0


def _approved_model(location: Location, use_case: str, version: str | None) -> str:
    """Path of the live version, or of the one asked for; what may not go live gives no predictions either."""
    from mlplatform.lineage.approvals import refuse_unapproved
    from mlplatform.lineage.deployments import live

    if version is None:
        now = live(location.instance, use_case)
        if now is None:
            raise WrongUsage(
                f"nothing of {use_case} is live. First: mlplatform approve {use_case} VERSION ..., then "
                f"mlplatform deploy {use_case}; or name an approved version (--version)."
            )
        version = str(now.details["model_version"])
    approved = refuse_unapproved(location.instance, location.snapshots, use_case, version)
    return approved.judged.model.path


def predictions_for(
    model: Model,
    file: Path,
    file_format: FileFormat,
    score: Callable[[pd.DataFrame], np.ndarray] | None = None,
) -> tuple[pd.DataFrame, list[Case]]:
    """Columns row (from 1), the entity and prediction for each good row; the cases of the others.

    `score` predicts for n good rows, shape (n,), where it is not the model here that does.
    """
    from mlplatform.container.process import scores_of_rows
    from mlplatform.ml.contracts.row_rules import RowRules
    from mlplatform.ml.contracts.spelling import plain_spelling
    from mlplatform.ml.reading import ROW_ID, read_landed
    from mlplatform.resources.landed_files import refuse_what_is_no_file

    refuse_what_is_no_file(file)
    landed = read_landed(file, str(file), "predict", file_format).drop_columns([ROW_ID])
    declared = model.code.declared
    contract = model.code.named(declared.raw)
    plain = plain_spelling(landed, contract.to_schema(), file_format)
    rows, cases = RowRules(contract, declared.unseen).sorted_out(plain, file_format.dates)
    cases = [_as_landed(case, landed) for case in cases]
    result = rows[[declared.entity]].copy()
    result.insert(0, "row", rows.index + 1)
    if len(rows):
        good = rows.reset_index(drop=True)
        result["prediction"] = scores_of_rows(model, good) if score is None else score(good)
    return result, cases


def _as_landed(case: Case, landed: pa.Table) -> Case:
    """The case with the value as the file spells it."""
    if case.row is None or case.column not in landed.column_names:
        return case
    return replace(case, value=landed.column(case.column)[case.row - 1].as_py())


def _tell_cases(file: Path, cases: list[Case]) -> None:
    rows = {case.row for case in cases}
    if rows:
        tell(f"{file}: {len(rows):,} row(s) left out, which break a rule:")
    for case in cases[:_SHOWN]:
        tell(f"  row {case.row}, column {case.column!r}: {case.value!r}, rule {case.rule!r}")
    if len(cases) > _SHOWN:
        tell(f"  and {len(cases) - _SHOWN:,} more cases (--json lists all)")


def _write(predicted: pd.DataFrame, out: Path) -> None:
    try:
        predicted.to_csv(out, index=False)
    except OSError as error:
        raise WrongUsage(f"{out} cannot be written: {error.strerror}. Choose another file.") from None
