"""All that the features of two sets can tell about a leak between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlplatform.ml.leakage.alone import scores, too_good
from mlplatform.ml.leakage.leaks import Leak, Roles
from mlplatform.ml.leakage.sides import on_both_sides
from mlplatform.ml.leakage.twins import Twins, copies, count_twins
from mlplatform.ml.policies import Leakage
from mlplatform.ml.reading import ROW_ID

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Looked:
    """What was looked at and found. `alone`: the score of each feature by itself, best first."""

    training_rows: int
    validation_rows: int
    twins: Twins
    alone: Mapping[str, float]
    leaks: tuple[Leak, ...]


def look_for_leaks(training: pd.DataFrame, validation: pd.DataFrame, roles: Roles, policy: Leakage) -> Looked:
    """Look at rows of both sides: features, and beside them the row id and the columns of the roles."""
    features = [name for name in training.columns if name not in {ROW_ID, *roles.beside}]
    twins = count_twins(training, validation, [*features, roles.target], roles.entity, policy.duplicates)
    alone = scores(training, validation, features, roles)
    leaks = (
        *on_both_sides(training, validation, roles),
        *copies(twins, roles, policy.duplicates),
        *too_good(alone, len(validation), roles, policy.alone, policy.allowed),
    )
    return Looked(len(training), len(validation), twins, alone, leaks)
