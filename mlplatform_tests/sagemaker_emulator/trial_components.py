"""Trial components: what lineage knows jobs as. `<job>-aws-training-job` and `<job>-aws-processing-job`."""

from __future__ import annotations

from typing import Any

from mlplatform_tests.sagemaker_emulator.jobs import Job
from mlplatform_tests.sagemaker_emulator.lineage_entities import TRIAL_COMPONENTS, Entity
from mlplatform_tests.sagemaker_emulator.listing import ordered, page
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation

_MOST = 10


class TrialComponent(Entity):
    """The trial component of one job, with what went in and came out by name."""

    lineage_type = "TrialComponent"

    def __init__(self, job: Job) -> None:
        name = f"{job.name}-aws-{job.kind}-job"
        super().__init__(name, TRIAL_COMPONENTS.arn(name), {}, is_automatic=True)
        self.job = job
        self.inputs: dict[str, dict[str, str]] = {}
        self.outputs: dict[str, dict[str, str]] = {}

    @property
    def kind(self) -> str:
        """ "TrainingJob" or "ProcessingJob"."""
        return f"{self.job.kind.capitalize()}Job"

    @property
    def shown_name(self) -> str:
        """Its name."""
        return self.name

    @property
    def source(self) -> dict[str, str]:
        """The job."""
        return {"SourceArn": self.job.arn, "SourceType": f"SageMaker{self.kind}"}

    def summary(self) -> dict[str, Any]:
        """Its members in a listing."""
        job = self.job
        status = {"PrimaryStatus": job.status, **({"Message": job.reason[:1024]} if job.reason else {})}
        return {
            "TrialComponentName": self.name,
            "TrialComponentArn": self.arn,
            "DisplayName": self.name,
            "TrialComponentSource": self.source,
            "Status": status,
            "CreationTime": self.created,
            "CreatedBy": self.created_by,
            "LastModifiedTime": job.changed,
            **({"StartTime": job.started} if job.started else {}),
            **({"EndTime": job.ended} if job.ended else {}),
        }

    def described(self) -> dict[str, Any]:
        """The members of DescribeTrialComponent."""
        summary = self.summary()
        parameters = {
            name: {"StringValue": value}
            for name, value in self.job.request.get("HyperParameters", {}).items()
        }
        return {
            **{member: value for member, value in summary.items() if member != "TrialComponentSource"},
            "Source": self.source,
            "Parameters": parameters,
            "InputArtifacts": self.inputs,
            "OutputArtifacts": self.outputs,
        }


@operation("DescribeTrialComponent")
def describe_trial_component(request: Request) -> Answer:
    return TRIAL_COMPONENTS.named(request["TrialComponentName"].rpartition("/")[2]).described()


@operation("ListTrialComponents")
def list_trial_components(request: Request) -> Answer:
    if {"ExperimentName", "TrialName"} & request.keys():
        return {"TrialComponentSummaries": []}  # jobs of the emulator belong to none
    found = [one for one in TRIAL_COMPONENTS.all() if _is_wanted(one, request)]
    return page(ordered(found, request), request, "TrialComponentSummaries", lambda one: one.summary(), _MOST)


def _is_wanted(one: Any, request: Request) -> bool:
    created = one.created.timestamp()
    return bool(
        request.get("SourceArn", one.job.arn) == one.job.arn
        and request.get("CreatedAfter", created) <= created <= request.get("CreatedBefore", created)
    )
