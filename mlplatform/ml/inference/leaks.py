"""Columns that give the target away: parts of its sum, a copy of it, a label that stands for it.

Features that predict it almost perfectly are found by `mlplatform.ml.leakage`, as in every run.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_MOST_COLUMNS = 60
"""Numeric columns among which sums are looked for: triples grow with the third power."""
_PROBED = 24
_FEWEST_ROWS = 20
_ALWAYS = 0.99


def parts_of(target: pd.Series, numbers: Mapping[str, pd.Series]) -> tuple[tuple[str, int], ...]:
    """The one to three columns, each with its sign, that add up to the target in nearly every row; or none.

    `target` and each of `numbers` are n floats, NaN where missing. What is rounded in the target may differ
    by that.
    """
    import numpy as np

    varied = {name: one for name, one in numbers.items() if one.nunique() > 1}
    names = sorted(varied, key=lambda name: varied[name].isna().sum())[:_MOST_COLUMNS]
    if not names or target.nunique() < 3:
        return ()
    slack = _slack(target)
    values = np.column_stack([varied[name].to_numpy() for name in names])
    truth = target.to_numpy()
    probed = _probed_rows(truth, values)
    for chosen in _candidates(truth[probed], values[probed], slack):
        total = sum(sign * values[:, at] for at, sign in chosen)
        there = np.isfinite(truth) & np.isfinite(total)
        if there.sum() >= _FEWEST_ROWS and (np.abs(truth - total)[there] <= slack).mean() >= _ALWAYS:
            return tuple((names[at], sign) for at, sign in chosen)
    return ()


def _slack(target: pd.Series) -> float:
    """What rounding may have changed: half of the target's last digit, if little beside its spread."""
    given = target.dropna()
    digits = next((n for n in range(6) if (given.round(n) == given).mean() >= _ALWAYS), 6)
    scale = float(given.abs().max())
    unit = 10.0**-digits
    return (0.50001 * unit if given.std() > 20 * unit else 0.0) + 1e-9 * max(1.0, scale)


def _probed_rows(truth: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A few rows with few gaps, spread over the file: a sum that fails there is not tried on all."""
    import numpy as np

    gaps = (~np.isfinite(values)).sum(axis=1) + 1e6 * ~np.isfinite(truth)
    best = np.sort(np.argsort(gaps, kind="stable")[: max(_PROBED, len(gaps) // 2)])
    return best[np.linspace(0, len(best) - 1, min(_PROBED, len(best))).astype(int)]


def _candidates(truth: np.ndarray, values: np.ndarray, slack: float) -> Iterator[list[tuple[int, int]]]:
    """Signed columns whose sum holds in nearly all probed rows, fewest columns first."""
    import numpy as np

    count, signs = values.shape[1], (1, -1)

    def holds(rest: np.ndarray) -> np.ndarray:
        """Per column, whether it equals what is left of the target."""
        close = np.abs(rest[:, None] - values) <= slack
        known = np.isfinite(rest[:, None] - values)
        return (close | ~known).mean(axis=0) * (known.sum(axis=0) >= min(8, len(rest))) >= 0.95

    for size in (1, 2, 3):
        for start in itertools.combinations(range(count), size - 1):
            for chosen in itertools.product(signs, repeat=size - 1):
                rest = truth - sum(sign * values[:, at] for at, sign in zip(start, chosen, strict=True))
                for sign in signs:
                    for last in np.flatnonzero(holds(sign * rest)):
                        if last > max(start, default=-1):
                            yield [*zip(start, chosen, strict=True), (int(last), sign)]


def determines(values: pd.Series, target: pd.Series) -> bool:
    """Whether a column of few labels decides the target alone: one class or number with each of its labels.

    Both are n labels or numbers; rows in which the column is missing count as a label of their own, since
    what is filled in only afterwards shows by being there.
    """
    import pandas as pd

    there = target.notna()
    labels = pd.Series(pd.factorize(values[there])[0]).to_numpy()
    truth = pd.Series(pd.factorize(target[there])[0])
    kinds = len(set(labels))
    if kinds < 2 or len(truth) < _FEWEST_ROWS or len(truth) < 5 * kinds or truth.nunique() < 2:
        return False
    most = truth.groupby(labels).agg(lambda one: one.value_counts().iloc[0]).sum()
    return bool(most >= 0.999 * len(truth))


def told(parts: Sequence[tuple[str, int]], target: str) -> str:
    """base + bonus - tax = pay."""
    first, *others = parts
    text = ("" if first[1] > 0 else "-") + first[0]
    return text + "".join(f" {'+' if sign > 0 else '-'} {name}" for name, sign in others) + f" = {target}"
