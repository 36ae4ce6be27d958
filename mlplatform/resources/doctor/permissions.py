"""What whoever runs the platform has to be allowed, asked of IAM itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlplatform.ml.errors import MLPlatformError
from mlplatform.resources.aws.clients import Clients
from mlplatform.resources.aws.refusals import AwsRefused, told
from mlplatform.resources.aws.settings import AwsSettings
from mlplatform.resources.doctor import Finding, missing, ok, unknown
from mlplatform.resources.doctor.asked_about import HAND_OVER, LOGS, by_resource

PLATFORM = (
    "sagemaker:AddAssociation",
    "sagemaker:AddTags",
    "sagemaker:CreateAction",
    "sagemaker:CreateArtifact",
    "sagemaker:CreateContext",
    "sagemaker:CreateEndpoint",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:CreateModel",
    "sagemaker:CreateModelPackage",
    "sagemaker:CreateModelPackageGroup",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:DeleteEndpoint",
    "sagemaker:DeleteTags",
    "sagemaker:DescribeAction",
    "sagemaker:DescribeArtifact",
    "sagemaker:DescribeContext",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:InvokeEndpoint",
    "sagemaker:ListArtifacts",
    "sagemaker:ListAssociations",
    "sagemaker:ListContexts",
    "sagemaker:ListModelPackages",
    "sagemaker:ListProcessingJobs",
    "sagemaker:ListTags",
    "sagemaker:ListTrainingJobs",
    "sagemaker:ListTrialComponents",
    "sagemaker:QueryLineage",
    "sagemaker:StopProcessingJob",
    "sagemaker:StopTrainingJob",
    "sagemaker:UpdateEndpoint",
)
"""Actions on SageMaker without which the platform stops somewhere. S3 is tried, not asked about."""
APPROVER = ("sagemaker:UpdateModelPackage",)
"""What it takes to approve, which the platform itself need not be allowed."""
_ASSUMED = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+"
)


def permission_findings(connected: Clients, settings: AwsSettings, identity: str) -> Iterator[Finding]:
    """`identity` is the ARN of who asks."""
    needed = (*PLATFORM, HAND_OVER, *LOGS)
    try:
        denied = _denied(connected, settings, principal_of(connected, identity), (*needed, *APPROVER))
    except (MLPlatformError, OSError) as error:
        way_out = "Compare with deploy/iam/platform.json by hand, or allow iam:SimulatePrincipalPolicy."
        yield unknown("permissions", f"IAM does not tell what {identity} may do: {error}", way_out)
        return
    for action in (one for one in needed if one in denied):
        yield missing("permission", f"{identity} may not {action}", "Attach deploy/iam/platform.json.")
    if not denied & set(needed):
        yield ok("permissions", f"{len(needed)} actions are allowed")
    if denied & set(APPROVER):
        said = f"{identity} may not approve models (sagemaker:UpdateModelPackage)"
        yield unknown(
            "approval", said, "Right for a machine. People who approve need deploy/iam/approver.json."
        )
    else:
        yield ok("approval", f"{identity} may approve models")


def _denied(connected: Clients, settings: AwsSettings, principal: str, actions: tuple[str, ...]) -> set[str]:
    to_sagemaker = {
        "ContextKeyName": "iam:PassedToService",
        "ContextKeyType": "string",
        "ContextKeyValues": ["sagemaker.amazonaws.com"],
    }
    denied: set[str] = set()
    for resource, asked in by_resource(actions, principal, connected.region, settings).items():
        with told("asking IAM for permissions"):
            found = connected.iam.simulate_principal_policy(
                PolicySourceArn=principal,
                ActionNames=asked,
                ResourceArns=[resource],
                ContextEntries=[to_sagemaker],
            )
        results = found["EvaluationResults"]
        denied |= {one["EvalActionName"] for one in results if one["EvalDecision"] != "allowed"}
    return denied


def principal_of(connected: Clients, identity: str) -> str:
    """What IAM knows: the role, with its path, instead of the session of somebody who has taken it on."""
    found = _ASSUMED.fullmatch(identity)
    if found is None:
        return identity
    try:
        with told(f"looking at the role {found['role']}"):
            return str(connected.iam.get_role(RoleName=found["role"])["Role"]["Arn"])
    except AwsRefused:  # most roles have no path
        return f"arn:{found['partition']}:iam::{found['account']}:role/{found['role']}"
