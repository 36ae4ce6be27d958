"""`mlplatform sample`: files to try a use case with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplatform.cli.output import columns, json_option, report, report_json
from mlplatform.ml.errors import WrongUsage

if TYPE_CHECKING:
    from mlplatform.ml.declaration import Declaration


@click.command(
    help="Write generated files for USE_CASE: its columns, similar distributions, a similar target."
)
@click.argument("use_case")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to write to."
)
@click.option("--rows", default=2000, show_default=True, type=click.IntRange(1, 1_000_000), help="Per file.")
@click.option(
    "--batches", default=1, show_default=True, type=click.IntRange(1, 10_000), help="Number of files."
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0, 1_000_000))
@click.option(
    "--faults", default=0.0, show_default=True, type=click.FloatRange(0, 1), help="Share of rows to damage."
)
@click.option("--drift", is_flag=True, help="Let the population change.")
@json_option
def command(
    use_case: str,
    out: Path,
    rows: int,
    batches: int,
    seed: int,
    faults: float,
    drift: bool,
    as_json: bool,
) -> int:
    """Generate files."""
    from mlplatform.cli.location import open_definitions, use_case_named

    declaration = use_case_named(open_definitions(), use_case)
    written = [
        write_sample(
            declaration, out, batch_file(declaration.name, seed + number), rows, seed + number, faults, drift
        )
        for number in range(batches)
    ]
    if as_json:
        report_json({"use_case": declaration.name, "files": written})
        return 0
    for line in columns(
        (one["file"], f"{one['rows']:,} rows", f"{one['faults']:,} damaged") for one in written
    ):
        report(line)
    report(f"Next: mlplatform land {declaration.name} {out}/*.csv")
    return 0


def batch_file(use_case: str, seed: int) -> str:
    """Name of a generated file; its batch is named after it."""
    return f"{use_case}_{seed:04d}.csv"


def write_sample(
    declaration: Declaration, out: Path, name: str, rows: int, seed: int, faults: float, drift: bool
) -> dict[str, Any]:
    """One file; the same arguments give the same bytes. Damaged rows are counted in the answer."""
    from mlplatform.ml.faults import plant_faults

    if declaration.sample is None:
        raise WrongUsage(f"{declaration.name} declares no `sample` function; land files of your own instead.")
    frame, planted = declaration.sample(rows, seed, drift), 0
    if faults:
        frame, broken = plant_faults(frame, declaration.raw.to_schema(), faults, seed)
        planted = len(broken)
    path = out / name
    try:
        out.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, index=False)
    except OSError as error:
        raise WrongUsage(
            f"{path} cannot be written: {error.strerror}. Choose another folder (--out)."
        ) from None
    return {"file": str(path), "rows": rows, "faults": planted}
