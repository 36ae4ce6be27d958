"""What a step's body is given and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from mlplatform.lineage.records import Record
from mlplatform.resources.snapshots import Snapshot

Metadata = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """One output: where it is stored, what the UI shows of it, and details that later steps read."""

    snapshot: Snapshot
    metadata: Metadata = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Production:
    """What a body made: every output of its step, and the checks it answers along the way."""

    outputs: Mapping[str, Made]
    checks: Sequence[dg.AssetCheckResult] = ()


@dataclass(frozen=True)
class Inputs:
    """The exact versions a body reads, resolved before it reads anything."""

    records: tuple[Record, ...]

    def all(self, asset: str) -> list[Record]:
        """Every batch's version of a partitioned input."""
        return [record for record in self.records if record.asset == asset]

    def one(self, asset: str) -> Record:
        """The version of an input that has one."""
        return self.all(asset)[0]


Make = Callable[[Inputs], Production]
Events = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]
