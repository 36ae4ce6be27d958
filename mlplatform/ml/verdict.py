"""A verdict: the decision about a challenger, why, and every number that it rests on."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mlplatform.ml.resampling import Estimate

Decision = Literal["PROMOTE", "HOLD", "REJECT"]

BASELINE = "baseline"


@dataclass(frozen=True)
class SliceEstimate:
    """The metric on the rows in which ``column`` has ``value`` ("missing" for absent values).

    ``baseline`` is that of what would be predicted without a model: None where the verdict has none, nan
    where the metric is undefined on these rows.
    """

    column: str
    value: str
    rows: int
    estimate: Estimate
    baseline: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The decision, why, and every number that it rests on."""

    decision: Decision
    reason: str
    metric: str
    rows: int
    challenger: Estimate
    champion: Estimate | None = None
    difference: Estimate | None = None
    baseline: float | None = None
    baseline_name: str = BASELINE
    slices: tuple[SliceEstimate, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The fields as plain values that JSON has; nan, which it lacks, becomes None."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
