"""Which model a challenger has to beat, read from the verdicts."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from mlplatform.lineage.approvals import is_rejected
from mlplatform.lineage.records import Record, by_storage_id, latest, newest

CHAMPION_AFTER = "champion_after"
CHAMPION_BEFORE = "champion_before"


def champion_read_by(instance: dg.DagsterInstance, use_case: str, inputs: Sequence[Record]) -> list[Record]:
    """The champion's record for the evaluation of the model among `inputs`; empty for the first model.

    The champion is the last promoted model that nobody rejected. A challenger that is judged again (another
    gate, other rows) meets the champion it met before, not itself. Every evaluation records both, so one look
    suffices. The champion made again, as after a batch was withdrawn, meets whom it met when it was promoted:
    it comes to the same verdict, and what was approved on that stays approved.
    """
    challenger = next((record for record in inputs if record.asset == "model"), None)
    evaluation = latest(instance, use_case, "evaluation")
    if challenger is None or evaluation is None:
        return []
    judged_before = evaluation.details["model_sha256"] == challenger.sha256
    keep = judged_before or is_rejected(instance, use_case, str(evaluation.details["model_version"]))
    storage_id = evaluation.details[CHAMPION_BEFORE if keep else CHAMPION_AFTER]
    champion = _model(instance, use_case, storage_id)
    if champion and champion[0].sha256 == challenger.sha256:
        return _met_when_promoted(instance, use_case, challenger.sha256)
    return champion


def _met_when_promoted(instance: dg.DagsterInstance, use_case: str, sha256: str) -> list[Record]:
    def promoted(one: Record) -> bool:
        return one.details["model_sha256"] == sha256 and one.details["verdict"] == "PROMOTE"

    evaluation = newest(instance, use_case, "evaluation", promoted)
    return _model(instance, use_case, evaluation.details[CHAMPION_BEFORE]) if evaluation else []


def _model(instance: dg.DagsterInstance, use_case: str, storage_id: int | None) -> list[Record]:
    return by_storage_id(instance, use_case, "model", [storage_id]) if storage_id is not None else []
