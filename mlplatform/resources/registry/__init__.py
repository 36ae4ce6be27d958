"""Where promoted models are registered for people to judge, beside our own records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from mlplatform.lineage.approvals import Judged
from mlplatform.ml.approval import Statement
from mlplatform.ml.cards import ModelCard
from mlplatform.ml.evidence import Evidence


@dataclass(frozen=True)
class Candidate:
    """A promoted model with everything a person is shown; `page` is the path of its card in the store."""

    judged: Judged
    card: ModelCard
    page: str


@dataclass(frozen=True)
class SpokenOf:
    """A package that somebody has approved or rejected, as a listing shows it."""

    package: str
    model_version: str
    evidence: str
    approves: bool


@dataclass(frozen=True)
class Said:
    """What somebody said in the registry about a model version, and on what evidence it was registered."""

    model_version: str
    evidence: str
    statement: Statement


class Registry(Protocol):
    """Keeps promoted models and what is said about them; statements travel both ways."""

    def register(self, candidate: Candidate) -> dict[str, Any]:
        """Register a promoted model, once for its content; what is recorded of it with the model card."""
        ...

    def pass_on(self, evidence: Evidence, outcome: str, statement: Statement) -> None:
        """Tell the registry what has been decided here. NotApproved where whoever runs may not approve."""
        ...

    def statement(self, package: str) -> Said:
        """What was said in the registry about one package. WrongUsage where nothing was."""
        ...

    def spoken_of(self, use_case: str) -> Iterable[SpokenOf]:
        """Those of the last packages of a use case that somebody has judged, oldest first."""
        ...
