"""Features of the use case job_change: from the columns of a landed file to what the model sees."""

from __future__ import annotations

import pandas as pd

from .contracts import (
    COMPANY_SIZES,
    EDUCATION_LEVELS,
    EXPERIENCE_YEARS,
    RELEVANT_EXPERIENCE,
    YEARS_BETWEEN_JOBS,
)

NUMERIC = (
    "city_development_index",
    "has_relevant_experience",
    "experience_years",
    "education_rank",
    "company_size_rank",
    "years_between_jobs",
    "training_hours",
)
NOMINAL = ("gender", "enrolled_university", "major_discipline", "company_type")
MISSING = "missing"


def build_features(rows: pd.DataFrame) -> pd.DataFrame:
    """Turn raw rows into features, one row for one row.

    Pure and row-wise: a row's features depend on nothing but that row, so that training and a single request
    to the endpoint agree. The city's name is left out: its development index carries what is known about it,
    for cities never seen before too.

    Args:
        rows: n rows with the columns of RawEnrollee, without `target`; other columns are ignored.

    Returns:
        n rows with the columns of EnrolleeFeatures, in that order and with the index of `rows`. A label
        outside an ordered scale becomes NaN; a category never seen before stays as it is.

    Raises:
        KeyError: a needed column is absent.
        ValueError: `city_development_index` or `training_hours` holds something that is not a number.
    """
    features = {
        "city_development_index": rows["city_development_index"].astype("float64"),
        "has_relevant_experience": _rank(rows["relevent_experience"], RELEVANT_EXPERIENCE),
        # Labels follow one another by one year, from <1 at rank 0: the rank is the years.
        "experience_years": _rank(rows["experience"], EXPERIENCE_YEARS),
        "education_rank": _rank(rows["education_level"], EDUCATION_LEVELS),
        "company_size_rank": _rank(rows["company_size"], COMPANY_SIZES),
        "years_between_jobs": _rank(rows["last_new_job"], YEARS_BETWEEN_JOBS),
        "training_hours": rows["training_hours"].astype("float64"),
        **{name: rows[name].astype("str").fillna(MISSING) for name in NOMINAL},
    }
    return pd.DataFrame(features, index=rows.index)


def _rank(labels: pd.Series, scale: tuple[str, ...]) -> pd.Series:
    """Position of each label in `scale`, as float; NaN for missing and unknown labels."""
    ranks = {label: float(rank) for rank, label in enumerate(scale)}
    return labels.map(ranks).astype("float64")
