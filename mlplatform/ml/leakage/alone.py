"""How well each single feature predicts the target: almost perfectly, and it knows the answer.

The predictor is the mean of the target per bin of the feature, learned from training rows and scored on
held-out rows. Bins are quantiles of numbers and times, or the categories of text; text is also read as
numbers and in the order of the alphabet, which finds ids given out in the order of the target. A missing
value is a bin of its own, so a column that is filled in only when the target is known gives itself away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mlplatform.ml.leakage.leaks import Leak, Roles

if TYPE_CHECKING:
    import pandas as pd

_BINS = 256
_CATEGORIES = 1000
_FEWEST = 5
"""Classes with fewer rows on a side, or fewer other rows, are not scored: chance tells so few apart."""
_IN_STEP = 0.999  # an honest trend is noisier: one of 1,000 steps with noise of 20 has 0.995
_FEWEST_NUMBERS = 20
_READABLE = 0.9


Bins = tuple[np.ndarray, np.ndarray]
"""The bin of each row of training and of validation: whole numbers from 0, shapes (n,) of each side."""
Score = Callable[[Bins], float]


def scores(
    training: pd.DataFrame, validation: pd.DataFrame, features: Sequence[str], roles: Roles
) -> dict[str, float]:
    """Best first: area under the ROC curve (of the class told best), or share of the variance (of the
    target or of its ranks), per feature. Features that cannot be scored on so few rows are left out."""
    targets = training[roles.target], validation[roles.target]
    score = _numbers(*targets) if roles.task == "regression" else _labels(*targets)
    if score is None:
        return {}
    found = {name: max(map(score, _views(training[name], validation[name]))) for name in features}
    if roles.task == "regression":
        found = {name: max(one, _in_step(validation[name], targets[1])) for name, one in found.items()}
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def _in_step(feature: pd.Series, target: pd.Series) -> float:
    """Squared rank correlation of held-out rows where it is next to 1, else 0.

    Bins that were learned in training know nothing of values beyond them, as where a target rises with time.
    """
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(feature.dtype):
        return 0.0
    both = feature.notna() & target.notna()
    if both.sum() < max(_FEWEST_NUMBERS, 0.9 * len(target)):
        return 0.0
    ranks = [side[both].rank().to_numpy(dtype=float) for side in (feature, target)]
    if any(side.min() == side.max() for side in ranks):
        return 0.0
    together = float(np.corrcoef(*ranks)[0, 1] ** 2)
    return together if together >= _IN_STEP else 0.0


def too_good(
    found: dict[str, float], rows: int, roles: Roles, most: float, allowed: Sequence[str]
) -> list[Leak]:
    """A leak per feature that scores `most` or more and is not allowed to."""
    what, where = measure(roles.task), f"on {rows:,} held-out rows"
    return [
        Leak(
            "no feature alone predicts the target",
            name,
            f"{score:.4f}",
            f"feature {name!r} alone predicts the target: {what} {score:.4f} {where}, "
            f"below {most} is allowed. If it is known only once {roles.target!r} is, put its raw column into "
            f"after_the_fact; if it is honest, allow it: Leakage(allowed=({name!r},)).",
        )
        for name, score in found.items()
        if score >= most and name not in allowed
    ]


def measure(task: str) -> str:
    """What a score is, in words."""
    return "share of the variance explained" if task == "regression" else "area under the ROC curve"


def _numbers(training: pd.Series, validation: pd.Series) -> Score | None:
    """Scores bins by the variance they explain; None where there are too few rows or all are the same."""
    known, asked = (side.to_numpy(dtype=np.float64) for side in (training, validation))
    if not len(known) or len(asked) < _FEWEST_NUMBERS or asked.min() == asked.max():
        return None
    # ranks too: of a target with a long tail, a few rows are nearly all of the variance
    goals = [(known, asked), (_ranks(known, known), _ranks(known, asked))]

    def score(bins: Bins) -> float:
        width = 1 + max(int(side.max(initial=0)) for side in bins)
        rows = np.bincount(bins[0], minlength=width)
        explained = [0.0]
        for learned, true in goals:
            total = np.bincount(bins[0], weights=learned, minlength=width)
            means = np.where(rows > 0, total / np.maximum(rows, 1), learned.mean())
            spread = float(np.square(true - true.mean()).sum())
            if spread:
                explained.append(1 - float(np.square(true - means[bins[1]]).sum()) / spread)
        return max(explained)

    return score


def _ranks(known: np.ndarray, values: np.ndarray) -> np.ndarray:
    ordered = np.sort(known)
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2


def _labels(training: pd.Series, validation: pd.Series) -> Score | None:
    """Scores bins by the class they tell best from the rest; None where every class has too few rows."""
    import pandas as pd

    codes, names = pd.factorize(pd.concat([training.astype(str), validation.astype(str)]))
    sides, count = np.split(codes, [len(training)]), len(names)
    rows = np.array([np.bincount(side, minlength=count) for side in sides])
    others = rows.sum(axis=1, keepdims=True) - rows
    told = np.flatnonzero((np.minimum(rows, others) >= _FEWEST).all(axis=0))
    if not len(told):
        return None

    def score(bins: Bins) -> float:
        width = 1 + max(int(side.max(initial=0)) for side in bins)
        tables = [
            np.bincount(bins[side] * count + sides[side], minlength=width * count).reshape(width, count)
            for side in (0, 1)
        ]
        known, asked = tables[0], tables[1]
        filled = known.sum(axis=1)
        shares = np.where(
            filled[:, None] > 0, known / np.maximum(filled, 1)[:, None], rows[0] / rows[0].sum()
        )
        return max(_area(shares[:, one], asked[:, one], asked.sum(axis=1) - asked[:, one]) for one in told)

    return score


def _area(means: np.ndarray, positives: np.ndarray, negatives: np.ndarray) -> float:
    """Area under the ROC curve from rows per bin, shapes (bins,), in the direction where it is larger."""
    ranks = np.unique(means, return_inverse=True)[1]
    positives, negatives = (np.bincount(ranks, weights=one) for one in (positives, negatives))
    below = np.cumsum(negatives) - 0.5 * negatives
    area = float((positives * below).sum() / (positives.sum() * negatives.sum()))
    return max(area, 1 - area)


def _views(training: pd.Series, validation: pd.Series) -> Iterator[Bins]:
    """The ways to look at a feature, each as bins of both sides."""
    import pandas as pd
    from pandas.api import types

    rows = len(training)
    both = pd.concat([training, validation], ignore_index=True)
    if types.is_datetime64_any_dtype(both.dtype):
        times = pd.to_datetime(both, utc=True)
        yield _bins(times.astype("int64").to_numpy(np.float64), times.isna().to_numpy(), rows)
    elif types.is_numeric_dtype(both.dtype) or types.is_bool_dtype(both.dtype):
        numbers = both.astype("Float64").to_numpy(np.float64, na_value=np.nan)
        yield _bins(numbers, np.isnan(numbers), rows)
    else:
        text = both.astype(object)
        codes, words = pd.factorize(text.where(text.isna(), text.astype(str)), sort=True)
        yield _categories(codes, rows)
        yield _bins(codes.astype(np.float64), codes < 0, rows)
        numbers = pd.to_numeric(pd.Series(words, dtype=object), errors="coerce").to_numpy(np.float64)
        if len(words) and np.isfinite(numbers).mean() >= _READABLE:
            read = np.append(numbers, np.nan)[codes]
            yield _bins(read, np.isnan(read), rows)


def _categories(codes: np.ndarray, rows: int) -> Bins:
    """A bin per category, the most frequent ones of the first `rows`; 0 is all others, 1 is missing."""
    found = np.bincount(codes[:rows] + 1, minlength=codes.max(initial=-1) + 2)[1:]
    bins = np.zeros(len(found) + 1, dtype=np.int64)
    kept = np.argsort(-found, kind="stable")[:_CATEGORIES]
    bins[kept] = np.arange(len(kept)) + 2
    bins[-1] = 1  # where code -1 looks
    return bins[codes[:rows]], bins[codes[rows:]]


def _bins(values: np.ndarray, missing: np.ndarray, rows: int) -> Bins:
    """Bins between the quantiles of the first `rows` values, one per value where these are few."""
    known = np.sort(values[:rows][~missing[:rows]])
    width = min(_BINS, max(2, rows // 2))
    edges = np.unique(known)
    if len(edges) > width:
        edges = np.unique(known[np.linspace(0, len(known), width, endpoint=False).astype(int)])
    bins = np.where(missing, 0, 1 + np.searchsorted(edges, values, side="right"))
    return bins[:rows], bins[rows:]
