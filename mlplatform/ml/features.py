"""Calls a use case's feature function and holds it to its promises."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mlplatform.ml.contracts.judging import judge
from mlplatform.ml.contracts.rules import keeping_every_rule
from mlplatform.ml.errors import BrokenCode
from mlplatform.ml.reading import ROW_ID

if TYPE_CHECKING:
    import pandas as pd

BuildFeatures = Callable[["pd.DataFrame"], "pd.DataFrame"]
_SAMPLED_ROWS = 32


def make_features(
    rows: pd.DataFrame, build: BuildFeatures, contract: Any, *, unseen: Sequence[str]
) -> pd.DataFrame:
    """The feature columns of the contract for n validated rows, in its order, index 0..n-1.

    The function sees neither row id nor the `unseen` columns (the target, and what is known only after the
    fact), so it cannot leak them; and it is called a second time on a few rows, since a function that looks
    at other rows (a mean of the batch, say) would answer differently for the single row of a request.
    Raises BrokenCode.
    """
    given = rows.drop(columns=[ROW_ID, *unseen], errors="ignore").reset_index(drop=True)
    try:
        features = _called(build, given)
    except (AttributeError, KeyError) as error:
        named = [name for name in unseen if f"'{name}'" in str(error)]
        if not named:
            raise
        raise BrokenCode(
            f"build_features asks for {named[0]!r}, which it is never shown: the target and the columns in "
            "after_the_fact are not known when a prediction is asked for. Compute the features without it."
        ) from error
    checked = _checked(features, given, contract)
    _refuse_looking_at_other_rows(build, given, checked, contract)
    return checked


def carried(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """What travels beside the features to the sets and is never one of them: row id, entity, time, target."""
    return rows[[ROW_ID, *columns]].reset_index(drop=True)


def _called(build: BuildFeatures, rows: pd.DataFrame) -> pd.DataFrame:
    features = build(rows.copy())
    where = f"{build.__module__}.{getattr(build, '__name__', 'build_features')}"
    if not hasattr(features, "columns"):
        raise BrokenCode(f"{where} returned {type(features).__name__}. Return a DataFrame of features.")
    if not features.columns.is_unique:
        doubles = sorted(set(features.columns[features.columns.duplicated()]))
        raise BrokenCode(f"{where} returned columns {doubles} more than once. Name each feature once.")
    if not features.index.equals(rows.index):
        raise BrokenCode(
            f"{where} returned {len(features):,} rows for {len(rows):,}, or changed the index. "
            "Return one row per input row, in the same order and with the same index."
        )
    return features


def _checked(features: pd.DataFrame, rows: pd.DataFrame, contract: Any) -> pd.DataFrame:
    from pandera.errors import SchemaErrors

    schema = contract.to_schema()
    missing = [name for name in schema.columns if name not in features]
    if missing:
        raise BrokenCode(f"build_features made no column {', '.join(missing)}, which {schema.name} promises.")
    promised = features[list(schema.columns)]
    if _plainly_kept(promised, schema):
        return promised
    try:
        return keeping_every_rule(promised, schema)
    except SchemaErrors as errors:
        first = errors.failure_cases.to_dict("records")[0]
        at = first["index"]
        source = "" if at is None or math.isnan(at) else f" from {_shown(rows.loc[[at]])}"
        raise BrokenCode(
            f"build_features made {first['failure_case']!r} in column {first['column']!r}, which breaks "
            f"{first['check']} of {schema.name}{source}. Mend the function or the feature contract."
        ) from None


def _plainly_kept(features: pd.DataFrame, schema: Any) -> bool:
    """Whether types and rules hold without a doubt; lazy validation, which finds the words, is slower."""
    import pandas as pd

    if schema.unique or schema.index is not None or schema.parsers:
        return False
    for name, column in schema.columns.items():
        special = column.unique or column.regex or column.parsers or column.default is not None
        as_declared = features[name].dtype == pd.api.types.pandas_dtype(column.dtype.type)
        if special or not as_declared or (not column.nullable and features[name].hasnans):
            return False
    return judge(features.reset_index(drop=True), schema) == ([], [])


def _shown(one_row: pd.DataFrame) -> str:
    values = one_row.to_dict("records")[0]
    return ", ".join(f"{name}={value!r}" for name, value in list(values.items())[:6])


def _refuse_looking_at_other_rows(
    build: BuildFeatures, rows: pd.DataFrame, features: pd.DataFrame, contract: Any
) -> None:
    if len(rows) < 2:
        return
    # of the second half only: rows at regular distances all over the batch have about its mean
    half = len(rows) // 2
    sample: Sequence[int] = range(half, len(rows), max(1, half // _SAMPLED_ROWS))
    few = rows.iloc[list(sample)]
    alone = _checked(_called(build, few), few, contract)
    expected = features.iloc[list(sample)]
    for name in features.columns:
        # as objects: categories of fewer rows may be fewer, and a nullable comparison may answer NA
        one, other = alone[name].astype(object), expected[name].astype(object)
        there = one.notna() & other.notna()
        if not (one.isna() == other.isna()).all() or not (one[there] == other[there]).all():
            raise BrokenCode(
                f"build_features looks at other rows: column {name!r} differs when fewer rows are given. "
                "Compute each row from itself alone; what must be learned from data belongs into the "
                "estimator."
            )
