"""Running pandera's rules, all of them, whatever the environment says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def keeping_every_rule(frame: pd.DataFrame, schema: Any) -> pd.DataFrame:
    """The frame as `schema` coerces it; pandera's SchemaErrors, with every broken rule, otherwise.

    PANDERA_VALIDATION_ENABLED and PANDERA_VALIDATION_DEPTH switch rules off; a contract must hold regardless.
    """
    from pandera.config import ValidationDepth, config_context

    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        return schema.validate(frame, lazy=True)
