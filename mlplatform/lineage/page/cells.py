"""Texts of the page, each with the record that it was taken from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlplatform.lineage.graph import Node

BATCHES = "#batches"


@dataclass(frozen=True)
class Cell:
    """A text, not yet escaped, and the anchor on the page that it leads to; `number`: set to the right."""

    text: str
    href: str | None = None
    number: bool = False


@dataclass(frozen=True)
class Table:
    """A titled table; `anchor` names it on the page."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    anchor: str = ""


def linked(node: Node, text: object) -> Cell:
    """A text that a record says."""
    return Cell(str(text), f"#{node.id}")


def counted(node: Node, value: int | None) -> Cell:
    """A number that a record says; nothing where it says none."""
    return Cell("" if value is None else f"{value:,}", f"#{node.id}", number=True)


def flat(facts: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested facts as names with dots and texts, in their order."""
    pairs: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            pairs += flat(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            inner = {str(number): one for number, one in enumerate(value, start=1)}
            pairs += flat(inner, f"{prefix}{name}.")
        elif value is not None:
            pairs.append((f"{prefix}{name}", str(value)))
    return pairs
