"""Whether the columns that a declaration names are there, and fit what they are named for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlplatform.ml.contracts import refuse_unsupported
from mlplatform.ml.contracts.coercion import kind_of
from mlplatform.ml.reading import ROW_ID
from mlplatform.ml.splits import TimeSplit
from mlplatform.ml.task_rules import refuse_odd_naive, refuse_odd_target

if TYPE_CHECKING:
    from mlplatform.ml.declaration import Declaration


def refuse_columns_that_do_not_fit(declared: Declaration) -> None:
    """ValueError that names use case, role and column; BrokenCode for a raw contract that cannot be kept."""
    refuse_unsupported(declared.raw.to_schema())
    columns, features = declared.raw.to_schema().columns, declared.features.to_schema().columns
    _refuse_odd_roles(declared, columns)
    _refuse_odd_after_the_fact(declared, set(columns))
    _refuse_odd_features(declared, set(features))
    if ROW_ID in columns:
        raise ValueError(
            f"{declared.name}: {declared.raw.__name__} cannot name {ROW_ID!r}, which every row gets"
        )
    _refuse_unknown(declared, {*features, *columns})
    refuse_odd_target(declared.name, declared.task, columns[declared.target], declared.positive)
    naive = declared.gate.naive
    if naive:
        refuse_odd_naive(declared.name, declared.task, features.get(naive) or columns[naive], declared.unseen)


def _refuse_odd_roles(declared: Declaration, columns: Mapping[str, Any]) -> None:
    roles = {"entity": declared.entity, "target": declared.target}
    if isinstance(declared.split, TimeSplit):
        roles["time"] = declared.split.column
    for role, column in roles.items():
        if column not in columns:
            raise ValueError(f"{declared.name}: {role} {column!r} is no column of {declared.raw.__name__}")
        if columns[column].nullable or not columns[column].required:
            raise ValueError(f"{declared.name}: {role} {column!r} must not be optional or nullable")
    if declared.entity == declared.target:
        raise ValueError(f"{declared.name}: {declared.entity!r} cannot be both entity and target")
    kinds = {role: kind_of(columns[column].dtype) for role, column in roles.items()}
    if kinds.get("time", "datetime") != "datetime":
        raise ValueError(f"{declared.name}: time {roles['time']!r} must be a datetime column")
    if declared.task == "regression" and kinds["target"] not in ("int", "float", "bool"):
        raise ValueError(f"{declared.name}: target {declared.target!r} of a regression must be a number")


def _refuse_odd_after_the_fact(declared: Declaration, columns: set[str]) -> None:
    for column in declared.after_the_fact:
        if column not in columns:
            raise ValueError(
                f"{declared.name}: after_the_fact {column!r} is no column of {declared.raw.__name__}"
            )
    roles = {*declared.carried} & {*declared.after_the_fact}
    if roles:
        raise ValueError(f"{declared.name}: {', '.join(sorted(roles))} cannot be known only after the fact")


def _refuse_odd_features(declared: Declaration, features: set[str]) -> None:
    taken = {*declared.carried, *declared.after_the_fact, ROW_ID} & features
    if taken:
        raise ValueError(f"{declared.name}: {', '.join(sorted(taken))} cannot be a feature")


def _refuse_unknown(declared: Declaration, known: set[str]) -> None:
    named = {
        "the gate names": {*declared.gate.slices, *filter(None, [declared.gate.naive])},
        "leakage allows": {*declared.leakage.allowed},
    }
    for says, columns in named.items():
        if columns - known:
            raise ValueError(f"{declared.name}: {says} {sorted(columns - known)}, which no contract has")
