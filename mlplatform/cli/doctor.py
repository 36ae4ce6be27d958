"""`mlplatform doctor`: what is configured, reachable and missing, for the chosen environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mlplatform.cli.output import json_option, report, report_json, tell

if TYPE_CHECKING:
    from mlplatform.resources.doctor import Finding

_MARKS = {"ok": "ok     ", "missing": "MISSING", "unknown": "unknown"}


@click.command(
    help="Look at everything that the chosen environment needs, and name all that is missing in one pass. "
    "Ends with 1 where something is."
)
@json_option
def command(as_json: bool) -> int:
    """Examine and report."""
    findings = []
    for one in _findings():
        findings.append(one)
        if as_json:
            continue
        report(f"{_MARKS[one.state]}  {one.subject}: {one.said}")
        if one.way_out and one.state != "ok":
            report(f"         {one.way_out}")
    lacking = sum(one.state == "missing" for one in findings)
    if as_json:
        report_json({"healthy": not lacking, "findings": [one.document() for one in findings]})
    elif lacking:
        tell(f"{lacking} missing.")
    return 1 if lacking else 0


def _findings() -> Iterator[Finding]:
    """What the environment has, and whether the use cases load in it."""
    from mlplatform.resources.doctor import examine

    lacking = set()
    for one in examine():
        if one.state == "missing":
            lacking.add(one.subject)
        yield one
    if not lacking & {"environment", "packages", "setting"}:  # without these they cannot
        yield _use_cases()


def _use_cases() -> Finding:
    from mlplatform.cli.location import open_definitions
    from mlplatform.definitions import use_cases
    from mlplatform.resources.doctor import missing, ok

    try:
        names = sorted(use_cases(open_definitions()))
    except Exception as error:  # whatever the code of a use case raises
        said = f"they cannot be loaded: {type(error).__name__}: {error}"
        return missing(
            "use cases", said, "Mend the use case; `mlplatform --debug status` shows the traceback."
        )
    return ok("use cases", ", ".join(names) or "none yet: `mlplatform new` makes one")
