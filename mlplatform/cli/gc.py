"""`mlplatform gc`: old versions that nothing needs."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from mlplatform.cli.output import columns, json_option, report, report_json, tell

if TYPE_CHECKING:
    from mlplatform.cli.location import Location
    from mlplatform.ml.garbage import Garbage

_KEEP = "24h"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class _Length:
    """A length of time, and how it was said."""

    said: str
    time: timedelta


class _LengthType(click.ParamType[_Length]):
    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> _Length:
        found = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if found is None:
            self.fail(f"{value!r} is no length of time. Say it as 30m, 24h or 7d.", param, ctx)
        return _Length(found[0], timedelta(**{_UNITS[found[2]]: int(found[1])}))


@click.command(
    help="List old versions that nothing needs any more; delete them with --delete. Kept are the latest "
    "version of everything; models that are approved, live, champion, that a rollback returns to or that "
    "traffic was captured of, with all they were made from and every verdict and card about them; every "
    "file that landed; and what is young."
)
@click.option("--delete", is_flag=True, help="Really delete. Without it nothing is touched.")
@click.option(
    "--keep",
    type=_LengthType(),
    default=_KEEP,
    show_default=True,
    help="Keep what is younger than this: a run that has not recorded it yet may still be at work.",
)
@json_option
def command(delete: bool, keep: _Length, as_json: bool) -> int:
    """Collect, and delete where asked to."""
    from mlplatform.cli.location import open_location

    location = open_location()
    before = time.time() - keep.time.total_seconds()
    found: list[tuple[str | None, Garbage]] = []
    for use_case in sorted(location.declarations):
        found += [(use_case, one) for one in _of_use_case(location, use_case, before, delete=delete)]
    found += [(None, one) for one in _of_landed_files(location, before, delete=delete)]
    total = sum(one.stored.bytes for _, one in found)
    if as_json:
        lines = [_line(use_case, one) for use_case, one in found]
        report_json({"deleted": delete, "garbage": lines, "bytes": total})
    else:
        _print(found, total, keep, deleted=delete)
    return 0


def _of_use_case(location: Location, use_case: str, before: float, *, delete: bool) -> list[Garbage]:
    """What a use case's snapshots hold that may go; gone when this returns, if it is to be deleted."""
    if not delete:
        return _collected(location, use_case, before)
    _refuse_at_work(location, use_case)
    location.single_flight.hold(use_case)
    try:
        _refuse_at_work(location, use_case)  # one may have begun while this waited
        found = _collected(location, use_case, before)
        for one in found:
            location.snapshots.discard(one.stored.path)
        return found
    finally:
        location.single_flight.release()


def _collected(location: Location, use_case: str, before: float) -> list[Garbage]:
    from mlplatform.lineage.needed import needed
    from mlplatform.lineage.records import landed_batches
    from mlplatform.ml.garbage import garbage

    stored = list(location.snapshots.stored(use_case))  # looked at first: what comes later is not garbage
    paths = needed(location.instance, use_case, location.snapshots)
    return garbage(stored, paths, landed_batches(location.instance, use_case), before)


def _of_landed_files(location: Location, before: float, *, delete: bool) -> list[Garbage]:
    from mlplatform.lineage.needed import never_named
    from mlplatform.ml.garbage import landed_garbage

    stored = list(location.landed_files.stored())
    unnamed = never_named(location.instance, {one.name for one in stored})
    found = landed_garbage(stored, {one.name for one in stored} - unnamed, before)
    if delete:
        for one in found:
            location.landed_files.discard(one.stored.name)
    return found


def _refuse_at_work(location: Location, use_case: str) -> None:
    """WrongUsage while a run of the use case is going on: it may be about to use what nobody else needs."""
    from dagster import DagsterRunStatus, RunsFilter

    from mlplatform.cli.job_runs import end_orphans
    from mlplatform.ml.errors import WrongUsage

    end_orphans(location.instance)
    begun = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    for run in location.instance.get_runs(RunsFilter(statuses=begun)):
        touched = {key.path[0] for key in run.asset_selection or ()}
        if use_case in touched or run.job_name.startswith(f"{use_case}_"):
            raise WrongUsage(
                f"run {run.run_id} of {run.job_name} is going on. Delete when it has ended; until then "
                "`mlplatform gc` without --delete shows what would go."
            )


def _line(use_case: str | None, one: Garbage) -> dict[str, Any]:
    stored = one.stored
    return {
        "use_case": use_case,
        "asset": stored.asset,
        "batch": stored.batch,
        "version": stored.name.partition(".")[0] or stored.name,
        "path": stored.path,
        "bytes": stored.bytes,
        "why": one.why,
    }


def _print(found: list[tuple[str | None, Garbage]], total: int, keep: _Length, *, deleted: bool) -> None:
    lines = [_line(use_case, one) for use_case, one in found]
    shown = [
        (
            f"{one['use_case']}/{one['asset']}" if one["use_case"] else one["asset"],
            one["batch"] or "",
            one["version"][:12],
            f"{one['bytes']:,} bytes",
            one["why"],
        )
        for one in lines
    ]
    for line in columns(shown):
        report(line)
    what = f"{len(lines):,} version(s), {total:,} bytes"
    if not lines:
        report("Nothing to delete: everything stored is needed or young.")
    elif deleted:
        report(f"Deleted: {what}.")
    else:
        report(f"Would be deleted: {what}.")
        same = "" if keep.said == _KEEP else f" --keep {keep.said}"
        tell(f"Nothing was touched. To delete: mlplatform gc --delete{same}")
