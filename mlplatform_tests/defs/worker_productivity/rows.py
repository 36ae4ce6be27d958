"""The real rows and generated ones, as the platform hands them on: dates read, columns in order."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

FILE = "garments_worker_productivity.csv"
AFTERWARDS = ["idle_time", "idle_men", "actual_productivity"]


def dated(rows: pd.DataFrame) -> pd.DataFrame:
    """With dates read as the declaration says."""
    dates = pd.to_datetime(rows["date"], format="%m/%d/%Y")
    return rows.assign(date=dates, wip=rows["wip"].astype("float64"))


def real_rows(folder: Path) -> pd.DataFrame:
    """All rows of the real file."""
    return dated(pd.read_csv(folder / FILE))


def last_days(rows: pd.DataFrame, share: float = 0.2) -> pd.Series:
    """True for the rows of the last days that have any."""
    days = sorted(rows["date"].unique())
    return rows["date"] >= days[-int(len(days) * share)]
