"""Held-out rows that a model has seen: an exact twin, features and target alike, lies in training.

Rows with few possible values have twins by chance, so twins alone prove nothing. Chance shows itself,
though: among rows that agree in everything but column j, it deals out the values of j anew, and copies never
do. So per column j, D are the different values of j in the training rows that agree with a held-out row in
all else, and a twin is there by chance with the probability c that the held-out row's value is one of D. How
many rows have a value does not count: twenty copies of a row say no more than one. If the rows with a twin
are more than the sum of c by two standard errors, the rows without a twin tell which part of them are copies:
chance would leave sum(1 - c) of the rows with a twin without one. Of all columns the one that leaves the
fewest copies counts. Were columns independent, c would be the share of the rows whose value is one of D;
since they say something about each other, it is the square root of that.

Limits: some twenty twins are needed, so in a table of a few hundred rows a few copies pass. Where every
column, the target included, follows from the others or nearly so (many entities that share all features),
rows by chance and copies look the same and count as copies: `Leakage(duplicates=...)` is the way out. Copies
among others in which one column of few values was dealt out anew look like chance in that column, and pass;
so do copies among twenty times as many changed ones.
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
    cells, shares = _cells(training, validation, [*columns, entity])
    who, cells, shares = cells[-1], cells[:-1], shares[:-1]
    whole = cells.sum(axis=0, dtype=np.uint64)
    exact = _of_others(whole, who, held_out)
    found = Twins(len(validation), int((exact > 0).sum()), 0.0)
    telling = np.flatnonzero(_alike(shares) <= _TOO_ALIKE)
    if found.twins < _FEWEST or found.share <= enough or not len(telling):
        return found
    known = _Known(whole[~held_out], who[~held_out])
    asked = whole[held_out], who[held_out]
    copied = (
        _copied(
            exact > 0, known.covered(cells[j][~held_out], shares[j][~held_out], cells[j][held_out], *asked)
        )
        for j in telling
    )
    return Twins(found.rows, found.twins, min(copied))


def _alike(shares: np.ndarray) -> np.ndarray:
    """Per column, how often two rows agree that agree in all else."""
    import numpy as np

    return np.sqrt(shares.sum(axis=1) / max(1, shares.shape[1]))


def _copied(twin: np.ndarray, covered: np.ndarray) -> float:
    """The share that are copies, 0 where chance explains it. `covered`: the shares of D."""
    import numpy as np

    by_chance = np.sqrt(covered)
    error = float(np.sqrt((by_chance * (1 - by_chance)).sum()))
    if (twin - by_chance).sum() <= _ERRORS * error:
        return 0.0
    missed, expected = float(by_chance[~twin].sum()), float((1 - by_chance[twin]).sum())
    return float(twin.mean()) * (1 - missed / expected)


class _Known:
    """Training rows, each distinct one once."""

    def __init__(self, whole: np.ndarray, who: np.ndarray) -> None:
        import numpy as np

        self.whole, self.who = whole, who
        self.distinct = np.unique(whole, return_index=True)[1]
        of_one = np.unique(whole + who, return_index=True)[1]
        self.of_one_only = of_one[_count(whole[of_one], whole[of_one]) == 1]

    def covered(
        self, cell: np.ndarray, share: np.ndarray, asked_cell: np.ndarray, asked: np.ndarray, by: np.ndarray
    ) -> np.ndarray:
        """Per held-out row, the share of all rows whose value in this column is one of D, 0 to 1.

        D: see the module; rows of the held-out row's own entity (`by`) do not count.
        """
        import numpy as np

        rest, wanted = self.whole - cell, asked - asked_cell
        at, own = self.distinct, self.of_one_only
        found = _sums(rest[at], share[at], wanted)
        found -= _sums((rest + self.who)[own], share[own], wanted + by)
        return np.clip(found, 0.0, 1.0)


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
    """A random 64-bit number per distinct value, and the share of the rows that have it: (columns, rows)."""
    import numpy as np
    import pandas as pd

    random, cells, shares = np.random.default_rng(0), [], []
    for name in columns:
        both = pd.concat([training[name], validation[name]], ignore_index=True)
        codes = pd.factorize(both)[0] + 1
        numbers = random.integers(0, 2**64, codes.max(initial=0) + 1, dtype=np.uint64)
        cells.append(numbers[codes])
        shares.append((np.bincount(codes) / max(1, len(codes)))[codes])
    return np.array(cells), np.array(shares)


def _of_others(rows: np.ndarray, who: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Per held-out row, the training rows with the same number that are of another entity."""
    return _count(rows[~held_out], rows[held_out]) - _count((rows + who)[~held_out], (rows + who)[held_out])


def _count(among: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    import numpy as np

    return _sums(among, np.ones(len(among)), wanted).astype(np.int64)


def _sums(among: np.ndarray, weights: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Per wanted number, the sum of the weights of those among which it is found."""
    import numpy as np

    values, of = np.unique(among, return_inverse=True)
    if not len(values):
        return np.zeros(len(wanted))
    total = np.bincount(of, weights=weights)
    at = np.searchsorted(values, wanted).clip(max=len(values) - 1)
    return np.where(values[at] == wanted, total[at], 0.0)
