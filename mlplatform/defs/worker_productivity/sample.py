"""Seeded sample of team days, for a machine without the real file: same columns, similar distributions.

All figures are aggregates (shares, quantiles) of "Productivity Prediction of Garment Employees" (UCI, CC BY
4.0, 1,197 rows); no row of it is in here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Columns = dict[str, NDArray[Any]]

MAX_ROWS = 1_000_000
MAX_SEED = 2**32 - 1
FIRST_DAY = "2015-01-01"
# Seeds follow one another in time, like files that come in: each has days of its own, up to the default size.
DAYS_PER_SEED = 140
SEEDS_APART = 100
TEAMS = 12
# Of the finishing teams, 8.6 of 12 report on a day; of the sewing teams nearly all.
FINISHING_SHARE = 0.715

# Tables: value -> share of the rows.
TARGETS = {
    "sewing": {0.8: 0.428, 0.75: 0.175, 0.7: 0.215, 0.65: 0.055, 0.6: 0.055, 0.5: 0.046, 0.35: 0.026},
    "finishing": {0.8: 0.485, 0.75: 0.188, 0.7: 0.187, 0.65: 0.049, 0.6: 0.038, 0.5: 0.033, 0.35: 0.020},
}
FINISHING_SMV = {3.94: 0.45, 2.9: 0.22, 4.15: 0.15, 4.6: 0.09, 5.13: 0.05, 4.3: 0.04}
STYLE_CHANGES = {0.0: 0.787, 1.0: 0.165, 2.0: 0.048}
# Minutes for one worker: two or three hours as a rule.
OVERTIME = {
    "sewing": {0.0: 0.04, 60.0: 0.06, 100.0: 0.13, 120.0: 0.46, 180.0: 0.28, 225.0: 0.03},
    "finishing": {0.0: 0.06, 120.0: 0.58, 180.0: 0.24, 360.0: 0.08, 600.0: 0.04},
}
# Tables: share of the rows below -> value.
SEWING_SMV = {0: 10.05, 0.1: 11.41, 0.2: 16.0, 0.4: 20.1, 0.6: 25.5, 0.8: 29.4, 0.97: 30.3, 1: 50.5}
WIP = {0: 7, 0.05: 358, 0.1: 532, 0.25: 774, 0.5: 1039, 0.75: 1252, 0.95: 1602, 0.98: 3000, 1: 20000}
SEWING_WORKERS = {0: 26, 0.05: 31, 0.1: 34, 0.2: 50, 0.3: 55, 0.5: 57, 0.8: 58.5, 0.98: 60, 1: 70}
FINISHING_WORKERS = {0: 2, 0.05: 8, 0.5: 8, 0.6: 10, 0.75: 12, 0.9: 20, 1: 28}
FINISHING_PRODUCTIVITY = {
    0: 0.236, 0.05: 0.343, 0.1: 0.444, 0.2: 0.595, 0.3: 0.667, 0.4: 0.749, 0.5: 0.806, 0.6: 0.847,
    0.7: 0.892, 0.8: 0.927, 0.9: 0.967, 0.99: 1.05, 1: 1.12,
}  # fmt: skip
# What sewing teams that reach their plan make beyond it.
BEYOND_PLAN = {0: 0.0, 0.6: 0.001, 0.75: 0.05, 0.9: 0.12, 1: 0.3}
REACHED_SHARE, REACHED_AFTER_CHANGE, IDLE_SHARE = 0.89, 0.62, 0.026
# Incentive of sewing teams: this much for each unit of productivity above the start, on a scale of fives.
INCENTIVE_SLOPE, INCENTIVE_START = 142, 0.4


def generate(rows: int, seed: int, drift: bool = False) -> pd.DataFrame:
    """Make `rows` team days on the working days from a day that follows from the seed.

    Args:
        rows: number of rows, 0 to 1,000,000; about 20 make a day.
        seed: 0 to 2**32 - 1; the same arguments give the same rows. Up to 2,000 rows, seeds less than 100
            apart have no day in common, and the larger seed has the later ones.
        drift: whether the work has changed: styles take half as long again, and less is in the line.

    Returns:
        Rows with the columns of the source, in its order of columns and of days, dates as text (1/31/2015);
        ready for `to_csv`. Dates, quarters and days of the week agree; Fridays are free.

    Raises:
        ValueError: an argument is out of range.
    """
    import numpy as np
    import pandas as pd

    if not 0 <= rows <= MAX_ROWS:
        raise ValueError(f"rows must be from 0 to {MAX_ROWS}, not {rows}")
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be from 0 to {MAX_SEED}, not {seed}")
    rng = np.random.default_rng(seed)
    days, department, team = _who_and_when(rng, rows, seed)
    columns = _of_departments(rng, department)
    if drift:
        columns["smv"] = (columns["smv"] * 1.5).round(2)
        columns["wip"] = np.floor(columns["wip"] * 0.6)
    weeks = pd.Series((days.day - 1) // 7 + 1).astype(str)
    frame = pd.DataFrame(
        {
            "date": [f"{day.month}/{day.day}/{day.year}" for day in days],
            "quarter": "Quarter" + weeks,
            "department": np.where(department == "sewing", "sweing", department),
            "day": days.day_name(),
            "team_no": team,
            **columns,
        }
    )
    return frame.astype({"wip": "Int64"})


def _who_and_when(
    rng: np.random.Generator, rows: int, seed: int
) -> tuple[pd.DatetimeIndex, NDArray[Any], NDArray[np.int64]]:
    """Day, department and team of each row; a team has at most one row a day in each department."""
    import numpy as np
    import pandas as pd

    start = pd.Timestamp(FIRST_DAY) + pd.Timedelta(days=seed % SEEDS_APART * DAYS_PER_SEED)
    # All sewing teams are there every day, so this many working days are enough.
    needed = math.ceil(rows / TEAMS)
    calendar = pd.date_range(start, periods=math.ceil(needed * 7 / 6) + 7)
    working = calendar[calendar.day_name() != "Friday"][:needed]
    there = np.ones((needed, 2, TEAMS), dtype=bool)
    there[:, 1] = rng.random((needed, TEAMS)) < FINISHING_SHARE
    order = rng.permuted(np.tile(np.arange(2 * TEAMS), (needed, 1)), axis=1)
    present = np.take_along_axis(there.reshape(needed, 2 * TEAMS), order, axis=1)
    place, who = np.repeat(np.arange(needed), 2 * TEAMS)[present.ravel()][:rows], order[present][:rows]
    department = np.where(who < TEAMS, "sewing", "finishing").astype(object)
    return working[place], department, who % TEAMS + 1


def _of_departments(rng: np.random.Generator, department: NDArray[Any]) -> Columns:
    """All columns behind `team_no`, each of shape (rows,), in the order of the source."""
    import numpy as np

    rows, sewing = len(department), department == "sewing"
    changes = np.where(sewing, _draw(rng, STYLE_CHANGES, rows), 0).astype("int64")
    idle = sewing & (rng.random(rows) < IDLE_SHARE)
    target = np.where(sewing, _draw(rng, TARGETS["sewing"], rows), _draw(rng, TARGETS["finishing"], rows))
    actual = _actual(rng, sewing, target, changes, idle)
    workers = np.where(
        sewing,
        # A worker whom two teams share counts a half.
        (_spread(rng, SEWING_WORKERS, rows) * 2).round() / 2,
        _spread(rng, FINISHING_WORKERS, rows).round(),
    )
    minutes = np.where(sewing, _draw(rng, OVERTIME["sewing"], rows), _draw(rng, OVERTIME["finishing"], rows))
    smv = np.where(sewing, _spread(rng, SEWING_SMV, rows), _draw(rng, FINISHING_SMV, rows))
    return {
        "targeted_productivity": target,
        "smv": smv.round(2),
        "wip": np.where(sewing, _spread(rng, WIP, rows).round(), np.nan),
        "over_time": (minutes * np.floor(workers) / 10).round().astype("int64") * 10,
        "incentive": _incentive(rng, sewing, target, actual),
        "idle_time": np.where(idle, rng.choice([2.0, 3.5, 4.5, 8.0, 90.0, 270.0], rows), 0.0),
        "idle_men": np.where(idle, rng.choice([10, 15, 20, 30, 40], rows), 0),
        "no_of_style_change": changes,
        "no_of_workers": workers,
        "actual_productivity": actual.round(9),
    }


def _actual(
    rng: np.random.Generator, sewing: NDArray[Any], target: Numbers, changes: NDArray[Any], idle: NDArray[Any]
) -> Numbers:
    """Sewing teams mostly make what was planned, hardly more; finishing teams go their own way."""
    import numpy as np

    rows = len(target)
    chance = np.where(changes > 0, REACHED_AFTER_CHANGE, REACHED_SHARE) - 0.5 * idle
    beyond, short = _spread(rng, BEYOND_PLAN, rows), rng.exponential(0.2, rows)
    made = np.where(rng.random(rows) < chance, target + beyond, target - short)
    alone = _spread(rng, FINISHING_PRODUCTIVITY, rows)
    return np.asarray(np.where(sewing, made.clip(0.235, 1.1), alone))


def _incentive(
    rng: np.random.Generator, sewing: NDArray[Any], target: Numbers, actual: Numbers
) -> NDArray[np.int64]:
    """Goes with what was reached: 19 of 20 teams that reach their plan have one, a third of the others."""
    import numpy as np

    rows = len(target)
    given = sewing & (rng.random(rows) < np.where(actual >= target, 0.93, 0.32))
    amount = INCENTIVE_SLOPE * (actual - INCENTIVE_START) + rng.normal(0, 9, rows)
    return np.asarray(np.where(given, (amount / 5).round().clip(4, 28) * 5, 0), dtype=np.int64)


def _draw(rng: np.random.Generator, table: Mapping[float, float], rows: int) -> Numbers:
    """One value of `table` for each row, by its share."""
    import numpy as np

    shares = np.array(list(table.values()))
    return np.asarray(rng.choice(np.array(list(table), dtype=float), size=rows, p=shares / shares.sum()))


def _spread(rng: np.random.Generator, table: Mapping[float, float], rows: int) -> Numbers:
    """One value for each row, spread evenly between the quantiles of `table`."""
    import numpy as np

    return np.asarray(np.interp(rng.random(rows), list(table), list(table.values())))
