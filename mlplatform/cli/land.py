"""`mlplatform land`: files become batches, and batches are taken out again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlplatform.cli.output import columns, json_option, report, report_json, tell
from mlplatform.ml.errors import UnreadableFile

if TYPE_CHECKING:
    from mlplatform.cli.location import Location
    from mlplatform.ml.declaration import Declaration
    from mlplatform.resources.landed_files import Landing


@click.command(
    help="Make each FILE a batch of USE_CASE, or each day in it (--daily). The same bytes again change "
    "nothing. --withdraw takes a batch out; landing its file again brings it back."
)
@click.argument("use_case")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--batch", help="Name of the batch; by default the file's name without its ending.")
@click.option(
    "--daily", is_flag=True, help="One batch for each day in the files, by the declared time column."
)
@click.option(
    "--withdraw",
    metavar="BATCH",
    multiple=True,
    help="Take this batch out: nothing is trained on it any more. May be given several times.",
)
@click.option("--reason", metavar="WHY", help="Why a batch is taken out; kept in its history.")
@json_option
def command(
    use_case: str,
    files: tuple[Path, ...],
    batch: str | None,
    daily: bool,
    withdraw: tuple[str, ...],
    reason: str | None,
    as_json: bool,
) -> int:
    """Land files, or take batches out."""
    if withdraw:
        if files or batch is not None or daily:
            raise click.UsageError(
                "--withdraw takes a batch out and lands nothing: leave out files, --batch and --daily."
            )
        return _take_out(use_case, list(dict.fromkeys(withdraw)), reason or "", as_json)
    if reason is not None:
        raise click.UsageError("--reason says why a batch is taken out: it goes with --withdraw BATCH.")
    if not files:
        raise click.UsageError("name at least one FILE to land (or --withdraw BATCH).")
    if daily and batch is not None:
        raise click.UsageError("--daily names each batch after its day: leave out --batch.")
    if batch is not None and len(files) > 1:
        raise click.UsageError(f"--batch names one batch, but {len(files)} files are given.")
    return _land(use_case, files, batch, daily, as_json)


def _land(use_case: str, files: tuple[Path, ...], batch: str | None, daily: bool, as_json: bool) -> int:
    from mlplatform.cli.daily import land_by_day
    from mlplatform.cli.location import open_location

    names = [] if daily else _batch_names(files, batch)
    location = open_location()
    declaration = location.use_case(use_case)
    if daily:
        with _nothing_landed_yet():
            landed = land_by_day(location, declaration, files)
    else:
        landed = _land_whole(location, declaration, files, names, chosen=batch is not None)
    landed = _with_same_bytes(location, declaration.name, landed)
    _warn_of_same_bytes(declaration.name, landed)
    if as_json:
        report_json({"use_case": declaration.name, "landed": [asdict(one) for one in landed]})
        return 0
    for line in columns((one.batch, one.change, f"{one.bytes:,} bytes", one.sha256[:12]) for one in landed):
        report(line)
    report(f"Next: mlplatform run {declaration.name}")
    return 0


def _batch_names(files: tuple[Path, ...], batch: str | None) -> list[str]:
    """The batch of each file; nothing lands before all of them can."""
    from mlplatform.ml.naming import batch_name_of, checked_batch_name
    from mlplatform.resources.landed_files import refuse_what_is_no_file

    names = [checked_batch_name(batch) if batch is not None else batch_name_of(file.name) for file in files]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise click.UsageError(f"two files would become batch {min(twice)!r}; land them apart with --batch.")
    with _nothing_landed_yet():
        for file in files:
            refuse_what_is_no_file(file)
    return names


@contextmanager
def _nothing_landed_yet() -> Iterator[None]:
    """Where a file is refused in this block, the message says that none of the files has landed."""
    try:
        yield
    except UnreadableFile as error:
        raise UnreadableFile(f"{error} Nothing has landed.") from None


def _land_whole(
    location: Location, declaration: Declaration, files: tuple[Path, ...], names: list[str], *, chosen: bool
) -> list[Landing]:
    """Each file as one batch; `chosen`: somebody named it, so another file under that name is meant."""
    from mlplatform.lineage.records import latest_by_batch
    from mlplatform.ml.steps import LANDED_FILE
    from mlplatform.resources.landed_files import refuse_another_file

    if not chosen:
        before = latest_by_batch(location.instance, declaration.name, LANDED_FILE, names)
        for file, one in zip(files, names, strict=True):
            refuse_another_file(file, one, before.get(one))
    return [
        location.landed_files.land(location.instance, declaration.name, file, one)
        for file, one in zip(files, names, strict=True)
    ]


def _with_same_bytes(location: Location, use_case: str, landed: Sequence[Landing]) -> list[Landing]:
    """Each landing with the first other batch that counts and has the same bytes."""
    from mlplatform.lineage.records import landed_batches
    from mlplatform.lineage.summaries import summaries_by_batch
    from mlplatform.ml.steps import LANDED_FILE

    batches = landed_batches(location.instance, use_case)
    records = summaries_by_batch(location.instance, use_case, LANDED_FILE, batches)
    having: dict[str, list[str]] = {}
    for batch in batches:
        if batch in records:
            having.setdefault(records[batch].sha256, []).append(batch)
    return [
        replace(one, same_bytes_as=next((b for b in having.get(one.sha256, ()) if b != one.batch), None))
        for one in landed
    ]


def _warn_of_same_bytes(use_case: str, landed: Sequence[Landing]) -> None:
    told: set[str] = set()
    for one in landed:
        if one.same_bytes_as is not None and one.sha256 not in told:
            tell(
                f"warning: batch {one.batch} has the same bytes as batch {one.same_bytes_as}: its rows count "
                f"twice; withdraw one of them: mlplatform land {use_case} --withdraw {one.batch}"
            )
            told.add(one.sha256)


def _take_out(use_case: str, batches: list[str], reason: str, as_json: bool) -> int:
    """Take batches out, all or, where one does not count, none."""
    from mlplatform.cli.location import open_location
    from mlplatform.cli.withdrawal import in_words, taken_out

    location = open_location()
    name = location.use_case(use_case).name
    done = taken_out(location.instance, name, location.snapshots, batches, reason)
    if as_json:
        # of a single batch, as well as it stood before several could be named
        report_json({"use_case": name, **(done[0] if len(done) == 1 else {}), "batches": done})
        return 0
    for one in done:
        report(f"Batch {one['withdrawn']['batch']} of {name} is taken out; its bytes and history are kept.")
        if one["reached"]:
            report("Out of date without it:")
            for line in in_words(one["reached"]):
                report(f"  {line}")
        else:
            report("It had reached no set and no model.")
    report(f"Next: mlplatform run {name}")
    return 0
