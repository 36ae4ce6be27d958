"""What the account has, as far as whoever asks may see it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from mlplatform.ml.errors import MLPlatformError
from mlplatform.resources.aws.clients import Clients, clients
from mlplatform.resources.aws.objects import Objects
from mlplatform.resources.aws.refusals import AwsRefused, told
from mlplatform.resources.aws.settings import REGIONS, SETTINGS, AwsSettings, problems
from mlplatform.resources.doctor import Finding, missing, ok, unknown
from mlplatform.resources.doctor.permissions import permission_findings

_PRIVATE_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<name>[^:@]+)(?:@(?P<digest>sha256:[0-9a-f]{64})|:(?P<tag>[^@]+))?"
)
FOLDER = "doctor"


def account_findings() -> Iterator[Finding]:
    """Everything that can be looked at with the settings that there are."""
    wrong = problems(os.environ)
    for one in wrong:
        yield missing("setting", one, "Set it; docs/sagemaker.md tells what each of them means.")
    if not wrong:
        yield ok("settings", f"{len(SETTINGS)} variables read")
    region = next((os.environ[name] for name in REGIONS if os.environ.get(name)), None)
    if region is None:
        yield unknown("account", "without a region nothing can be asked of AWS")
        return
    spoilt = {one.partition(" ")[0].partition("=")[0] for one in wrong}
    given = {one.variable: os.environ.get(one.variable) or one.default or "" for one in SETTINGS}
    usable = AwsSettings(region, {name: "" if name in spoilt else value for name, value in given.items()})
    connected = clients(region)
    identity = _identity(connected)
    yield identity
    if identity.state != "ok":
        yield unknown("account", "without credentials nothing else can be asked of AWS")
        return
    for look in (_bucket, _key, _image, _role, _alarms):
        yield from _guarded(look, connected, usable)
    yield from permission_findings(connected, usable, identity.said)


Look = Callable[[Clients, AwsSettings], Iterator[Finding]]


def _guarded(look: Look, connected: Clients, settings: AwsSettings) -> Iterator[Finding]:
    """The same findings; what nobody may look at, or the network keeps from us, is unknown."""
    subject = look.__name__.lstrip("_").replace("_", " ")
    try:
        yield from look(connected, settings)
    except (MLPlatformError, OSError) as error:
        yield unknown(subject, str(error), "Look at it with another role, or ask who may.")


def _identity(connected: Clients) -> Finding:
    try:
        with told("asking AWS who this is"):
            found = connected.sts.get_caller_identity()
    except (MLPlatformError, OSError) as error:
        return missing("credentials", str(error), "Set AWS credentials, as for the aws command.")
    return ok("credentials", str(found["Arn"]))


def _bucket(connected: Clients, settings: AwsSettings) -> Iterator[Finding]:
    """Whether what the stores do is allowed: one small object comes and goes."""
    if not settings.bucket:
        return
    objects, name = Objects(FOLDER, settings), uuid4().hex
    where = objects.uri(name)
    try:
        objects.put(name, b"written by mlplatform doctor")
        found = [one.path for one in objects.listed(name)]
        with TemporaryDirectory() as folder:
            objects.fetch(name, Path(folder) / name)
        objects.delete(name)
        absent = objects.written(name) is None  # without s3:ListBucket, S3 denies instead
    except (MLPlatformError, OSError) as error:
        yield missing("bucket", str(error), "Check MLPLATFORM_BUCKET and the S3 permissions of this role.")
        return
    if found != [name] or not absent:
        yield missing("bucket", f"{where} was written, and not listed or not deleted", "Is this S3?")
        return
    yield ok("bucket", f"{settings.uri()}: wrote, listed, read and deleted an object")


def _key(connected: Clients, settings: AwsSettings) -> Iterator[Finding]:
    """Nothing that the platform may do tells whether jobs may use the key."""
    if key := settings["MLPLATFORM_KMS_KEY"]:
        said = f"{key}: whether jobs and endpoints may use it for volumes cannot be looked at from here"
        yield unknown("encryption key", said, "Compare its policy with deploy/iam/execution.json.")


def _image(connected: Clients, settings: AwsSettings) -> Iterator[Finding]:
    image = settings["MLPLATFORM_IMAGE"]
    found = _PRIVATE_IMAGE.fullmatch(image)
    if not image:
        return
    if found is None or found["region"] != connected.region:
        yield unknown("image", f"{image} is in no registry that can be looked at from here")
        return
    which = {"imageDigest": found["digest"]} if found["digest"] else {"imageTag": found["tag"] or "latest"}
    try:
        with told(f"looking at {image}"):
            connected.ecr.describe_images(
                registryId=found["account"], repositoryName=found["name"], imageIds=[which]
            )
    except AwsRefused as error:
        if error.code not in ("ImageNotFoundException", "RepositoryNotFoundException"):
            raise
        yield missing("image", str(error), "Build and push it: deploy/README.md.")
        return
    yield ok("image", image)


def _role(connected: Clients, settings: AwsSettings) -> Iterator[Finding]:
    arn = settings["MLPLATFORM_EXECUTION_ROLE"]
    if not arn:
        return
    try:
        with told(f"looking at {arn}"):
            found = connected.iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except AwsRefused as error:
        if error.code != "NoSuchEntity":
            raise
        yield missing("execution role", str(error), "Create it: deploy/iam/execution.json.")
        return
    if "sagemaker.amazonaws.com" in _trusted(found["AssumeRolePolicyDocument"]):
        yield ok("execution role", arn)
    else:
        way_out = "Let sagemaker.amazonaws.com assume it: deploy/iam/execution-trust.json."
        yield missing("execution role", f"{arn} does not trust SageMaker", way_out)


def _trusted(document: Any) -> set[str]:
    services: set[str] = set()
    for statement in document.get("Statement", []):
        principal = statement.get("Principal", {})
        named = principal.get("Service", []) if isinstance(principal, dict) else []
        services |= {named} if isinstance(named, str) else set(named)
    return services


def _alarms(connected: Clients, settings: AwsSettings) -> Iterator[Finding]:
    wanted = settings.several("MLPLATFORM_ALARMS")
    if not wanted:
        said = "MLPLATFORM_ALARMS names none: only containers that do not start take an update back"
        yield unknown("alarms", said, "Name CloudWatch alarms on the endpoint's errors and latency.")
        return
    with told("looking at the alarms"):
        found = connected.cloudwatch.describe_alarms(AlarmNames=list(wanted))
    there = {one["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for one in found.get(kind, ())}
    lacking = [one for one in wanted if one not in there]
    if lacking:
        yield missing(
            "alarms", f"not there: {', '.join(lacking)}", "Create them, or change MLPLATFORM_ALARMS."
        )
    else:
        yield ok("alarms", ", ".join(wanted))
