"""What is live and what was, read from the materializations of `endpoint`."""

from __future__ import annotations

import dagster as dg

from mlplatform.lineage.approvals import is_rejected
from mlplatform.lineage.records import Record, latest, newest
from mlplatform.ml.errors import WrongUsage


def live(instance: dg.DagsterInstance, use_case: str) -> Record | None:
    """The deployment that counts now."""
    return latest(instance, use_case, "endpoint")


def action_of(instance: dg.DagsterInstance, use_case: str, version: str) -> str:
    """What deploying a version now would be: "already live", "rolled back" or "deployed".

    Going back means to a version that first went live before the one that is live now did.
    """
    now = live(instance, use_case)
    if now is None:
        return "deployed"
    if now.details["model_version"] == version:
        return "already live"
    wanted, current = (_went_live(instance, use_case, one) for one in (version, now.details["model_version"]))
    if wanted is not None and (current is None or wanted.storage_id < current.storage_id):
        return "rolled back"
    return "deployed"


def waiting_for_policy(instance: dg.DagsterInstance, use_case: str) -> str | None:
    """The version that an automatic policy is to approve and deploy now; None where there is none.

    It is the latest model, if promoted, not rejected by a person, and never live so far: what somebody rolled
    back does not return by itself.
    """
    evaluation = latest(instance, use_case, "evaluation")
    if evaluation is None or evaluation.details["verdict"] != "PROMOTE":
        return None
    version = str(evaluation.details["model_version"])
    if is_rejected(instance, use_case, version) or _went_live(instance, use_case, version):
        return None
    return version


def version_before(instance: dg.DagsterInstance, use_case: str) -> str:
    """The version that a rollback returns to: what was live before what is live now first went live.

    WrongUsage where there is none.
    """
    now = live(instance, use_case)
    if now is None:
        raise WrongUsage(f"nothing of {use_case} is live. Deploy first: mlplatform deploy {use_case}.")
    version = str(now.details["model_version"])

    first = _went_live(instance, use_case, version)
    before = first.details["before"] if first else None
    if before is None:
        raise WrongUsage(
            f"{use_case} model {version} is the first that went live: there is nothing to go back to."
        )
    return str(before)


def _went_live(instance: dg.DagsterInstance, use_case: str, version: str) -> Record | None:
    """The deployment with which a version went live; its return after a rollback of another is none."""

    def is_it(one: Record) -> bool:
        return one.details["model_version"] == version and one.details["action"] == "deployed"

    return newest(instance, use_case, "endpoint", is_it)
