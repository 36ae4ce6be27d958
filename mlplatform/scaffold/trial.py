"""A drafted use case, tried on the table that it was drafted from, before it gets its place."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlplatform.container.code import Code
from mlplatform.ml.contracts import validate
from mlplatform.ml.features import make_features
from mlplatform.ml.inference.draft import Draft
from mlplatform.ml.leakage import Leak, Roles, known_later, look_for_leaks
from mlplatform.ml.policies import Leakage
from mlplatform.ml.reading import ROW_ID
from mlplatform.ml.splits import EntitySplit, TimeSplit, days_of
from mlplatform.scaffold.folder import sources_of
from mlplatform.scaffold.plan import Plan

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Trial:
    """How many rows the contract sets aside, and sentences for what a person should know.

    `given_away`: columns whose features would make the platform refuse the training, with the reason.
    """

    quarantined: int
    assumptions: tuple[str, ...]
    given_away: Mapping[str, str]


def proven(name: str, draft: Draft) -> tuple[Draft, Trial]:
    """The draft, without columns that give the target away, and what came out when it was tried.

    Raises what a run would raise, and WrongUsage where no column is left.
    """
    trial = tried(name, draft)
    while trial.given_away:
        draft = draft.again(trial.given_away)
        trial = tried(name, draft)
    return draft, trial


def tried(name: str, draft: Draft) -> Trial:
    """Validate the table by the contract, make its features, hold rows out and look for leaks."""
    plan = Plan(name, draft)
    with tempfile.TemporaryDirectory(prefix="new_use_case_") as folder:
        for file, text in sources_of(name, draft)[0].items():
            (Path(folder) / file).write_text(text, encoding="utf-8")
        code = Code(Path(folder))
        validated = validate(
            draft.table.landed,
            code.named(f"contracts:{plan.raw}"),
            source_file=draft.table.file,
            max_quarantined_share=0.1 if draft.max_quarantined_share is None else draft.max_quarantined_share,
            file_format=draft.table.file_format,
        )
        build, contract = (
            code.named("features:build_features"),
            code.named(f"contracts:{plan.features_contract}"),
        )
        features = make_features(validated.rows, build, contract, unseen=plan.unseen)
    roles = _roles(draft)
    beside = validated.rows[[ROW_ID, *roles.beside]].reset_index(drop=True)
    rows, held_out = features.assign(**{one: beside[one] for one in beside}), _held_out(draft, beside)
    looked = look_for_leaks(rows[~held_out], rows[held_out], roles, Leakage())
    later = known_later(validated.rows, build, list(features.columns), roles, plan.unseen, Leakage())
    column_of = {feature.name: feature.column for feature in plan.features}
    columns = {leak: column_of.get(leak.column or "", leak.column) for leak in (*looked.leaks, *later)}
    given_away = {at: _why(leak, draft) for leak, at in columns.items() if at in draft.parts.features}
    broken = [
        f"{count:,} rows of {draft.table.file} break {rule!r}: they are quarantined."
        for rule, count in validated.rows_per_rule().items()
    ]
    refused = [
        f"A run will be refused: {leak.message}"
        for leak, at in columns.items()
        if at not in draft.parts.features
    ]
    return Trial(
        len(validated.quarantine), (*broken, *refused), {str(at): why for at, why in given_away.items()}
    )


def _roles(draft: Draft) -> Roles:
    time = draft.time.name if draft.time else None
    return Roles(draft.entity.column.name, draft.target.name, draft.goal.task, time)


def _held_out(draft: Draft, beside: pd.DataFrame) -> np.ndarray:
    """Which validated rows the declared split holds out."""
    if draft.time is None:
        return EntitySplit(validation_share=0.2).held_out(beside[draft.entity.column.name].tolist())
    times = beside[draft.time.name].tolist()
    days = sorted({str(day) for day in days_of(times)})
    return TimeSplit(column=draft.time.name, validation_share=0.2).cut([days]).held_out(times)


def _why(leak: Leak, draft: Draft) -> str:
    if "alone" in leak.rule:
        return f"alone it predicts {draft.target.name} almost perfectly ({leak.found} of 1)"
    return f"it seems to be written down later ({leak.rule}: {leak.found})"
