"""The Model Registry of Amazon SageMaker: a group per use case, a package per promoted model."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from mlplatform.lineage.approvals import evidence_for
from mlplatform.ml.approval import AUTOMATIC, Statement
from mlplatform.ml.errors import NotApproved, WrongUsage
from mlplatform.ml.evidence import Evidence
from mlplatform.ml.naming import endpoint_name
from mlplatform.resources.aws.clients import clients, error_code, error_message
from mlplatform.resources.aws.endpoint_names import hosted_name
from mlplatform.resources.aws.refusals import AwsRefused, told
from mlplatform.resources.aws.settings import aws_settings
from mlplatform.resources.aws.snapshots import S3Snapshots
from mlplatform.resources.registry import Candidate, Said, SpokenOf
from mlplatform.resources.registry.sagemaker_card import card_content, checked_content
from mlplatform.resources.registry.sagemaker_request import description_of, named_in, package_request

log = logging.getLogger(__name__)

LOOKED_AT = 50
"""How many packages of a group, newest first, are looked through for what was said."""
_STATUS = {"approved": "Approved", "rejected": "Rejected"}
_REASON = 1024


class SageMakerRegistry(dg.ConfigurableResource[Any]):
    """The settings are the environment's; `snapshots` is the folder in front of the store.

    Who may approve is IAM's business: it takes the permission to update a model package. An approval that is
    given here by somebody without it is refused.
    """

    snapshots: str

    def register(self, candidate: Candidate) -> dict[str, Any]:
        """See the protocol."""
        settings, store = aws_settings(), S3Snapshots(root=self.snapshots)
        judged, card = candidate.judged, candidate.card
        evidence = evidence_for(store, judged)
        group = self._group(evidence.use_case)
        there = self._package_of(group, evidence, since=judged.model.time)
        if there:
            return {"package": there, "group": group}
        training, validation = judged.sets
        paths = {
            "model": judged.model.path,
            "evaluation": judged.evaluation.path,
            "training_set": training.path,
            "validation_set": validation.path,
            "model_card": candidate.page,
        }
        places = {asset: store.uri(path) for asset, path in paths.items()}
        value = card.verdict["challenger"]["value"]
        facts = {
            "metric": f"{card.verdict['metric']}={value:.6g}",
            "training_job": str((judged.model.details.get("job") or {}).get("arn", "")),
        }
        content = checked_content(card_content(card, places, places["model"]))
        request = package_request(settings, group, evidence, places, facts, content)
        with told(f"registering {evidence.use_case} model {evidence.model_version}"):
            made = self._service.sagemaker.create_model_package(**request)
        log.info("registered as %s", made["ModelPackageArn"])
        return {"package": made["ModelPackageArn"], "group": group}

    def pass_on(self, evidence: Evidence, outcome: str, statement: Statement) -> None:
        """See the protocol. A rejection counts here even where the registry does not take it."""
        if statement.source or outcome not in _STATUS:
            return
        package = self._package_of(hosted_name(endpoint_name(evidence.use_case)), evidence)
        if package is None:
            log.warning("%s is not in the model registry", description_of(evidence))
            return
        said = f"{statement.approver}: {statement.reason}"
        try:
            with told(f"passing on that {evidence.use_case} model {evidence.model_version} is {outcome}"):
                self._service.sagemaker.update_model_package(
                    ModelPackageArn=package,
                    ModelApprovalStatus=_STATUS[outcome],
                    ApprovalDescription=said[:_REASON],
                )
        except AwsRefused as error:
            if outcome == "approved" and statement.approver != AUTOMATIC:
                raise NotApproved(
                    f"{error} Or let somebody who may approve it do so in the model registry ({package}): "
                    f"the sensor {evidence.use_case}_release takes it over."
                ) from error
            log.warning("the model registry still says otherwise: %s", error)

    def statement(self, package: str) -> Said:
        """See the protocol."""
        with told(f"looking at {package}"):
            found = self._service.sagemaker.describe_model_package(ModelPackageName=package)
        named = named_in(found.get("ModelPackageDescription", ""))
        status = found.get("ModelApprovalStatus")
        if named is None or status not in _STATUS.values():
            raise WrongUsage(f"{package} is {status}: nobody has approved or rejected it in the registry.")
        identity = str(found.get("LastModifiedBy", {}).get("IamIdentity", {}).get("Arn", ""))
        when = found.get("LastModifiedTime") or found["CreationTime"]
        statement = Statement(
            approver=_person(identity) or "unknown",
            reason=found.get("ApprovalDescription") or f"{status} in the model registry, without a reason",
            approves=status == _STATUS["approved"],
            identity=identity,
            when=when.astimezone(UTC).isoformat(timespec="milliseconds"),
            source=package,
        )
        return Said(*named, statement)

    def spoken_of(self, use_case: str) -> Iterable[SpokenOf]:
        """See the protocol."""
        found = []
        for one in self._newest(hosted_name(endpoint_name(use_case))):
            named, status = named_in(one.get("ModelPackageDescription", "")), one.get("ModelApprovalStatus")
            if named and status in _STATUS.values():
                found.append(SpokenOf(one["ModelPackageArn"], *named, status == _STATUS["approved"]))
        return reversed(found)

    @property
    def _service(self) -> Any:
        return clients(aws_settings().region)

    def _group(self, use_case: str) -> str:
        """The group of a use case, made where absent."""
        group = hosted_name(endpoint_name(use_case))
        tags = {**aws_settings().tags, "mlplatform:use_case": use_case}
        with told(f"creating the model package group {group}"):
            try:
                self._service.sagemaker.create_model_package_group(
                    ModelPackageGroupName=group,
                    ModelPackageGroupDescription=f"Promoted models of the use case {use_case}",
                    Tags=[{"Key": name, "Value": value} for name, value in tags.items()],
                )
            except Exception as error:
                if (
                    error_code(error) != "ValidationException"
                    or "already exists" not in error_message(error).lower()
                ):
                    raise
        return group

    def _package_of(self, group: str, evidence: Evidence, since: float | None = None) -> str | None:
        """The package that was registered on this evidence, among the last ones."""
        wanted = description_of(evidence)
        for one in self._newest(group, since):
            if one.get("ModelPackageDescription") == wanted:
                return str(one["ModelPackageArn"])
        return None

    def _newest(self, group: str, since: float | None = None) -> Iterator[dict[str, Any]]:
        """Packages of a group, newest first; none where there is no such group."""
        after = {} if since is None else {"CreationTimeAfter": _a_day_before(since)}
        try:
            with told(f"listing the model packages of {group}"):
                found = self._service.sagemaker.list_model_packages(
                    ModelPackageGroupName=group,
                    SortBy="CreationTime",
                    SortOrder="Descending",
                    MaxResults=LOOKED_AT,
                    **after,
                )
        except AwsRefused as error:
            if "does not exist" in str(error):
                return
            raise
        yield from found["ModelPackageSummaryList"]


def _a_day_before(time: float) -> datetime:
    """Clocks differ."""
    return datetime.fromtimestamp(time, UTC) - timedelta(days=1)


def _person(identity: str) -> str:
    """The name at the end of an ARN: of a user, or of the session of whoever took a role on."""
    return identity.rpartition("/")[2]
