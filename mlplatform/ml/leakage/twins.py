"""Held-out rows that a model has seen: an exact twin, features and target alike, lies in training.

Rows with few possible values have twins by chance, so twins alone prove nothing. Chance shows itself,
though: rows that agree in everything but one column are then far more than those that agree in that column
too, and copies always agree in it. So per column j, with t training rows that agree with a held-out row in
all else and a probability a that two such rows agree in j, a share E = mean(1 - (1 - a)^t) has a twin by
chance. If a share T has one, (T - E) / (1 - a) are copies, once T - E is more than two standard errors. Of
all columns the one that leaves the fewest copies counts. Were columns independent, a would be the sum of the
squared shares of the values of j; since they say something about each other, it is the square root of that.

Limits: some twenty twins are needed, so in a table of a few hundred rows a few copies pass. Where every
column, the target included, follows from the others, rows by chance and copies look the same and count as
copies: `Leakage(duplicates=...)` is the way out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlplatform.ml.leakage.leaks import Leak, Roles

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_FEWEST = 3
"""Fewer twins than this are chance in any table."""
_TOO_ALIKE = 0.95
"""A column in which rows agree more often than this cannot tell chance from copies."""
_ERRORS = 2.0


@dataclass(frozen=True)
class Twins:
    """Of `rows` held-out rows, `twins` have one; of a share `copied` (0..1), chance is not the reason."""

    rows: int
    twins: int
    copied: float

    @property
    def share(self) -> float:
        """Share of the held-out rows that have a twin; 0 of none."""
        return self.twins / self.rows if self.rows else 0.0


def count_twins(
    training: pd.DataFrame, validation: pd.DataFrame, columns: Sequence[str], entity: str, enough: float
) -> Twins:
    """Twins of other entities by these columns. `copied` is 0 unless more than `enough` (0..1) have one."""
    import numpy as np

    held_out = np.repeat([False, True], [len(training), len(validation)])
    cells, alike = _cells(training, validation, [*columns, entity])
    who, cells, alike = cells[-1], cells[:-1], alike[:-1]
    whole = cells.sum(axis=0, dtype=np.uint64)
    exact = _of_others(whole, who, held_out)
    found = Twins(len(validation), int((exact > 0).sum()), 0.0)
    agree = np.sqrt(alike)
    telling = np.flatnonzero(agree <= _TOO_ALIKE)
    if found.twins < _FEWEST or found.share <= enough or not len(telling):
        return found
    else_alike = (_of_others(whole - cells[j], who, held_out) for j in telling)
    copied = min(_copied(exact > 0, agree[j], near) for j, near in zip(telling, else_alike, strict=True))
    return Twins(found.rows, found.twins, copied)


def _copied(twin: np.ndarray, agree: float, near: np.ndarray) -> float:
    """The share that are copies, 0 where chance explains it. `near`: training rows alike in all else."""
    import numpy as np

    by_chance = 1 - (1 - agree) ** near
    error = float(np.sqrt((by_chance * (1 - by_chance)).sum())) / len(twin)
    excess = float(twin.mean() - by_chance.mean())
    return excess / (1 - agree) if excess > _ERRORS * error else 0.0


def copies(twins: Twins, roles: Roles, most: float) -> list[Leak]:
    """A leak where more than the share `most` of the held-out rows were copied."""
    if twins.copied <= most or twins.copied * twins.rows < _FEWEST:
        return []
    return [
        Leak(
            "few held-out rows are copies of training rows",
            None,
            f"{twins.twins:,} of {twins.rows:,} rows",
            f"{twins.twins:,} of {twins.rows:,} held-out rows ({twins.share:.1%}) have an exact twin in "
            f"training under another {roles.entity!r}; {twins.copied:.1%} of the rows are more than "
            f"chance explains, {most:.1%} are allowed. Was a file landed twice with new ids? Withdraw it; "
            "where such rows are honest, raise Leakage(duplicates=...) of the use case.",
        )
    ]


def _cells(
    training: pd.DataFrame, validation: pd.DataFrame, columns: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """A random 64-bit number per distinct value, shape (columns, rows), and how often two rows agree."""
    import numpy as np
    import pandas as pd

    random, cells, alike = np.random.default_rng(0), [], []
    for name in columns:
        both = pd.concat([training[name], validation[name]], ignore_index=True)
        codes = pd.factorize(both)[0] + 1
        numbers = random.integers(0, 2**64, codes.max(initial=0) + 1, dtype=np.uint64)
        cells.append(numbers[codes])
        alike.append(float(np.square(np.bincount(codes) / max(1, len(codes))).sum()))
    return np.array(cells), np.array(alike)


def _of_others(rows: np.ndarray, who: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Per held-out row, the training rows with the same number that are of another entity."""
    return _count(rows[~held_out], rows[held_out]) - _count((rows + who)[~held_out], (rows + who)[held_out])


def _count(among: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    import numpy as np

    values, counts = np.unique(among, return_counts=True)
    if not len(values):
        return np.zeros(len(wanted), dtype=np.int64)
    at = np.searchsorted(values, wanted).clip(max=len(values) - 1)
    return np.where(values[at] == wanted, counts[at], 0)
