"""Seeded sample of enrollees, for a machine without the real file: same columns, similar frequencies.

All figures are aggregates (shares, quantiles, coefficients) of "HR Analytics: Job Change of Data Scientists"
(CC0, 19,158 rows); no row of it is in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .contracts import MAX_TRAINING_HOURS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Share = float | tuple[float, ...]
    Table = Mapping[str | None, Share]

MAX_ROWS = 1_000_000
MAX_SEED = 2**32 - 1

# Tables: label -> share of the rows, or one share for each of several groups of rows. None is a blank.

# The twelve largest cities, 69 % of the rows: share, development index.
LARGE_CITIES = {
    "city_103": (0.2273, 0.920), "city_21": (0.1410, 0.624), "city_16": (0.0800, 0.910),
    "city_114": (0.0697, 0.926), "city_160": (0.0441, 0.920), "city_136": (0.0306, 0.897),
    "city_67": (0.0225, 0.855), "city_75": (0.0159, 0.939), "city_102": (0.0159, 0.804),
    "city_104": (0.0157, 0.924), "city_73": (0.0146, 0.754), "city_100": (0.0144, 0.887),
}  # fmt: skip
# Deciles of the index among the rows of all other cities.
SMALL_CITY_DECILES = (0.448, 0.579, 0.698, 0.698, 0.762, 0.795, 0.843, 0.884, 0.896, 0.921, 0.949)
SMALL_CITIES = 60

GENDER: Table = {"Male": 0.6901, "Female": 0.0646, "Other": 0.0100, None: 0.2353}

# Groups: cities with an index of LOW_INDEX and above, cities below.
LOW_INDEX = 0.65
EXPERIENCE: Table = {
    "<1": (0.0177, 0.0704), "1": (0.0225, 0.0563), "2": (0.0486, 0.1049), "3": (0.0584, 0.1259),
    "4": (0.0641, 0.1144), "5": (0.0667, 0.1104), "6": (0.0584, 0.0865), "7": (0.0507, 0.0670),
    "8": (0.0405, 0.0480), "9": (0.0528, 0.0437), "10": (0.0544, 0.0379), "11": (0.0375, 0.0218),
    "12": (0.0277, 0.0172), "13": (0.0231, 0.0106), "14": (0.0344, 0.0132), "15": (0.0405, 0.0147),
    "16": (0.0301, 0.0103), "17": (0.0199, 0.0086), "18": (0.0165, 0.0060), "19": (0.0182, 0.0055),
    "20": (0.0090, 0.0020), ">20": (0.2055, 0.0184), None: (0.0028, 0.0060),
}  # fmt: skip

# Groups: years of work up to 1, 2 to 4, 5 to 8, 9 to 12, 13 to 20, more.
EXPERIENCE_BANDS = (2, 5, 9, 13, 21)
RELEVANT_EXPERIENCE: Table = {
    "Has relevent experience": (0.331, 0.488, 0.713, 0.828, 0.876, 0.877),
    "No relevent experience": (0.669, 0.512, 0.287, 0.172, 0.124, 0.123),
}
ENROLLED_UNIVERSITY: Table = {
    "no_enrollment": (0.526, 0.524, 0.641, 0.769, 0.867, 0.941),
    "Full time course": (0.363, 0.359, 0.260, 0.150, 0.072, 0.025),
    "Part time course": (0.071, 0.082, 0.079, 0.066, 0.050, 0.024),
    None: (0.040, 0.035, 0.020, 0.015, 0.011, 0.009),
}
EDUCATION_LEVEL: Table = {
    "Primary School": (0.050, 0.032, 0.017, 0.009, 0.003, 0.005),
    "High School": (0.200, 0.190, 0.120, 0.075, 0.051, 0.035),
    "Graduate": (0.554, 0.601, 0.640, 0.624, 0.596, 0.572),
    "Masters": (0.134, 0.133, 0.194, 0.260, 0.312, 0.304),
    "Phd": (0.006, 0.005, 0.007, 0.018, 0.024, 0.068),
    None: (0.056, 0.040, 0.023, 0.014, 0.014, 0.017),
}
LAST_NEW_JOB: Table = {
    "never": (0.348, 0.240, 0.142, 0.072, 0.045, 0.038),
    "1": (0.511, 0.509, 0.496, 0.430, 0.347, 0.241),
    "2": (0.041, 0.145, 0.164, 0.185, 0.162, 0.134),
    "3": (0.007, 0.034, 0.058, 0.063, 0.075, 0.056),
    "4": (0.007, 0.017, 0.054, 0.077, 0.077, 0.067),
    ">4": (0.020, 0.011, 0.068, 0.163, 0.284, 0.453),
    None: (0.065, 0.044, 0.019, 0.011, 0.010, 0.010),
}

# Groups: first degree and above, below.
DEGREES = ("Graduate", "Masters", "Phd")
MAJOR_DISCIPLINE: Table = {
    "STEM": (0.8851, 0.0), "Humanities": (0.0409, 0.0), "Other": (0.0233, 0.0),
    "Business Degree": (0.0200, 0.0), "Arts": (0.0155, 0.0), "No Major": (0.0136, 0.0), None: (0.0017, 1.0),
}  # fmt: skip

# Groups: with relevant experience, without.
COMPANY_SIZE: Table = {
    "<10": (0.0795, 0.0393), "10/49": (0.0905, 0.0416), "50-99": (0.1945, 0.0745),
    "100-500": (0.1620, 0.0628), "500-999": (0.0540, 0.0246), "1000-4999": (0.0799, 0.0421),
    "5000-9999": (0.0334, 0.0190), "10000+": (0.1190, 0.0704), None: (0.1871, 0.6256),
}  # fmt: skip
# Groups: company_size given, blank. Whoever leaves out the one mostly leaves out the other.
COMPANY_TYPE: Table = {
    "Pvt Ltd": (0.7119, 0.0684), "Funded Startup": (0.0753, 0.0010), "Public Sector": (0.0625, 0.0217),
    "Early Stage Startup": (0.0454, 0.0005), "NGO": (0.0374, 0.0044), "Other": (0.0085, 0.0013),
    None: (0.0590, 0.9027),
}  # fmt: skip

TRAINING_HOURS_QUANTILES = {
    0.0: 1, 0.01: 3, 0.05: 7, 0.1: 11, 0.2: 19, 0.3: 27, 0.4: 37, 0.5: 47,
    0.6: 58, 0.7: 78, 0.8: 101, 0.9: 146, 0.95: 188, 0.99: 302, 1.0: 336,
}  # fmt: skip

# Coefficients of a logistic regression for `target`; the index acts in steps, one effect for each band.
INDEX_BOUNDS = (LOW_INDEX, 0.8, 0.9, 0.9205)
INDEX_EFFECTS = (2.70, 0.67, 0.0, 0.49, -0.12)
# The regression misses what sets single cities apart; steeper effects make up for that.
STEEPNESS = 1.12
# Chosen for a quarter of ones.
INTERCEPT = -2.96


def generate(rows: int, seed: int, drift: bool = False) -> pd.DataFrame:
    """Draw enrollees as a file would hold them.

    The same arguments give the same frame. Ids come from the seed's own range, `seed * 1,000,000 + 1`
    upwards, so that no two seeds share one; with and without drift the same seed gives the same people.

    Args:
        rows: number of rows, 0 to 1,000,000.
        seed: 0 to 2**32 - 1.
        drift: three times the training hours and, in 60 % of the rows, an index near 0.45. Both come after
            `target` is drawn: people decide as before, but a model that learned from the old figures errs.

    Returns:
        A frame of shape (rows, 14) that RawEnrollee accepts, with the columns of the source in their order;
        blanks are missing values, about 25 % of `target` are 1.

    Raises:
        ValueError: `rows` or `seed` is out of range.
    """
    import numpy as np
    import pandas as pd

    if not 0 <= rows <= MAX_ROWS:
        raise ValueError(f"rows must be from 0 to {MAX_ROWS}, not {rows}: ids of two seeds would overlap")
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be from 0 to {MAX_SEED}, not {seed}")
    rng = np.random.default_rng(seed)
    ids = seed * MAX_ROWS + 1 + rng.permutation(rows)
    columns = _profiles(rng, rows)
    columns["target"] = (rng.random(rows) < _chance_of_leaving(columns)).astype("int64")
    if drift:
        moved = rng.random(rows) < 0.6
        near = rng.normal(0.45, 0.03, rows).clip(0.3, 0.6).round(3)
        columns["city_development_index"] = np.where(moved, near, columns["city_development_index"])
        columns["training_hours"] = np.minimum(columns["training_hours"] * 3, MAX_TRAINING_HOURS)
    return pd.DataFrame({"enrollee_id": ids, **columns})


def _profiles(rng: np.random.Generator, rows: int) -> dict[str, NDArray[Any]]:
    """All columns between `enrollee_id` and `target`, each of shape (rows,), in the order of the source."""
    import numpy as np
    import pandas as pd

    shares, indices = _cities()
    city = _draw(rng, shares, np.zeros(rows, dtype=int))
    index = pd.Series(city).map(indices).to_numpy(dtype=float)
    gender = _draw(rng, GENDER, np.zeros(rows, dtype=int))
    experience = _draw(rng, EXPERIENCE, (index < LOW_INDEX).astype(int))
    band = np.searchsorted(EXPERIENCE_BANDS, _years(experience), side="right")
    relevant = _draw(rng, RELEVANT_EXPERIENCE, band)
    university = _draw(rng, ENROLLED_UNIVERSITY, band)
    education = _draw(rng, EDUCATION_LEVEL, band)
    major = _draw(rng, MAJOR_DISCIPLINE, (~np.isin(education.astype(str), DEGREES)).astype(int))
    size = _draw(rng, COMPANY_SIZE, (relevant == "No relevent experience").astype(int))
    kind = _draw(rng, COMPANY_TYPE, pd.isna(size).astype(int))
    quantiles = list(TRAINING_HOURS_QUANTILES.items())
    hours = np.interp(rng.random(rows), [at for at, _ in quantiles], [value for _, value in quantiles])
    return {
        "city": city,
        "city_development_index": index,
        "gender": gender,
        "relevent_experience": relevant,
        "enrolled_university": university,
        "education_level": education,
        "major_discipline": major,
        "experience": experience,
        "company_size": size,
        "company_type": kind,
        "last_new_job": _draw(rng, LAST_NEW_JOB, band),
        "training_hours": hours.round().astype("int64"),
    }


def _cities() -> tuple[dict[str | None, Share], dict[str, float]]:
    """Share of the rows and development index of each city; the small ones follow a formula."""
    import numpy as np

    shares: dict[str | None, Share] = {name: row[0] for name, row in LARGE_CITIES.items()}
    indices = {name: row[1] for name, row in LARGE_CITIES.items()}
    free = [name for number in range(1, 181) if (name := f"city_{number}") not in LARGE_CITIES]
    names = free[:SMALL_CITIES]
    weights = 1 / np.arange(10, 10 + SMALL_CITIES)
    weights *= (1 - sum(row[0] for row in LARGE_CITIES.values())) / weights.sum()
    # 37 and 60 have no common factor: each place on the scale is taken once, in a scattered order.
    places = np.arange(SMALL_CITIES) * 37 % SMALL_CITIES / (SMALL_CITIES - 1)
    levels = np.interp(places, np.linspace(0, 1, len(SMALL_CITY_DECILES)), SMALL_CITY_DECILES).round(3)
    shares.update(zip(names, weights.tolist(), strict=True))
    indices.update(zip(names, levels.tolist(), strict=True))
    return shares, indices


def _draw(rng: np.random.Generator, table: Table, groups: NDArray[Any]) -> NDArray[Any]:
    """One label of `table` for each row, by the shares of its group; groups and labels: shape (rows,)."""
    import numpy as np

    cumulative = np.atleast_2d(np.array(list(table.values()), dtype=float).T).cumsum(axis=1)
    # Shares are rounded, their sum is not quite one.
    cumulative /= cumulative[:, -1:]
    picks = (rng.random(len(groups))[:, None] >= cumulative[groups]).sum(axis=1)
    drawn: NDArray[Any] = np.array(list(table), dtype=object).take(picks)
    return drawn


def _years(experience: NDArray[Any]) -> NDArray[Any]:
    """Years of work as numbers of shape (rows,); who gives none is like somebody with few years."""
    import pandas as pd

    years = {"<1": 0, ">20": 21, **{str(number): number for number in range(1, 21)}}
    return pd.Series(experience).map(years).fillna(3).to_numpy(dtype=float)


def _chance_of_leaving(columns: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Probability of target 1, shape (rows,)."""
    import numpy as np
    import pandas as pd

    index = columns["city_development_index"]
    elsewhere = index >= LOW_INDEX
    graduate = columns["education_level"] == "Graduate"
    no_employer = pd.isna(columns["company_size"])
    effects = (
        np.array(INDEX_EFFECTS)[np.searchsorted(INDEX_BOUNDS, index, side="right")]
        # Where most want to leave anyway, having no employer adds next to nothing.
        + 1.09 * (no_employer & elsewhere)
        + 0.99 * (no_employer & elsewhere & graduate)
        + 0.47 * graduate
        + 0.68 * np.isin(columns["education_level"].astype(str), ["Masters", "Phd"])
        + 0.20 * (columns["enrolled_university"] == "Full time course")
        + 0.29 * (columns["company_size"] == "10/49")
        - 0.20 * (columns["relevent_experience"] == "Has relevent experience")
        - 0.019 * _years(columns["experience"])
        - 0.0009 * columns["training_hours"]
    )
    return np.asarray(1 / (1 + np.exp(-INTERCEPT - STEEPNESS * effects)))
