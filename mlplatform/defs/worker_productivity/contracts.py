"""Data contracts of the use case worker_productivity: what a landed file and its features must look like.

Source of columns and categories: "Productivity Prediction of Garment Employees" (UCI, CC BY 4.0), one row for
each team of a department and day. The spellings are those of the source, oddities included (`sweing`).
"""

from datetime import datetime
from typing import ClassVar

import pandera.pandas as pa

# The source spells sewing wrong, and copies of it have finishing with a blank behind it as well.
DEPARTMENTS = {"sweing": "sewing", "sewing": "sewing", "finishing": "finishing", "finishing ": "finishing"}
# Weeks of the month, counted from its first day; the fifth has what is left of it.
QUARTERS = ("Quarter1", "Quarter2", "Quarter3", "Quarter4", "Quarter5")
DAYS = ("Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday")

# Limits leave about twice the room that the source takes: more is an error of whoever typed it.
MAX_SMV = 120
MAX_WIP = 50_000
MAX_OVER_TIME = 50_000
MAX_INCENTIVE = 7_500
MAX_IDLE_TIME = 1_440
MAX_WORKERS = 200
# The source ends at 1.12: a team may make more than was planned for full efficiency, but not half as much
# again.
MAX_PRODUCTIVITY = 1.5


class RawTeamDay(pa.DataFrameModel):
    """One team of a department on one day, as the file says it: plan, people, work, and what came out."""

    date: datetime = pa.Field(ge=datetime(2000, 1, 1), description="The day, as month/day/year.")
    quarter: str = pa.Field(isin=QUARTERS, description="Week of the month, from Quarter1 to Quarter5.")
    department: str = pa.Field(isin=list(DEPARTMENTS), description="Sewing (as sweing) or finishing.")
    day: str = pa.Field(isin=DAYS, description="Day of the week.")
    team_no: int = pa.Field(ge=1, le=99, description="Number of the team, the same in both departments.")
    targeted_productivity: float = pa.Field(
        ge=0, le=1, description="Productivity that was planned for the team and day; 1 is full efficiency."
    )
    smv: float = pa.Field(gt=0, le=MAX_SMV, description="Standard minutes that one piece takes.")
    wip: float = pa.Field(
        nullable=True, ge=0, le=MAX_WIP, description="Unfinished pieces in the line; finishing has none."
    )
    over_time: int = pa.Field(
        ge=0, le=MAX_OVER_TIME, description="Minutes of overtime of the whole team together."
    )
    incentive: int = pa.Field(
        ge=0, le=MAX_INCENTIVE, description="Money offered for reaching the plan, in taka (BDT)."
    )
    idle_time: float = pa.Field(
        ge=0, le=MAX_IDLE_TIME, description="Time for which production stood still; the source gives no unit."
    )
    idle_men: int = pa.Field(ge=0, le=MAX_WORKERS, description="Workers who had nothing to do meanwhile.")
    no_of_style_change: int = pa.Field(ge=0, le=10, description="Changes of the style that is made.")
    # 30.5 is right: a worker whom two teams share counts a half in each.
    no_of_workers: float = pa.Field(gt=0, le=MAX_WORKERS, description="Workers of the team, in halves.")
    actual_productivity: float = pa.Field(
        ge=0, le=MAX_PRODUCTIVITY, description="Productivity reached; above 1 where the plan was exceeded."
    )

    class Config:
        """Text is turned into the declared types first; a team has one row a day in each department."""

        coerce = True
        strict = False
        unique: ClassVar = ["date", "department", "team_no"]


class TeamDayFeatures(pa.DataFrameModel):
    """What the model sees of a team's day. NaN in `wip` means that there is none, as in finishing."""

    department: str = pa.Field(isin=["sewing", "finishing"], description="Department, in one spelling.")
    targeted_productivity: float = pa.Field(ge=0, le=1, description="Productivity planned for the day.")
    smv: float = pa.Field(gt=0, description="Standard minutes that one piece takes.")
    wip: float = pa.Field(nullable=True, ge=0, description="Unfinished pieces in the line.")
    over_time: float = pa.Field(ge=0, description="Minutes of overtime of the team.")
    over_time_per_worker: float = pa.Field(ge=0, description="Minutes of overtime of one worker.")
    incentive: float = pa.Field(ge=0, description="Money offered for reaching the plan.")
    no_of_style_change: float = pa.Field(ge=0, description="Changes of the style that is made.")
    no_of_workers: float = pa.Field(gt=0, description="Workers of the team, in halves.")

    class Config:
        """Text is turned into the declared types first; further columns may be there."""

        coerce = True
        strict = False
