"""Where models answer requests. One small protocol, one module per place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import dagster as dg

from mlplatform.ml.capture import Message
from mlplatform.ml.errors import NotFitToServe
from mlplatform.ml.targets import Prediction

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Trial:
    """Rows that a model is tried with before traffic moves: a request, and what the batch path says of it."""

    request: Message
    expected: tuple[Prediction, ...]

    def judge(self, answered: Sequence[Prediction]) -> float:
        """Largest difference to the batch path; NotFitToServe where it exceeds `TOLERANCE`."""
        if len(answered) != len(self.expected):
            raise NotFitToServe(
                f"the serving runtime gave {len(answered)} answers to {len(self.expected)} rows"
            )
        worst = 0.0
        for row, (given, expected) in enumerate(zip(answered, self.expected, strict=True), start=1):
            difference = _difference(given, expected)
            if not difference <= TOLERANCE:  # not a number is no agreement
                raise NotFitToServe(
                    f"the serving runtime answers otherwise than the batch path: row {row} of the trial "
                    f"gives {given!r} instead of {expected!r}. Traffic has not moved. "
                    "Does build_features depend on something besides the row?"
                )
            worst = max(worst, difference)
        return worst


def _difference(given: Prediction, expected: Prediction) -> float:
    if isinstance(given, str) or isinstance(expected, str):
        return 0.0 if given == expected else math.inf
    return abs(given - expected)


@dataclass(frozen=True)
class Deployed:
    """What a deployment did: `document` is what servers are told, `url` takes requests."""

    endpoint: str
    deployment: str
    model_version: str
    document: Mapping[str, str]
    url: str
    servers: int
    largest_difference: float


class Endpoints(Protocol):
    """Deploys approved models, one endpoint per use case."""

    def deploy(self, instance: dg.DagsterInstance, use_case: str, version: str, trial: Trial) -> Deployed:
        """Let `version` answer, once it is proven to be approved and to answer the trial as it should.

        Raises NotApproved, NotFitToServe or DamagedSnapshot, and then what answered before answers on.
        Repeating it changes nothing.
        """
        ...
