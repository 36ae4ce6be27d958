"""A leak, and the refusal of a set that has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlplatform.ml.errors import BlockingCheckFailed, Case
from mlplatform.ml.metrics import Task


@dataclass(frozen=True)
class Roles:
    """Which column is what, of features and of validated rows. `time` is that of a time split, else None."""

    entity: str
    target: str
    task: Task
    time: str | None = None

    @property
    def beside(self) -> tuple[str, ...]:
        """Columns that are never features."""
        return tuple(filter(None, (self.entity, self.target, self.time)))


@dataclass(frozen=True)
class Leak:
    """One leak: what was found in which column, as a number in words, and what to do about it."""

    rule: str
    column: str | None
    found: str
    message: str


class Leaked(BlockingCheckFailed):
    """The sets share what they must not share, or a feature gives the target away."""


def refuse_leaks(use_case: str, leaks: Sequence[Leak]) -> None:
    """Leaked where there are any; its cases are the leaks."""
    if leaks:
        said = " ".join(leak.message for leak in leaks)
        cases = [Case(leak.rule, leak.column, leak.found) for leak in leaks]
        raise Leaked(f"{use_case}/training_set leaks: {said}", cases)
