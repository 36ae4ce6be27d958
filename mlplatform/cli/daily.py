"""Landing dated files as one batch for each day."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlplatform.lineage.records import Record, landed_batches, latest_by_batch
from mlplatform.ml.errors import UnreadableFile, WrongUsage
from mlplatform.ml.reading.daily import Day, split_by_day
from mlplatform.ml.splits import TimeSplit
from mlplatform.ml.steps import LANDED_FILE
from mlplatform.resources.landed_files import Arrival, Landing, refuse_what_is_no_file, shown_name

if TYPE_CHECKING:
    from mlplatform.cli.location import Location
    from mlplatform.ml.declaration import Declaration


def land_by_day(location: Location, declaration: Declaration, files: Sequence[Path]) -> list[Landing]:
    """Each day of the files becomes a batch named after it. All files are split before anything lands.

    Each landing says from which file and lines the day came, and the files' bytes are kept as well.
    """
    column = time_column(declaration)
    split = [_split(declaration, column, file) for file in files]
    _refuse_a_day_of_two_files(split)
    store, arrivals = location.landed_files, []
    days = [day for _, _, found in split for day in found]
    before = latest_by_batch(location.instance, declaration.name, LANDED_FILE, days)
    _refuse_a_day_of_another_file(
        declaration, split, before, set(landed_batches(location.instance, declaration.name))
    )
    for file, content, found in split:
        name, whole, kept = shown_name(file), hashlib.sha256(content).hexdigest(), False
        for day, piece in found.items():
            sha256 = hashlib.sha256(piece.content).hexdigest()
            if day not in before or before[day].sha256 != sha256:
                store.keep_bytes(bytes(piece.content))
                if not kept:  # some landing will name it
                    store.keep_bytes(content)
                    kept = True
            arrivals.append(
                Arrival(day, sha256, name, {"from": {"sha256": whole, "lines": piece.lines_text}})
            )
    return store.make_batches(location.instance, declaration.name, arrivals)


def time_column(declaration: Declaration) -> str:
    """The column that says when a row happened; WrongUsage where the use case declares none."""
    if isinstance(declaration.split, TimeSplit):
        return declaration.split.column
    raise WrongUsage(
        f"{declaration.name} cannot land by day: it does not say which column holds the day. "
        'Declare split=TimeSplit(column="...", validation_share=0.2), or land the file as one batch.'
    )


def _split(declaration: Declaration, column: str, file: Path) -> tuple[Path, bytes, dict[str, Day]]:
    refuse_what_is_no_file(file)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{file} cannot be read: {error.strerror}. Try again.") from None
    return file, content, split_by_day(content, shown_name(file), column, declaration.file)


def _refuse_a_day_of_another_file(
    declaration: Declaration,
    split: list[tuple[Path, bytes, dict[str, Day]]],
    before: Mapping[str, Record],
    landed: Collection[str],
) -> None:
    """WrongUsage for a day that counts and came, with other rows, from a file of another name."""
    for file, _, found in split:
        for day, piece in found.items():
            earlier = before.get(day) if day in landed else None
            if earlier is None or earlier.details["file"] == shown_name(file):
                continue
            if earlier.sha256 != hashlib.sha256(piece.content).hexdigest():
                raise WrongUsage(
                    f"{file} has other rows of {day} than {earlier.details['file']}, which that batch came "
                    "from. Nothing has landed. Put the rows of that day into one file; or, if this one "
                    f"replaces it: mlplatform land {declaration.name} --withdraw {day}, and land again."
                )


def _refuse_a_day_of_two_files(split: list[tuple[Path, bytes, dict[str, Day]]]) -> None:
    first: dict[str, Path] = {}
    for file, _, days in split:
        for day in days:
            if day in first:
                raise WrongUsage(
                    f"{first[day]} and {file} both have rows of {day}, but a day is one batch. "
                    "Nothing has landed; put the files together."
                )
            first[day] = file
