"""The gate: may this challenger take the champion's place?

Challenger and champion are scored on the same frozen rows. A paired bootstrap over those rows (Efron and
Tibshirani, 1993, percentile intervals) says how far the difference between them can be trusted:

====================================================  =======
metric undefined on these rows (one class only)       HOLD
challenger misses ``minimum``                         REJECT
no champion: beats the baseline prediction, or not    PROMOTE, REJECT
difference is zero on every resample                  HOLD
whole interval above ``-margin``, estimate >= 0       PROMOTE
whole interval below ``-margin``                      REJECT
anything else                                         HOLD
====================================================  =======

Differences are signed so that positive means that the challenger is better, for errors as well as for scores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from mlplatform.ml.metrics import Array, FloatArray, Metric, metric
from mlplatform.ml.resampling import Estimate, estimates
from mlplatform.ml.verdict import BASELINE, Decision, SliceEstimate, Verdict

if TYPE_CHECKING:
    import pandas as pd

SMALLEST_SLICE = 50
"""Rows below which a slice is left out: an interval over fewer says little and invites over-reading."""


class Gate(BaseModel):
    """What a challenger has to show before it may be approved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = Field(description="Name of the deciding metric, one of mlplatform.ml.metrics.METRICS.")
    minimum: float = Field(
        description="Worst acceptable value of the metric: a floor for scores such as roc_auc, a ceiling for "
        "errors such as mae."
    )
    margin: float = Field(
        default=0.0,
        ge=0,
        description="Loss against the champion, in units of the metric, that is still tolerated. At 0 the "
        "whole interval of the difference must show an improvement. Above 0 a challenger that is not worse "
        "on these rows is promoted once its interval rules out a loss as large as the margin.",
    )
    confidence: float = Field(
        default=0.95, gt=0, lt=1, description="Share of resamples that lie inside each two-sided interval."
    )
    slices: tuple[str, ...] = Field(
        default=(),
        description="Columns by whose values the metric is reported as well; they inform, not decide.",
    )
    naive: str | None = Field(
        default=None,
        description="Column that holds the forecast one would make without a model (a plan, the value of the "
        "day before): the first model of a regression has to beat it. If None, and for classifications, that "
        "is the mean of the training set, or its share of the positive class, or its most frequent class.",
    )
    resamples: int = Field(default=500, ge=50, description="Bootstrap resamples behind each interval.")

    @field_validator("metric")
    @classmethod
    def _known(cls, name: str) -> str:
        return metric(name).name

    def reaches_minimum(self, value: float) -> bool:
        """Whether the metric's value is acceptable in itself; False for nan."""
        return value >= self.minimum if metric(self.metric).higher_is_better else value <= self.minimum


@dataclass(frozen=True)
class Naive:
    """What would be predicted without a model, of shape ``(n,)``, and its name with an article."""

    name: str
    prediction: Array


def judge(
    gate: Gate,
    y: Array,
    challenger_prediction: Array,
    champion_prediction: Array | None = None,
    naive: Naive | None = None,
    slices: pd.DataFrame | None = None,
    seed: int = 0,
) -> Verdict:
    """Judge a challenger on frozen rows.

    ``y`` and the predictions have shape ``(n,)``, n >= 2, and are numbers as `mlplatform.ml.metrics` has
    them. ``slices`` has the n rows in the same order and at least the gate's slice columns. The same
    arguments give the same verdict. ValueError names an array that has another length or is not finite,
    labels that the metric does not take, and missing slice columns.
    """
    score = metric(gate.metric)
    y = _labels(score, y)
    challenger = _finite("challenger_prediction", challenger_prediction, len(y))
    baseline, without_model = None, None
    if naive is not None:
        without_model = _finite(naive.name, naive.prediction, len(y))
        baseline = score(y, without_model)
    champion = None
    if champion_prediction is not None:
        champion = _finite("champion_prediction", champion_prediction, len(y))
    found = _estimates(gate, score, y, [challenger] if champion is None else [challenger, champion], seed)
    baseline_name = naive.name if naive else BASELINE
    decision, reason = _decide(gate, found, baseline, baseline_name)
    return Verdict(
        decision=decision,
        reason=reason,
        metric=gate.metric,
        rows=len(y),
        challenger=found[0],
        champion=found[1] if champion is not None else None,
        difference=found[2] if champion is not None else None,
        baseline=baseline,
        baseline_name=baseline_name,
        slices=_slices(gate, score, y, challenger, without_model, slices, seed),
    )


def _decide(gate: Gate, found: list[Estimate], baseline: float | None, name: str) -> tuple[Decision, str]:
    """The rules of the module's docstring; ``found`` is [challenger] or [challenger, champion, gain]."""
    score, challenger = metric(gate.metric), found[0]
    if math.isnan(challenger.value):
        return "HOLD", f"{score.name} is undefined on these rows (one class or a constant target)."
    if not gate.reaches_minimum(challenger.value):
        wanted = "at least" if score.higher_is_better else "at most"
        return "REJECT", f"{score.name} is {challenger}, but must be {wanted} {gate.minimum:g}."
    if len(found) > 1:
        return _against_champion(gate, *found)
    limit = "reaches the minimum" if score.higher_is_better else "stays within the limit"
    reached = f"First model: {score.name} is {challenger} and {limit} of {gate.minimum:g}"
    if baseline is None:
        return "PROMOTE", f"{reached}; no baseline was given."
    rival = f"{name}, whose {score.name} is {baseline:.4f}"
    if score.gain(challenger.value, baseline) > 0:
        return "PROMOTE", f"{reached} and beats {rival}."
    return "REJECT", f"{reached}, but does not beat {rival}."


def _against_champion(
    gate: Gate, challenger: Estimate, champion: Estimate, difference: Estimate
) -> tuple[Decision, str]:
    """The rules for a challenger that reached the minimum, given its gain over the champion."""
    scores = f"{challenger.value:.4f} against the champion's {champion.value:.4f}"
    text = f"{gate.metric} is {scores}, gain {difference}"
    bound = f"{-gate.margin:g}" if gate.margin else "0"
    if difference.value == difference.low == difference.high == 0:
        return "HOLD", f"{text}: nothing is gained, both score the same on these rows."
    # Strictly above: models that differ in a few rows have an interval that ends at exactly 0, no gain shown.
    if difference.low > -gate.margin and difference.value >= 0:
        return "PROMOTE", f"{text}: the whole interval is above {bound}."
    if difference.high < -gate.margin:
        return "REJECT", f"{text}: the whole interval is below {bound}."
    if difference.low > -gate.margin:
        return "HOLD", f"{text}: within the margin of {gate.margin:g}, but not better on these rows."
    return "HOLD", f"{text}: the interval includes {bound}, so these rows cannot tell."


def _estimates(
    gate: Gate, score: Metric, y: FloatArray, predictions: list[FloatArray], seed: int
) -> list[Estimate]:
    return estimates(score, y, predictions, resamples=gate.resamples, confidence=gate.confidence, seed=seed)


def _slices(
    gate: Gate,
    score: Metric,
    y: FloatArray,
    prediction: FloatArray,
    without_model: FloatArray | None,
    frame: pd.DataFrame | None,
    seed: int,
) -> tuple[SliceEstimate, ...]:
    """The metric per value of each slice column, in the gate's order of columns, then by value as text."""
    columns = () if frame is None else tuple(frame.columns)
    missing = [column for column in gate.slices if column not in columns]
    if missing:
        raise ValueError(f"slices lacks the column(s) {', '.join(missing)} that the gate names")
    if frame is None:
        return ()
    if len(frame) != len(y):
        raise ValueError(f"slices has {len(frame):,} rows, y has {len(y):,}")
    found = []
    for column in gate.slices:
        names = frame[column].astype("object").where(frame[column].notna(), "missing").astype(str).to_numpy()
        values, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
        for index in np.flatnonzero(counts >= SMALLEST_SLICE):
            rows = inverse == index
            estimate = _estimates(gate, score, y[rows], [prediction[rows]], seed)[0]
            baseline = None if without_model is None else score(y[rows], without_model[rows])
            found.append(SliceEstimate(column, str(values[index]), int(counts[index]), estimate, baseline))
    return tuple(found)


def _labels(score: Metric, y: Array) -> FloatArray:
    labels = _finite("y", y, len(y))
    if len(labels) < 2:
        raise ValueError(f"y has {len(labels)} row(s); judging needs at least 2")
    if score.tasks == ("binary_classification",) and not np.isin(labels, (0, 1)).all():
        raise ValueError(f"{score.name} needs labels 0 and 1; y has {np.unique(labels)[:5].tolist()}")
    if "multiclass_classification" in score.tasks and ((labels < 0) | (labels % 1 != 0)).any():
        raise ValueError(f"{score.name} needs classes 0, 1, 2, ...; y has {np.unique(labels)[:5].tolist()}")
    return labels


def _finite(name: str, values: Array, rows: int) -> FloatArray:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (rows,):
        raise ValueError(f"{name} has shape {numbers.shape}; expected ({rows},)")
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} has {int((~np.isfinite(numbers)).sum()):,} values that are not finite")
    return numbers
