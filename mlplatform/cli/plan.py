"""`mlplatform plan`: what would run and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mlplatform.cli.output import columns, json_option, report, report_json

if TYPE_CHECKING:
    from mlplatform.ml.planning import Decision


@click.command(help="Say what `run` would do for USE_CASE, and why. Nothing runs.")
@click.argument("use_case")
@json_option
def command(use_case: str, as_json: bool) -> int:
    """Explain the plan."""
    from mlplatform.cli.execution import plan_now
    from mlplatform.cli.location import open_location

    location = open_location()
    declaration = location.use_case(use_case)
    decisions = plan_now(location, declaration)
    if as_json:
        report_json({"use_case": declaration.name, "plan": [asdict(decision) for decision in decisions]})
    else:
        for line in explained(declaration.name, decisions):
            report(line)
    return 0


def explained(use_case: str, decisions: list[Decision]) -> list[str]:
    """The plan as text: what runs with its reason; what does not run as a count."""
    runs = [decision for decision in decisions if decision.runs]
    skipped = Counter(decision.reason for decision in decisions if not decision.runs)
    lines = columns((" + ".join(d.assets), d.batch or "", d.reason) for d in runs)
    if not runs:
        lines.append(f"Nothing to run for {use_case}: everything is up to date.")
    lines += [f"{reason.capitalize()}: {count} step(s)." for reason, count in skipped.items()]
    return lines
