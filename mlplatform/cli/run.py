"""`mlplatform run`: do what the plan says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlplatform.cli import no_news
from mlplatform.cli.output import json_option, report, report_json, show_progress, tell
from mlplatform.cli.summary import summary_text
from mlplatform.ml.steps import ASSETS

if TYPE_CHECKING:
    from mlplatform.cli.job_runs import Executed
    from mlplatform.cli.location import Location
    from mlplatform.ml.declaration import Declaration


@click.command(
    help="Bring USE_CASE up to date: validate, build features, draw sets, train, judge. "
    "Where its policy is automatic, a promoted model is approved and deployed as well."
)
@click.argument("use_case")
@click.option("--to", "up_to", metavar="ASSET", help="Go no further than this asset.")
@json_option
def command(use_case: str, up_to: str | None, as_json: bool) -> int:
    """Run what is out of date."""
    if up_to is not None and up_to not in ASSETS:
        raise click.UsageError(f"there is no asset {up_to!r} to run to; choose one of {', '.join(ASSETS)}.")
    summary = no_news.recall(use_case, up_to)
    if summary:
        _print(summary, as_json)
        return 0
    from mlplatform.cli.location import open_location

    location = open_location()
    done, summary = bring_up_to_date(location, location.use_case(use_case), up_to)
    _print(summary, as_json)
    tell_failures(done)
    return exit_code(done)


def bring_up_to_date(
    location: Location, declaration: Declaration, up_to: str | None = None
) -> tuple[Executed, dict[str, Any]]:
    """Plan, execute, report. What was done, and the report as `run --json` prints it."""
    from mlplatform.cli.execution import execute, refuse_no_batches
    from mlplatform.cli.job_runs import Executed, end_orphans
    from mlplatform.cli.release import release_automatically
    from mlplatform.cli.state import Refused, refused_now, run_summary
    from mlplatform.cli.world import latest_records, stored_files, world_of
    from mlplatform.ml.planning import plan

    name = declaration.name
    show_progress()
    end_orphans(location.instance)
    marks = no_news.Marks.now()
    records = latest_records(location.instance, name)
    refuse_no_batches(declaration, records)
    decisions = plan(world_of(location, declaration, records))
    done = execute(location, declaration, decisions, up_to=up_to, progress=tell)
    if declaration.approval.automatic and up_to is None and not done.failures:
        release_automatically(location, declaration, done)
    if done.run_ids:
        marks = no_news.Marks.now()
        records = latest_records(location.instance, name)
        decisions = plan(world_of(location, declaration, records))
    if not any(decision.runs for decision in decisions) and not done.failures:
        quiet = run_summary(name, Executed(), records, Refused())
        no_news.remember(name, up_to, marks, stored_files(location, records), quiet)
    return done, run_summary(name, done, records, refused_now(location.instance, name, records))


def exit_code(done: Executed) -> int:
    """0, or what the failures ask for (an error outweighs a refusal), or 3 when the gate said no."""
    if done.failures:
        return min(failure.exit_code for failure in done.failures)
    return 3 if done.verdict not in (None, "PROMOTE") else 0


def tell_failures(done: Executed) -> None:
    """Each error once on stderr, with the steps it happened in."""
    for message in dict.fromkeys(failure.message for failure in done.failures):
        tell(f"error: {message}")
        for failure in [one for one in done.failures if one.message == message]:
            of_batch = f" of {failure.batch}" if failure.batch else ""
            tell(f"  in {failure.step}{of_batch}, run {failure.run_id}")
    if done.failed_batches:
        example = min(done.failed_batches)
        tell(f"To replace a batch, land a mended file under its name: --batch {example}.")


def _print(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        report_json(summary)
    else:
        for line in summary_text(summary):
            report(line)
