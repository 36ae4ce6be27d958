"""Drift: how far new rows lie from the rows that a model was trained on, column by column.

The measure is the population stability index (PSI), the symmetric Kullback-Leibler divergence between two
spreads over the same bins (Jeffreys, 1946): sum of (actual - expected) * ln(actual / expected) over the bins'
shares. Rules of thumb from credit scoring: below 0.1 nothing happened, above 0.2 (or 0.25) something did.

By chance alone the index of n old and m new rows of one population is about (bins - 1) * (1/n + 1/m)
(Yurdakul, 2018: it is distributed as that factor times chi-square). It is shown beside each index, so that a
reader can tell a small window from a changed world.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mlplatform.ml.baseline import Baseline, Bins, counts

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class ColumnDrift:
    """One column's index, and the bin whose share changed most, from `expected` to `actual`."""

    name: str
    psi: float
    chance: float
    bins: int
    bin: str
    expected: float
    actual: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @property
    def change(self) -> str:
        """The largest change in words."""
        return f"{self.bin}: {100 * self.expected:.1f} % of the rows then, {100 * self.actual:.1f} % now"


@dataclass(frozen=True)
class Drift:
    """A window's rows against a baseline: every feature, largest index first, and the prediction."""

    rows: int
    features: tuple[ColumnDrift, ...]
    prediction: ColumnDrift
    threshold: float
    minimum_rows: int

    @property
    def judged(self) -> bool:
        """Whether there are enough rows to say anything."""
        return self.rows >= self.minimum_rows

    @property
    def worst(self) -> ColumnDrift:
        """The column with the largest index, the prediction included."""
        return max((*self.features, self.prediction), key=lambda column: column.psi)

    @property
    def drifted(self) -> bool:
        """Whether any column's index exceeds the threshold, on enough rows."""
        return self.judged and self.worst.psi > self.threshold

    @property
    def conclusion(self) -> str:
        """One sentence for people."""
        worst = self.worst
        found = f"{worst.name} has the largest index, {worst.psi:.3f} (threshold {self.threshold:g})"
        if not self.judged:
            return f"Not judged: {self.rows:,} rows, at least {self.minimum_rows:,} are needed. {found}."
        if self.drifted:
            return f"Drift: {found}; {worst.change}."
        return f"No drift: {found}."


def psi(expected: ArrayLike, actual: ArrayLike) -> float:
    """The index of two spreads, given as counts of shape (bins,) over the same bins.

    Smoothing, since a share of zero has no logarithm: half a row is added to every expected count; one row,
    spread as expected, to the actual counts. So a small window is drawn towards "as before" and an empty bin
    of it weighs no more than the rows it lacks. Bins that both sides leave empty do not count.
    """
    import numpy as np

    old, new = np.asarray(expected, dtype=float), np.asarray(actual, dtype=float)
    used = (old > 0) | (new > 0)
    if new.sum() == 0 or old.sum() == 0:
        return 0.0
    before = (old[used] + 0.5) / (old[used] + 0.5).sum()
    now = (new[used] + before) / (new.sum() + 1)
    return float(((now - before) * np.log(now / before)).sum())


def by_chance(expected: ArrayLike, actual: ArrayLike) -> float:
    """About what the index would be if nothing had changed: (bins - 1) * (1/n + 1/m); 0 without rows."""
    import numpy as np

    old, new = np.asarray(expected, dtype=float), np.asarray(actual, dtype=float)
    if old.sum() == 0 or new.sum() == 0:
        return 0.0
    used = int(((old > 0) | (new > 0)).sum())
    return float((used - 1) * (1 / old.sum() + 1 / new.sum()))


def compare(baseline: Baseline, frame: pd.DataFrame) -> list[ColumnDrift]:
    """Every column of the baseline in the new rows, shape (m, columns); largest index first.

    Raises KeyError for a column that the new rows lack.
    """
    drifts = [_of_column(name, bins, counts(bins, frame[name])) for name, bins in baseline.columns.items()]
    return sorted(drifts, key=lambda column: (-column.psi, column.name))


def judge_drift(
    features: tuple[Baseline, pd.DataFrame],
    predictions: tuple[Baseline, pd.DataFrame],
    *,
    threshold: float,
    minimum_rows: int,
) -> Drift:
    """Features and predictions, each as (baseline, new rows)."""
    (of_prediction,) = compare(*predictions)
    return Drift(len(features[1]), tuple(compare(*features)), of_prediction, threshold, minimum_rows)


def _of_column(name: str, bins: Bins, actual: NDArray[np.int64]) -> ColumnDrift:
    import numpy as np

    before, now = _shares(bins.counts), _shares(actual)
    at = int(np.abs(now - before).argmax())
    return ColumnDrift(
        name=name,
        psi=psi(bins.counts, actual),
        chance=by_chance(bins.counts, actual),
        bins=sum(1 for old, new in zip(bins.counts, actual, strict=True) if old or new),
        bin=bins.labels[at],
        expected=float(before[at]),
        actual=float(now[at]),
    )


def _shares(counted: ArrayLike) -> NDArray[np.float64]:
    import numpy as np

    rows = np.asarray(counted, dtype=float)
    return rows / max(1.0, rows.sum())
