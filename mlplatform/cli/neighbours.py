"""Which batches may share a run: Dagster runs a span of partitions, in the order in which they were added."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import groupby

MOST_TOGETHER = 50
"""Batches in one run: what is refused makes that many run again, and nothing is recorded before the last."""


def neighbours(
    order: Sequence[str], wanted: Mapping[str, Hashable], most: int = MOST_TOGETHER
) -> list[list[str]]:
    """The wanted batches in pieces of neighbours that want the same, at most `most` of them in one.

    `order` is that in which the batches were added; batches of it that are not wanted part their neighbours.
    Batches that are not in `order` at all (taken out meanwhile) are left out.
    """
    nothing = object()
    pieces: list[list[str]] = []
    for same, group in groupby(order, key=lambda batch: wanted.get(batch, nothing)):
        batches = list(group)
        if same is not nothing:
            pieces += [batches[at : at + most] for at in range(0, len(batches), most)]
    return pieces
