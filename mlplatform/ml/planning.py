"""Whether something must run is decided here and nowhere else.

A step's fingerprint covers its code version, the hashes of what it reads and its parameters. It runs when the
last record has another fingerprint, when there is none, or when what it recorded is gone from the disk.
The command line, the sensors and the asset bodies all ask these functions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlplatform.ml.hashing import digest
from mlplatform.ml.steps import PER_BATCH, STEPS, Step

Address = tuple[str, str | None]
"""(asset, batch); the batch is None for assets that are not partitioned."""


@dataclass(frozen=True, order=True)
class Input:
    """One version of an asset that was read, or is to be read."""

    asset: str
    batch: str | None
    sha256: str


@dataclass(frozen=True)
class Recorded:
    """What the last materialization of an asset said about itself."""

    sha256: str
    fingerprint: str = ""
    code_version: str = ""
    parameters: str = ""
    inputs: tuple[Input, ...] = ()
    usable: bool = True


@dataclass(frozen=True)
class World:
    """All that the plan depends on.

    `recorded` holds the latest record per address, `landed_file` included, of the batches that count.
    `also_read` are inputs beyond the graph's edges: the champion that an evaluation compares with.
    """

    batches: tuple[str, ...]
    recorded: Mapping[Address, Recorded]
    code_versions: Mapping[str, str]
    parameters: Mapping[str, Any]
    also_read: Mapping[str, tuple[Input, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """One step, for one batch or for the use case: whether it runs, and why in plain words."""

    step: str
    assets: tuple[str, ...]
    batch: str | None
    runs: bool
    reason: str


def fingerprint(code_version: str, inputs: Iterable[Input], parameters: Any) -> str:
    """Hex sha256; the order of the inputs does not matter."""
    read = sorted([one.asset, one.batch or "", one.sha256] for one in inputs)
    return digest([code_version, read, parameters])


def plan(world: World, *, unavailable: Collection[str] = ()) -> list[Decision]:
    """Every step's decision, in an order in which they can run.

    `unavailable` are batches that have just failed: nothing of theirs runs, and what they had before counts.
    """
    decisions: list[Decision] = []
    running: set[Address] = set()
    for step in STEPS:
        places = [b for b in world.batches if b not in unavailable] if step.per_batch else [None]
        for batch in places:
            decision = _decide(step, batch, world, running)
            decisions.append(decision)
            if decision.runs:
                running.update((asset, batch) for asset in step.outputs)
    return decisions


def inputs_of(step: Step, batch: str | None, batches: Iterable[str]) -> list[Address]:
    """Which addresses a step reads; an unpartitioned step reads every batch of a partitioned asset."""
    addresses: list[Address] = []
    for asset in step.inputs:
        if asset not in PER_BATCH:
            addresses.append((asset, None))
        elif step.per_batch:
            addresses.append((asset, batch))
        else:
            addresses += [(asset, one) for one in batches]
    return addresses


def _decide(step: Step, batch: str | None, world: World, running: set[Address]) -> Decision:
    def decided(runs: bool, reason: str) -> Decision:
        return Decision(step.name, step.outputs, batch, runs, reason)

    addresses = inputs_of(step, batch, world.batches)
    first = [address for address in addresses if address in running]
    if first:
        return decided(True, f"{_named(first[0])} runs first" + _and_more(len(first)))
    there = [address for address in addresses if address in world.recorded]
    if not there or any(address not in there for address in addresses if address[0] not in PER_BATCH):
        absent = next((a for a in addresses if a not in there), (step.inputs[0], None))
        return decided(False, f"nothing to do: there is no {_named(absent)} yet")
    inputs = [Input(*address, world.recorded[address].sha256) for address in there]
    inputs += world.also_read.get(step.name, ())
    last = [world.recorded.get((asset, batch)) for asset in step.outputs]
    for asset, record in zip(step.outputs, last, strict=True):
        reason = _why(record, step, inputs, world)
        if reason:
            return decided(True, reason if len(step.outputs) == 1 else f"{asset}: {reason}")
    return decided(False, "unchanged")


def _why(record: Recorded | None, step: Step, inputs: list[Input], world: World) -> str | None:
    """Why an output must be made again; None where its record still holds."""
    if record is None:
        return "never made"
    if not record.usable:
        return "its stored file is gone"
    code, parameters = world.code_versions[step.name], world.parameters[step.name]
    if record.fingerprint == fingerprint(code, inputs, parameters):
        return None
    if record.code_version != code:
        return "its code changed"
    if record.parameters != digest(parameters):
        return "its parameters changed"
    return _changed_input(set(record.inputs), set(inputs))


def _changed_input(before: set[Input], now: set[Input]) -> str:
    known = {(one.asset, one.batch) for one in before}
    for one in sorted(now - before):
        what = "changed" if (one.asset, one.batch) in known else "is new"
        return f"{_named((one.asset, one.batch))} {what}" + _and_more(len(now - before))
    if before == now:
        return "its record was written by another version of the platform"
    gone = min(before - now)
    still_there = (gone.asset, gone.batch) in {(one.asset, one.batch) for one in now}
    return f"{_named((gone.asset, gone.batch))} {'changed' if still_there else 'is no longer there'}"


def _named(address: Address) -> str:
    asset, batch = address
    return f"{asset} of {batch}" if batch else asset


def _and_more(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""
