"""Taking files in: those that are complete land, one after the other, and none stands in another's way."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import dagster as dg

from mlplatform.lineage.records import Record, landed_batches, latest_by_batch
from mlplatform.ml.errors import MLPlatformError, WrongUsage
from mlplatform.ml.landing import Look, Settled, is_complete
from mlplatform.ml.naming import batch_name_of
from mlplatform.ml.steps import LANDED_FILE
from mlplatform.resources.landed_files import LandedFiles, refuse_another_file, shown_name
from mlplatform.resources.landing_folder import LandingFolder
from mlplatform.sensors.landing_runs import run_key

FILES_PER_TICK = 50
# Dagster gives up on a tick after 60 s; the file that is being copied may take some of them.
SECONDS_PER_TICK = 20


class StillWritten(Exception):
    """A file was not the same before and after it was copied."""


@dataclass
class Intake:
    """What became of the new files: `left` of those that could have been taken wait for the next tick.

    `growing` are all that are to be looked at again, these among them. `requested` holds the run keys of what
    landed, with their batches.
    """

    growing: dict[str, Look]
    settled: dict[str, Settled] = field(default_factory=dict)
    requested: dict[str, str] = field(default_factory=dict)
    left: int = 0


def take_in(
    context: dg.SensorEvaluationContext,
    use_case: str,
    landed_files: LandedFiles,
    folder: LandingFolder,
    new: Mapping[str, Look],
    before: Mapping[str, Look],
    *,
    clock_ns: int,
) -> Intake:
    """Land what is complete of the `new` files, oldest first; `before` is how they looked a tick ago."""
    intake = Intake(growing=dict(new))
    complete = [name for name, look in new.items() if is_complete(before.get(name), look, clock_ns)]
    complete.sort(key=lambda name: (new[name].mtime_ns, name))
    if not complete:
        return intake
    instance, end = context.instance, monotonic() + SECONDS_PER_TICK
    current = latest_by_batch(instance, use_case, LANDED_FILE, landed_batches(instance, use_case))
    for number, name in enumerate(complete):
        if number == FILES_PER_TICK or (number and monotonic() > end):
            intake.left = len(complete) - number
            break
        shown = shown_name(Path(name))
        try:
            sha256 = _kept(landed_files, folder, use_case, name, new[name])
            record, what = _landed(instance, use_case, landed_files, sha256, name, current)
        except MLPlatformError as error:
            context.log.warning(f"{shown} is refused: {error}")
            intake.settled[name] = Settled(new[name], refused=str(error))
        except (StillWritten, OSError) as error:  # the next tick looks again
            context.log.warning(f"{shown} waits: {error}")
            continue
        else:
            context.log.info(f"{shown}: {what}")
            intake.settled[name] = Settled(new[name])
            intake.requested[run_key(record)] = str(record.batch)
        del intake.growing[name]
    return intake


def landed_and_gone(instance: dg.DagsterInstance, use_case: str, names: Iterable[str]) -> dict[str, str]:
    """Run keys, with their batches, of files that landed in a tick that was forgotten, and are gone by now.

    Nearly always there are none: a file that goes away while it may still be written has not landed. One that
    was landed before by other means is run, which changes nothing.
    """
    requested = {}
    for name in names:
        with suppress(WrongUsage):
            batch = batch_name_of(name)
            record = latest_by_batch(instance, use_case, LANDED_FILE, [batch]).get(batch)
            if record and record.details["file"] == shown_name(Path(name)):
                requested[run_key(record)] = batch
    return requested


def _kept(landed_files: LandedFiles, folder: LandingFolder, use_case: str, name: str, look: Look) -> str:
    """The sha256 of a file's bytes, which are in the store by now."""
    batch_name_of(name)  # one that cannot become a batch is refused before it is copied
    with folder.opened(use_case, name) as file:
        sha256 = landed_files.keep(file)
    if folder.look_at(use_case, name) != look:
        raise StillWritten("it was written to while it was copied")
    return sha256


def _landed(
    instance: dg.DagsterInstance,
    use_case: str,
    landed_files: LandedFiles,
    sha256: str,
    name: str,
    current: dict[str, Record],
) -> tuple[Record, str]:
    """Make kept bytes a batch: the event that stands for them, and what happened in words.

    `current` are the landing events of all batches, and is kept so.
    """
    batch, file = batch_name_of(name), Path(name)
    same = [record for record in current.values() if record.sha256 == sha256]
    if same and batch not in {record.batch for record in same}:
        return same[0], f"same bytes as batch {same[0].batch}, so no batch of its own"
    before = latest_by_batch(instance, use_case, LANDED_FILE, [batch]).get(batch)
    refuse_another_file(file, batch, before if not same else None)
    landing = landed_files.make_batch(instance, use_case, sha256, shown_name(file), batch)
    current.update(latest_by_batch(instance, use_case, LANDED_FILE, [batch]))
    return current[batch], f"batch {batch}, {landing.change}, sha256 {sha256}"
