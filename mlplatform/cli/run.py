"""`mlplatform run`: do what the plan says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlplatform.cli.output import json_option, report, report_json, show_progress, tell
from mlplatform.ml.errors import WrongUsage

if TYPE_CHECKING:
    from mlplatform.cli.execution import Executed


@click.command(help="Bring USE_CASE up to date: validate, build features, draw sets, train, judge.")
@click.argument("use_case")
@click.option("--to", "up_to", metavar="ASSET", help="Go no further than this asset.")
@json_option
def command(use_case: str, up_to: str | None, as_json: bool) -> int:
    """Run what is out of date."""
    from mlplatform.cli.execution import current_plan, execute
    from mlplatform.cli.location import open_location
    from mlplatform.cli.summary import run_summary, summary_text
    from mlplatform.ml.steps import ASSETS

    if up_to is not None and up_to not in ASSETS:
        raise click.UsageError(f"there is no asset {up_to!r} to run to; choose one of {', '.join(ASSETS)}.")
    location = open_location()
    declaration = location.use_case(use_case)
    show_progress()
    decisions = current_plan(location, declaration)
    if not any(decision.batch for decision in decisions):
        raise WrongUsage(
            f"{declaration.name} has no batches yet. Land a file first: mlplatform land {declaration.name} FILE."
        )
    done = execute(location, declaration, decisions, up_to=up_to, progress=tell)
    summary = run_summary(location, declaration, done)
    if as_json:
        report_json(summary)
    else:
        for line in summary_text(summary):
            report(line)
    for failure in done.failures:
        tell(f"error: {failure.message}")
    return exit_code(done)


def exit_code(done: Executed) -> int:
    """0, or what the failures ask for (an error outweighs a refusal), or 3 when the gate said no."""
    if done.failures:
        return min(failure.exit_code for failure in done.failures)
    return 3 if done.verdict not in (None, "PROMOTE") else 0
