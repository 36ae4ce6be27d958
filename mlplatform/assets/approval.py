"""`approval`: who let which model version go live, and on what evidence."""

import time
from typing import Any, Literal

import dagster as dg
from pydantic import Field

from mlplatform.assets.checks import answered_check
from mlplatform.assets.made import Events, Inputs, Made, Production
from mlplatform.assets.production import guarded, stamp_of
from mlplatform.assets.publishing import publish
from mlplatform.assets.specs import step_arguments
from mlplatform.lineage.approvals import Judged, approval_of, evidence_for, judged, statements_of
from mlplatform.lineage.deployments import waiting_for_policy
from mlplatform.ml.approval import AUTOMATIC, Statement, checked, outcome, with_statement
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import NotApproved
from mlplatform.ml.evidence import Evidence
from mlplatform.ml.steps import BY_NAME
from mlplatform.resources.registry import Registry
from mlplatform.resources.single_flight import SingleFlight
from mlplatform.resources.snapshots import Snapshots

_STEP = BY_NAME["approval"]


class ApprovalConfig(dg.Config):
    """What a person says about a model version."""

    approver: str = Field(description="who says it; on a laptop nobody checks the name")
    reason: str = Field(description="why, for whoever asks later")
    model_version: str = Field(description="the version that is meant, as on the model card")
    decision: Literal["approve", "reject"] = Field(default="approve", description="approve or reject")
    package: str = Field(
        default="", description="where it was said in the model registry, which then has the last word"
    )


class AutomaticApprovalConfig(ApprovalConfig):
    """What the policy says, unless a person says something else."""

    approver: str = Field(default=AUTOMATIC, description="who says it")
    reason: str = Field(
        default="The use case approves promoted models automatically.", description="why, for whoever asks"
    )
    model_version: str = Field(default="", description="the version; by default the latest, if promoted")


def approval_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """Asks for a person's statement, or gives the policy's where the use case approves automatically."""
    return _automatic(declaration) if declaration.approval.automatic else _asked(declaration)


def _asked(declaration: Declaration) -> dg.AssetsDefinition:
    @dg.multi_asset(**step_arguments(declaration, _STEP))
    def approval(
        context: dg.AssetExecutionContext,
        config: ApprovalConfig,
        snapshots: Snapshots,
        single_flight: SingleFlight,
        registry: dg.ResourceParam[Registry],
    ) -> Events:
        single_flight.hold(declaration.name)
        events = _events(context.instance, declaration, snapshots, config, registry)
        yield from guarded(declaration, _STEP, snapshots, events)

    return approval


def _automatic(declaration: Declaration) -> dg.AssetsDefinition:
    arguments = step_arguments(declaration, _STEP)
    # where there is nothing to approve, nothing is approved and nothing deployed
    arguments["specs"] = [spec.replace_attributes(skippable=True) for spec in arguments["specs"]]

    @dg.multi_asset(**arguments)
    def approval(
        context: dg.AssetExecutionContext,
        config: AutomaticApprovalConfig,
        snapshots: Snapshots,
        single_flight: SingleFlight,
        registry: dg.ResourceParam[Registry],
    ) -> Events:
        single_flight.hold(declaration.name)
        if not config.model_version:
            version = waiting_for_policy(context.instance, declaration.name)
            if version is None:
                context.log.info("nothing to approve: not promoted, rejected, or live already")
                return
            config = config.model_copy(update={"model_version": version})
        events = _events(context.instance, declaration, snapshots, config, registry)
        yield from guarded(declaration, _STEP, snapshots, events)

    return approval


def _events(
    instance: dg.DagsterInstance,
    declaration: Declaration,
    snapshots: Snapshots,
    config: ApprovalConfig,
    registry: Registry,
) -> Events:
    started = time.perf_counter()
    version = config.model_version.strip()
    found = judged(instance, declaration.name, version)
    evidence = evidence_for(snapshots, found)
    said = _statement(config, evidence, registry)
    checked(said, str(found.model.details.get("trained_by", "")), declaration.approval)
    if said.approves:
        _refuse_not_promoted(found, evidence)
    earlier = statements_of(approval_of(instance, declaration.name, version), evidence)
    statements = with_statement(earlier, said)
    registry.pass_on(evidence, outcome(statements, declaration.approval), said)
    made = _production(declaration, snapshots, evidence, statements)
    inputs = Inputs(found.records)
    stamp = stamp_of(declaration, _STEP, inputs)
    yield from publish(declaration.name, inputs, stamp, made, time.perf_counter() - started)


def _statement(config: ApprovalConfig, evidence: Evidence, registry: Registry) -> Statement:
    """What was said: here, or in the model registry; there, about this very evidence, or it is void."""
    if not config.package.strip():
        return Statement(config.approver.strip(), config.reason.strip(), config.decision == "approve")
    said = registry.statement(config.package.strip())
    if (said.model_version, said.evidence) != (evidence.model_version, evidence.sha256):
        raise NotApproved(
            f"{config.package} was registered for model {said.model_version} with evidence "
            f"{said.evidence[:12]}; model {evidence.model_version} now rests on {evidence.sha256[:12]}. "
            f"Look again, then approve it here or in its latest package."
        )
    return said.statement


def _refuse_not_promoted(found: Judged, evidence: Evidence) -> None:
    if evidence.verdict != "PROMOTE":
        raise NotApproved(
            f"{evidence.use_case} model {evidence.model_version} cannot be approved: its verdict is "
            f"{evidence.verdict} ({found.evaluation.details['reason']}). Only PROMOTE may go live."
        )


def _production(
    declaration: Declaration, snapshots: Snapshots, evidence: Evidence, statements: list[Statement]
) -> Production:
    result = outcome(statements, declaration.approval)
    document: dict[str, Any] = {
        "use_case": declaration.name,
        "model_version": evidence.model_version,
        "outcome": result,
        "statements": [one.document() for one in statements],
        "required": declaration.approval.required,
        "evidence": vars(evidence),
    }
    stored = snapshots.write_json(declaration.name, "approval", document)
    details = {**document, "evidence": evidence.sha256}
    last = statements[-1]
    shown = {
        "outcome": result,
        "model_version": evidence.model_version,
        "approver": last.approver,
        "reason": last.reason,
        "evidence_sha256": evidence.sha256,
        "evidence": vars(evidence),
        "dagster/uri": dg.MetadataValue.path(str(snapshots.place(stored.path))),
    }
    proof = answered_check(declaration.name, "approval", "evidence", metadata={"verdict": evidence.verdict})
    return Production({"approval": Made(stored, shown, details)}, [proof])
