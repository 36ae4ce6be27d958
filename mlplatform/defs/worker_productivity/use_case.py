"""Workforce productivity: how much of the planned output will a team reach today?

The question is asked during the shift, once the day's overtime and incentive are set, so that there is still
time to help a team that will not make it. Plan, people, style, work in the line, overtime and incentive are
known by then. How long production stood still is not: `idle_time` and `idle_men` are counted when the day is
over, so the model never sees them (they stay in the contract, because the files have them).

`incentive` needs care. The source calls it what "enables or motivates" work, that is, an offer made before.
But in its sewing rows it goes with the outcome: of the rows with an incentive 95 % reached their plan, of
those without 36 %. Where a factory computes it from the output, it belongs into `after_the_fact`. Without it,
no model tried was reliably better than the plan itself (mean absolute error over the last 11 days: 0.096
without, 0.076 with, 0.089 for the plan), and the gate would say so: the plan is the naive forecast to beat.
"""

from __future__ import annotations

import dagster as dg

from mlplatform.ml.file_format import FileFormat
from mlplatform.ml.gate import Gate
from mlplatform.ml.splits import TimeSplit
from mlplatform.use_case import UseCase

from .contracts import RawTeamDay, TeamDayFeatures
from .estimator import build_estimator
from .features import build_features
from .sample import generate


@dg.component_instance
def worker_productivity(context: dg.ComponentLoadContext) -> UseCase:
    """The declaration: everything else follows from it."""
    return UseCase(
        name="worker_productivity",
        description=(
            "What productivity will a team of the garment factory reach today, as a share of full "
            "efficiency? Helps to move people and work during the shift, before a plan is missed."
        ),
        raw=RawTeamDay,
        features=TeamDayFeatures,
        build_features=build_features,
        estimator=build_estimator,
        entity="team_no",
        target="actual_productivity",
        task="regression",
        file=FileFormat(dates="%m/%d/%Y", strip_blanks=True),
        after_the_fact=("idle_time", "idle_men"),
        # A share of the days, and not a number of batches: it holds for a batch a day as for one of a month.
        split=TimeSplit(column="date", validation_share=0.2),
        # In its worst weeks the plan is 0.125 off; a model that is further off is of no use, first or not.
        gate=Gate(metric="mae", minimum=0.125, naive="targeted_productivity", slices=("department",)),
        owners=("team:production",),
        intended_use="Seeing during the shift which teams will miss their plan, by line managers.",
        limits=(
            "Not for pay, and not for judging people: a row is a team, and why it misses a plan is not in "
            "it. Learned in one factory over ten weeks. Relies on the incentive being offered before the "
            "output is known: where it is computed from the output, it gives the answer away."
        ),
        sample=generate,
    )
