"""What IAM is asked about: each action on a resource as the policies name it.

Asked about an action on every resource ("*"), IAM denies what a policy allows on some. So each is asked about
on one that the platform could have made, named `<MLPLATFORM_NAME>-doctor`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mlplatform.resources.aws.settings import AwsSettings

HAND_OVER = "iam:PassRole"
LOGS = ("logs:DescribeLogStreams", "logs:GetLogEvents")
_EVERYTHING = "*"
# The first that fits decides: names of actions contain each other.
_RESOURCES = (
    (r"List(?!Tags)|Query", _EVERYTHING),
    (r"TrainingJob|Tags", "training-job/{name}"),
    (r"ProcessingJob", "processing-job/{name}"),
    (r"EndpointConfig", "endpoint-config/{name}"),
    (r"Endpoint", "endpoint/{name}"),
    (r"ModelPackageGroup", "model-package-group/{name}"),
    (r"ModelPackage", "model-package/{name}/1"),
    (r"Model", "model/{name}"),
    (r"Artifact|Association", "artifact/{name}"),
    (r"Action", "action/{name}"),
    (r"Context", "context/{name}"),
)
_ACCOUNT = re.compile(r"arn:(?P<partition>aws[a-z-]*):\w+::(?P<account>\d{12}):.+")


def by_resource(
    actions: Iterable[str], principal: str, region: str, settings: AwsSettings
) -> dict[str, list[str]]:
    """Actions by the ARN that each is asked about. `principal` is the ARN of who is asked about."""
    found: dict[str, list[str]] = {}
    for action in actions:
        found.setdefault(resource_of(action, principal, region, settings), []).append(action)
    return found


def resource_of(action: str, principal: str, region: str, settings: AwsSettings) -> str:
    """The ARN; "*" for actions that know no resources, and for a principal that is in no account."""
    owner = _ACCOUNT.fullmatch(principal)
    if owner is None:
        return _EVERYTHING
    if action == HAND_OVER:
        return settings["MLPLATFORM_EXECUTION_ROLE"] or _EVERYTHING
    at = f"{region}:{owner['account']}"
    if action in LOGS:
        return f"arn:{owner['partition']}:logs:{at}:log-group:/aws/sagemaker/TrainingJobs:log-stream:doctor"
    verb = action.partition(":")[2]
    resource = next(resource for names, resource in _RESOURCES if re.search(names, verb))
    if resource == _EVERYTHING:
        return resource
    name = f"{settings['MLPLATFORM_NAME'] or 'mlplatform'}-doctor"
    return f"arn:{owner['partition']}:sagemaker:{at}:{resource.format(name=name)}"
