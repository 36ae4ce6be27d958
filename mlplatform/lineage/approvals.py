"""Which model versions may go live, read from the records and proven against the stored bytes.

Every way to an endpoint comes through `refuse_unapproved`, which trusts no caller and looks everything up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from mlplatform.container.scoring import Model
from mlplatform.lineage.records import Record, by_storage_id, latest, newest
from mlplatform.ml.approval import Statement, checked, outcome
from mlplatform.ml.errors import DamagedSnapshot, NotApproved, WrongUsage
from mlplatform.ml.evidence import Evidence
from mlplatform.ml.hashing import digest
from mlplatform.ml.manifests import SetManifest
from mlplatform.ml.policies import Approval

if TYPE_CHECKING:
    from mlplatform.resources.snapshots import Snapshots


@dataclass(frozen=True)
class Judged:
    """A model version with everything that speaks for it. `records` are what an approval rests on."""

    model: Record
    evaluation: Record
    sets: tuple[Record, ...]

    @property
    def records(self) -> tuple[Record, ...]:
        """Model, evaluation and both sets."""
        return (self.model, self.evaluation, *self.sets)

    @property
    def validation_set(self) -> Record:
        """The frozen rows it was judged on."""
        return next(one for one in self.sets if one.asset == "validation_set")


def judged(instance: dg.DagsterInstance, use_case: str, version: str) -> Judged:
    """The version and its latest verdict. WrongUsage where it does not exist or was never judged."""
    evaluation = newest(instance, use_case, "evaluation", lambda one: one.details["model_version"] == version)
    if evaluation is None:
        model_named(instance, use_case, version)
        raise WrongUsage(f"{use_case} model {version} has not been judged yet: mlplatform run {use_case}.")
    read = {one["asset"]: one["storage_id"] for one in reversed(evaluation.inputs)}  # the challenger is first
    (model,) = by_storage_id(instance, use_case, "model", [read["model"]])
    (validation,) = by_storage_id(instance, use_case, "validation_set", [read["validation_set"]])
    (training,) = by_storage_id(
        instance, use_case, "training_set", [one["storage_id"] for one in model.inputs]
    )
    return Judged(model, evaluation, (training, validation))


def model_named(instance: dg.DagsterInstance, use_case: str, version: str) -> Record:
    """The last record of a version. WrongUsage, with the last versions there are, for an unknown one."""
    known: dict[str, None] = {}

    def seen(one: Record) -> bool:
        known[str(one.details["version"])] = None
        return str(one.details["version"]) == version

    found = newest(instance, use_case, "model", seen)
    if found is None:
        versions = f"The last ones: {', '.join(list(known)[:5])}." if known else "None was trained yet."
        raise WrongUsage(f"{use_case} has no model {version!r}. {versions}")
    return found


def evidence_for(snapshots: Snapshots, judged: Judged) -> Evidence:
    """What an approval of this version is bound to; DamagedSnapshot where stored bytes have changed."""
    model, evaluation = judged.model, judged.evaluation
    if "code_sha256" not in model.details:
        raise WrongUsage(
            f"model {model.details['version']} was trained by an earlier version of the platform, which did "
            f"not record its code's hash. Train it again: mlplatform run {_use_case(model)}."
        )
    artifact, code = str(model.details["artifact_sha256"]), str(model.details["code_sha256"])
    Model(snapshots.place(model.path)).prove(artifact, code)
    document = snapshots.read_json(evaluation.path)
    _refuse_other(snapshots, evaluation, digest(document))
    for one in judged.sets:
        _refuse_other(snapshots, one, _set_digest(snapshots, one))
    return Evidence(
        use_case=_use_case(model),
        model_version=str(model.details["version"]),
        model=model.sha256,
        artifact=artifact,
        code=code,
        training_set=judged.sets[0].sha256,
        validation_set=judged.sets[1].sha256,
        evaluation=evaluation.sha256,
        verdict=str(document["verdict"]["decision"]),
    )


def approval_of(instance: dg.DagsterInstance, use_case: str, version: str) -> Record | None:
    """The last thing that people decided about a version."""
    return newest(instance, use_case, "approval", lambda one: one.details["model_version"] == version)


def is_rejected(instance: dg.DagsterInstance, use_case: str, version: str) -> bool:
    """Whether the last word about a version is no."""
    approval = approval_of(instance, use_case, version)
    return approval is not None and approval.details["outcome"] == "rejected"


def statements_of(approval: Record | None, evidence: Evidence) -> list[Statement]:
    """What was said so far about exactly this evidence."""
    if approval is None or approval.details["evidence"] != evidence.sha256:
        return []
    return [Statement(**one) for one in approval.details["statements"]]


def latest_approved(instance: dg.DagsterInstance, use_case: str) -> str:
    """The version that was approved last and not rejected since. NotApproved, with the way out, for none."""
    spoken_of: set[str] = set()

    def stands(one: Record) -> bool:
        version = str(one.details["model_version"])
        newer_word = version in spoken_of
        spoken_of.add(version)
        return one.details["outcome"] == "approved" and not newer_word

    found = newest(instance, use_case, "approval", stands)
    if found is None:
        model = latest(instance, use_case, "model")
        version = model.details["version"] if model else "VERSION"
        raise NotApproved(
            f"no model of {use_case} is approved. First: mlplatform approve {use_case} {version} "
            "--by WHO --reason WHY (or the job "
            f"{use_case}_approve in the UI)."
        )
    return str(found.details["model_version"])


@dataclass(frozen=True)
class Approved:
    """A version that may go live, with the approval and what it rests on."""

    judged: Judged
    evidence: Evidence
    approval: Record


def refuse_unapproved(
    instance: dg.DagsterInstance, snapshots: Snapshots, use_case: str, version: str
) -> Approved:
    """The approval of a version that may go live as it is now; NotApproved for any other."""
    found = judged(instance, use_case, version)
    approval = approval_of(instance, use_case, version)
    way_out = f"mlplatform approve {use_case} {version} --by WHO --reason WHY"
    if approval is None:
        raise NotApproved(f"{use_case} model {version} is not approved. First: {way_out}.")
    said = approval.details
    if said["outcome"] == "rejected":
        last = said["statements"][-1]
        raise NotApproved(f"{use_case} model {version} was rejected by {last['approver']}: {last['reason']}")
    if said["outcome"] != "approved":
        missing = said["required"] - len(said["statements"])
        raise NotApproved(
            f"{use_case} model {version} waits for {missing} more approval(s) by other people: {way_out}."
        )
    evidence = evidence_for(snapshots, found)
    if evidence.sha256 != said["evidence"]:
        document = snapshots.read_json(approval.path)
        changed = ", ".join(evidence.differences(Evidence(**document["evidence"])))
        raise NotApproved(
            f"the approval of {use_case} model {version} is void: {changed} changed after it was given. "
            f"Look again, then: {way_out}."
        )
    return Approved(found, evidence, approval)


def refuse_by_policy(policy: Approval, approved: Approved) -> None:
    """NotApproved where what was said would not be enough under the policy that the use case has now."""
    details = approved.approval.details
    said = [Statement(**one) for one in details["statements"]]
    for one in said:
        checked(one, str(approved.judged.model.details.get("trained_by", "")), policy)
    if outcome(said, policy) != "approved":
        raise NotApproved(
            f"{approved.evidence.use_case} model {details['model_version']} was approved under an earlier "
            f"policy; now {policy.required} people have to approve it: mlplatform approve."
        )


def _set_digest(snapshots: Snapshots, record: Record) -> str:
    try:
        return SetManifest.from_json(snapshots.read_json(record.path)).digest
    except (ValueError, KeyError, TypeError) as error:
        place = snapshots.place(record.path)
        raise DamagedSnapshot(f"{place} cannot be read as a set: {error!r}.", place) from None


def _refuse_other(snapshots: Snapshots, record: Record, found: str) -> None:
    if found != record.sha256:
        place = snapshots.place(record.path)
        raise DamagedSnapshot(f"{place} is not what was recorded. Run again to make it.", place)


def _use_case(record: Record) -> Any:
    return record.path.partition("/")[0]
