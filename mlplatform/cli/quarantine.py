"""`mlplatform quarantine`: the rows that were set aside, and which rule each of them broke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplatform.cli.output import columns, json_option, report, report_json
from mlplatform.ml.errors import WrongUsage

if TYPE_CHECKING:
    import pandas as pd

    from mlplatform.lineage.records import Record
    from mlplatform.resources.snapshots import Snapshots

_SHOWN, _SHOWN_AS_JSON, _LONGEST_VALUE = 20, 1000, 60
_COLUMNS = ["batch", "file", "row", "rule", "column", "value", "broken_rules", "landed"]
_AS_JSON = ("broken_rules", "landed")


@dataclass(frozen=True)
class SetAside:
    """A batch with rows in quarantine: how many of how many that landed, and where they are stored."""

    batch: str
    quarantined: int
    rows_in: int
    path: str

    def rows(self, snapshots: Snapshots) -> pd.DataFrame:
        """One line per row, in the order of the file, with the columns batch, file, row, rule and so on."""
        stored = snapshots.read_frame(self.path).rename(columns={"source_file": "file"})
        stored.insert(0, "batch", self.batch)
        return stored[_COLUMNS]


@click.command(
    help="Show the rows of USE_CASE that were set aside, of one BATCH or of all: where each stands in its "
    "file, and the value and rule that were the reason. --out writes all of them, whole rows, as CSV."
)
@click.argument("use_case")
@click.argument("batch", required=False)
@click.option("--out", type=click.Path(path_type=Path), help="CSV file to write all of the rows to.")
@json_option
def command(use_case: str, batch: str | None, out: Path | None, as_json: bool) -> int:
    """Show quarantined rows."""
    from mlplatform.cli.location import open_location
    from mlplatform.lineage.records import landed_batches
    from mlplatform.lineage.summaries import summaries_by_batch

    location = open_location()
    name = location.use_case(use_case).name
    asked = _asked(name, landed_batches(location.instance, name), batch)
    records = summaries_by_batch(location.instance, name, "quarantine", asked)
    found, snapshots = set_aside(records), location.snapshots
    if out is not None:
        write_rows(found, snapshots, out)
    if as_json:
        report_json({"use_case": name, "batches": [_document(one, snapshots) for one in found]})
        return 0
    if out is not None:
        report(f"{sum(one.quarantined for one in found):,} rows of {len(found):,} batch(es) are in {out}.")
    elif found:
        for line in _text(found, snapshots):
            report(line)
    elif records:
        report(f"Nothing is in quarantine: no row of {_these(name, asked, batch)} was set aside.")
    if left := [one for one in asked if one not in records]:
        of_them = left[0] if len(left) == 1 else f"{len(left):,} batches, first {left[0]}"
        report(f"Not validated, or refused as a whole: {of_them}. See mlplatform status {name}.")
    return 0


def set_aside(records: dict[str, Record]) -> list[SetAside]:
    """The batches whose latest quarantine has rows, by name."""
    return [
        SetAside(batch, int(one.details["quarantined"]), int(one.details["rows_in"]), one.path)
        for batch, one in sorted(records.items())
        if one.details["quarantined"]
    ]


def write_rows(found: list[SetAside], snapshots: Snapshots, out: Path) -> None:
    """All rows of these batches as one CSV file, whole or not at all; WrongUsage where it cannot be."""
    from mlplatform.resources.snapshots import whole_file

    try:
        with whole_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(_COLUMNS) + "\n")
            for one in found:
                one.rows(snapshots).to_csv(file, index=False, header=False, lineterminator="\n")
    except OSError as error:
        raise WrongUsage(f"{out} cannot be written: {error.strerror}. Choose another file.") from None


def _asked(use_case: str, landed: list[str], batch: str | None) -> list[str]:
    """The batch, or all that count; WrongUsage, with the nearest name, for one that does not."""
    if batch is None:
        if not landed:
            raise WrongUsage(f"{use_case} has no batches. Land files first: mlplatform land {use_case} FILE")
        return landed
    if batch not in landed:
        near = get_close_matches(batch, landed, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise WrongUsage(
            f"{use_case} has no batch {batch!r}.{hint} `mlplatform status {use_case}` lists them."
        )
    return [batch]


def _these(use_case: str, asked: list[str], batch: str | None) -> str:
    return f"batch {batch}" if batch is not None else f"the {len(asked):,} batch(es) of {use_case}"


def _document(one: SetAside, snapshots: Snapshots) -> dict[str, Any]:
    """A batch for `--json`, with its first thousand rows."""
    rows = one.rows(snapshots).head(_SHOWN_AS_JSON).astype(object)
    rows = rows.where(rows.notna(), None).drop(columns="batch")
    return {
        "batch": one.batch,
        "quarantined": one.quarantined,
        "path": str(snapshots.place(one.path)),
        "rows": [
            {key: json.loads(value) if key in _AS_JSON else value for key, value in row.items()}
            for row in rows.to_dict("records")
        ],
    }


def _text(found: list[SetAside], snapshots: Snapshots) -> Iterator[str]:
    """The same for a person: per batch its first rows, and how many more there are."""
    for one in found:
        yield f"{one.batch}: {one.quarantined:,} of {one.rows_in:,} rows, in {snapshots.place(one.path)}"
        rows = one.rows(snapshots)[["file", "row", "column", "value", "rule"]].head(_SHOWN)
        yield from columns([("file", "row", "column", "value", "rule"), *map(_cells, rows.itertuples())])
        if one.quarantined > _SHOWN:
            yield f"  and {one.quarantined - _SHOWN:,} more rows (--out FILE writes all)"


def _cells(row: Any) -> tuple[str, ...]:
    import pandas as pd

    of_column = not pd.isna(row.column)
    value = "-" if not of_column else "(missing)" if pd.isna(row.value) else _shortened(row.value)
    return row.file, str(row.row), row.column if of_column else "-", value, _shortened(row.rule)


def _shortened(text: str) -> str:
    """On one line, and not too long of a line."""
    line = text if text.isprintable() else repr(text)[1:-1]
    return line if len(line) <= _LONGEST_VALUE else f"{line[: _LONGEST_VALUE - 3]}..."
