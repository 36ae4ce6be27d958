"""Features of the use case worker_productivity: from the columns of a landed file to what the model sees."""

from __future__ import annotations

import pandas as pd

from .contracts import DEPARTMENTS

NUMERIC = (
    "targeted_productivity",
    "smv",
    "wip",
    "over_time",
    "over_time_per_worker",
    "incentive",
    "no_of_style_change",
    "no_of_workers",
)
NOMINAL = ("department",)
_TAKEN = tuple(name for name in NUMERIC if name != "over_time_per_worker")


def build_features(rows: pd.DataFrame) -> pd.DataFrame:
    """Turn raw rows into features, one row for one row.

    Pure and row-wise: a row's features depend on nothing but that row, so that training and a single request
    to the endpoint agree. The team's number, the day of the week and the week of the month are left out: on
    days to come the forecast was no better with them.

    Args:
        rows: n rows with the columns of RawTeamDay; those known only afterwards may be absent.

    Returns:
        n rows with the columns of TeamDayFeatures, in that order and with the index of `rows`. A department
        that is unknown becomes a missing value, which the contract of the features does not let through.

    Raises:
        KeyError: a needed column is absent.
        ValueError: a number's column holds something that is no number.
    """
    features = {name: rows[name].astype("float64") for name in _TAKEN}
    # Lines work two or three hours longer as a rule: the rate tells that apart from a large team.
    features["over_time_per_worker"] = features["over_time"] / features["no_of_workers"]
    features["department"] = rows["department"].map(DEPARTMENTS)
    return pd.DataFrame({name: features[name] for name in (*NOMINAL, *NUMERIC)}, index=rows.index)
