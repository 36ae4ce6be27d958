"""`mlplatform demo`: the whole story on generated data, as far as the platform goes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from mlplatform.cli.output import columns, report, tell
from mlplatform.ml.errors import WrongUsage

if TYPE_CHECKING:
    from mlplatform.cli.location import Location
    from mlplatform.ml.declaration import Declaration

USE_CASE = "job_change"
_ROWS, _FAULTS = 4000, 0.01
_MARK = "demo"


@click.command(help="The whole story on generated data: land, validate, train, judge. Takes about a minute.")
def command() -> int:
    """Tell the story."""
    from mlplatform.cli.location import open_location
    from mlplatform.cli.run import exit_code

    location = open_location()
    declaration = location.use_case(USE_CASE)
    _refuse_a_home_in_use(location)
    first = _chapter(location, declaration, "Three files land, one row in a hundred is damaged.", (1, 2, 3))
    second = _chapter(
        location, declaration, "Next month: one more file lands. Only what it touches runs.", (4,)
    )
    for line in _ending(first[1], second[1]):
        report(line)
    return exit_code(first[0]) if first[0].failures else 0


def _refuse_a_home_in_use(location: Location) -> None:
    from mlplatform.lineage.records import latest_by_batch
    from mlplatform.ml.steps import LANDED_FILE
    from mlplatform.resources.home import home_folder

    others = [b for b in latest_by_batch(location.instance, USE_CASE, LANDED_FILE) if not b.startswith(_MARK)]
    if others:
        raise WrongUsage(
            f"{home_folder()} already holds batches of your own ({others[0]}). "
            "Give the demo a home of its own: MLPLATFORM_HOME=demo-home mlplatform demo."
        )


def _chapter(
    location: Location, declaration: Declaration, title: str, seeds: tuple[int, ...]
) -> tuple[Any, dict[str, Any]]:
    from mlplatform.cli.run import bring_up_to_date
    from mlplatform.cli.sample import write_sample

    tell(title)
    with TemporaryDirectory(prefix="mlplatform-demo-") as folder:
        for seed in seeds:
            name = f"{_MARK}_{seed:02d}.csv"
            write_sample(declaration, Path(folder), name, _ROWS, seed, _FAULTS, drift=False)
            file = Path(folder) / name
            landed = location.landed_files.land(location.instance, USE_CASE, file, file.stem)
            tell(f"  landed {name}: {landed.change}")
    return bring_up_to_date(location, declaration)


def _ending(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    from mlplatform.cli.summary import batch_lines
    from mlplatform.resources.home import home_folder

    batches = second["batches"]
    rows = sum(batch["rows_in"] or 0 for batch in batches)
    aside = sum(batch["quarantined"] or 0 for batch in batches)
    return [
        "",
        "What came in, and what was set aside",
        *batch_lines(batches),
        f"  {rows:,} rows in = {rows - aside:,} validated + {aside:,} quarantined. Nothing is lost.",
        "",
        *(_two_models(first, second) if second["ran"] else _nothing_new(second)),
        "",
        "Where to look next",
        *columns(
            [
                ("make dev", "the same graph in the Dagster UI, with pictures and checks"),
                (".venv/bin/mlplatform plan job_change", "what would run now, and why"),
                (".venv/bin/mlplatform status job_change", "batches, timings, verdicts"),
                (str(home_folder()), "everything the demo made; delete it to start again"),
            ]
        ),
    ]


def _two_models(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    from mlplatform.cli.summary import model_lines

    ran = ", ".join(key.rpartition("/")[2] for key in second["ran"])
    return [
        "The first model",
        *model_lines(first),
        "",
        "The model after one more batch, against the first one on the same held-out people",
        *model_lines(second),
        f"  What ran for it, the earlier batches left alone: {ran}.",
    ]


def _nothing_new(summary: dict[str, Any]) -> list[str]:
    from mlplatform.cli.summary import model_lines

    return [
        "The demo was here before: the same files landed again, so nothing had to run.",
        *model_lines(summary),
    ]
