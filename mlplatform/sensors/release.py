"""`<use_case>_release`: what people say in the model registry is recorded, and what is approved goes live.

Each tick asks for a run of the approve job for every statement in the registry that no approval holds yet,
and for a run of the release job for the version that was approved last, unless it has been live since. So a
version that somebody rolled back from does not return by itself. Nothing is remembered between ticks: what
was said and what was live stands in the records, and what is asked for twice has one key.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from mlplatform.assets.jobs import approve_job_name, release_job_name
from mlplatform.lineage.approvals import approval_of, latest_approved
from mlplatform.lineage.records import Record, newest
from mlplatform.lineage.signals import attempts_of
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import MLPlatformError, NotApproved
from mlplatform.ml.response import next_attempt
from mlplatform.resources.registry import Registry, Said

INTERVAL_SECONDS = 30
RELEASE_TAG = "mlplatform/release"


def release_sensor(declaration: Declaration, jobs: Sequence[Any]) -> dg.SensorDefinition:
    """The sensor of one use case; `jobs` are the use case's."""
    name = declaration.name
    targets = {approve_job_name(name), release_job_name(name)}

    @dg.sensor(
        name=f"{name}_release",
        jobs=[job for job in jobs if job.name in targets],
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            "Records what people say in the model registry, where the environment has one, and lets the "
            "version that was approved last answer requests."
        ),
    )
    def release(context: dg.SensorEvaluationContext, registry: dg.ResourceParam[Registry]) -> dg.SensorResult:
        now = datetime.now(UTC)
        try:
            said = unheard(context.instance, name, registry)
        except (OSError, MLPlatformError) as error:
            return dg.SensorResult(skip_reason=f"the model registry cannot be read: {error}")
        wanted = [_approve_request(name, one) for one in said] or _release_requests(context.instance, name)
        requests = _due(context.instance, wanted, now)
        if requests:
            return dg.SensorResult(run_requests=requests)
        return dg.SensorResult(skip_reason=_why_nothing(wanted))

    return release


def unheard(instance: dg.DagsterInstance, use_case: str, registry: Registry) -> list[Said]:
    """What no approval holds yet; of several packages of a version, the last one counts.

    The registry is asked only about packages whose listing says something else than the records do.
    """
    found = []
    for one in {one.model_version: one for one in registry.spoken_of(use_case)}.values():
        approval = approval_of(instance, use_case, one.model_version)
        if not _agrees(approval, one.evidence, one.approves):
            said = registry.statement(one.package)
            if not _holds(approval, said):
                found.append(said)
    return found


def to_release(instance: dg.DagsterInstance, use_case: str) -> Record | None:
    """The approval of the version that is to go live; None where it has been since, or there is none."""
    try:
        version = latest_approved(instance, use_case)
    except NotApproved:
        return None
    approval = approval_of(instance, use_case, version)
    if approval is None:
        return None
    given = approval.storage_id

    def decides(one: Record) -> bool:
        return one.storage_id < given or one.details["model_version"] == version

    found = newest(instance, use_case, "endpoint", decides)
    return approval if found is None or found.storage_id < given else None


def _agrees(approval: Record | None, evidence: str, approves: bool) -> bool:
    """Whether what is recorded about this evidence comes to the same."""
    if approval is None or approval.details["evidence"] != evidence:
        return False
    return bool(approval.details["outcome"] == ("approved" if approves else "rejected"))


def _holds(approval: Record | None, said: Said) -> bool:
    """Whether this very statement is recorded, though others outweigh it or are still missing."""
    if approval is None or approval.details["evidence"] != said.evidence:
        return False
    one = said.statement
    known = [(known.get("source"), known.get("when")) for known in approval.details["statements"]]
    return (one.source, one.when) in known


def _approve_request(use_case: str, said: Said) -> dg.RunRequest:
    one = said.statement
    config = {
        "approver": one.approver,
        "reason": one.reason,
        "model_version": said.model_version,
        "decision": "approve" if one.approves else "reject",
        "package": one.source,
    }
    return _request(approve_job_name(use_case), f"{use_case}__approval", config, f"{one.source}@{one.when}")


def _release_requests(instance: dg.DagsterInstance, use_case: str) -> list[dg.RunRequest]:
    approval = to_release(instance, use_case)
    if approval is None:
        return []
    version = str(approval.details["model_version"])
    key = f"{version}:{approval.storage_id}"
    return [_request(release_job_name(use_case), f"{use_case}__endpoint", {"model_version": version}, key)]


def _request(job: str, step: str, config: dict[str, Any], key: str) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=key,
        job_name=job,
        run_config={"ops": {step: {"config": config}}},
        tags={RELEASE_TAG: key},
    )


def _due(instance: dg.DagsterInstance, wanted: list[dg.RunRequest], now: datetime) -> list[dg.RunRequest]:
    """Those that are to start now: what failed is tried again after a pause, under a key of its own."""
    attempts = attempts_of(instance, RELEASE_TAG, {str(one.run_key) for one in wanted})
    due = []
    for one in wanted:
        attempt = next_attempt(attempts[str(one.run_key)], now)
        if attempt:
            due.append(one if attempt == 1 else one._replace(run_key=f"{one.run_key}:{attempt}"))
    return due


def _why_nothing(wanted: list[dg.RunRequest]) -> str:
    if wanted:
        return f"under way, or tried often enough: {', '.join(str(one.run_key) for one in wanted)}"
    return "nothing new was said in a model registry, and what was approved last has been live"
