"""Running pandera's rules, all of them, whatever the environment says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_BY_VALUE = {
    "equal_to", "not_equal_to", "greater_than", "greater_than_or_equal_to", "less_than",
    "less_than_or_equal_to", "in_range", "isin", "notin", "str_matches", "str_contains", "str_startswith",
    "str_endswith", "str_length",
}  # fmt: skip


def keeping_every_rule(frame: pd.DataFrame, schema: Any) -> pd.DataFrame:
    """The frame as `schema` coerces it; pandera's SchemaErrors, with every broken rule, otherwise.

    PANDERA_VALIDATION_ENABLED and PANDERA_VALIDATION_DEPTH switch rules off; a contract must hold regardless.
    """
    from pandera.config import ValidationDepth, config_context

    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        return schema.validate(frame, lazy=True)


def is_by_value(check: Any) -> bool:
    """Whether what a pandera check says of a value depends on it alone; missing values pass it."""
    from pandera.api.function_dispatch import Dispatcher

    builtin = isinstance(check._check_fn, Dispatcher) and check._check_fn.__name__ in _BY_VALUE
    return builtin and not check.groupby and not check.element_wise and bool(check.ignore_na)


def name_of(check: Any) -> str:
    """What pandera calls a check in its failure cases."""
    return str(next((one for one in (check.error, check.name) if one is not None), check))
