"""Why a batch is not in use: what its blocking check said when it was refused."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from dagster import DagsterInstance

_LOOKED_AT = 500
_CHECKS = (("raw", "readable"), ("validated", "contract"))
_BEFORE_TRAINING = (("training_set", "enough_data"), ("training_set", "no_leakage"))


def training_refused(instance: DagsterInstance, use_case: str, since: float) -> str | None:
    """Why the sets were refused when they were drawn last, if that was after `since` (seconds since 1970)."""
    found: list[tuple[float, str]] = []
    for asset, check in _BEFORE_TRAINING:
        key = dg.AssetCheckKey(dg.AssetKey([use_case, asset]), check)
        storage = instance.event_log_storage
        for one in storage.get_asset_check_execution_history(key, limit=1, status=_answered()):
            said = one.evaluation
            if said is not None and not said.passed and one.create_timestamp > since:
                found.append((one.create_timestamp, str(said.description)))
    return max(found)[1] if found else None


def refusals(instance: DagsterInstance, use_case: str, batches: Collection[str]) -> dict[str, str]:
    """The reason of each of these batches that was refused when it was tried last, by batch."""
    if not batches:
        return {}
    found: dict[str, tuple[float, str]] = {}
    for asset, check in _CHECKS:
        key = dg.AssetCheckKey(dg.AssetKey([use_case, asset]), check)
        storage = instance.event_log_storage
        for one in storage.get_asset_check_execution_history(
            key, limit=_LOOKED_AT, status=_answered(failed=True)
        ):
            batch, said = one.partition, one.evaluation
            if batch is None or batch not in batches or said is None:
                continue
            if batch not in found or found[batch][0] < one.create_timestamp:
                found[batch] = (one.create_timestamp, str(said.description))
    return {batch: reason for batch, (_, reason) in found.items()}


def _answered(*, failed: bool = False) -> set[Any]:
    """Checks that were planned in a run that failed before them have no answer; `failed`: no others."""
    from dagster._core.storage.asset_check_execution_record import (  # no public name
        AssetCheckExecutionRecordStatus,
    )

    status = AssetCheckExecutionRecordStatus
    return {status.FAILED} if failed else {status.FAILED, status.SUCCEEDED}
